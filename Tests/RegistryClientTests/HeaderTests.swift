import NIOHTTP1
import Support
import Testing

@testable import RegistryClient

@Suite struct HeaderTests {
    @Test func challenges() throws {
        let hub = try #require(
            Challenge(#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="a:b,c \" d""#))
        #expect(hub.scheme == "bearer")
        #expect(hub.parameters["realm"] == "https://auth.docker.io/token")
        #expect(hub.parameters["scope"] == "a:b,c \" d")
        #expect(Challenge("Basic realm=x")?.parameters == ["realm": "x"])
        #expect(Challenge("Basic")?.scheme == "basic")
        #expect(Challenge("") == nil)
        #expect(Challenge(#"Bearer realm="open"#) == nil)
    }

    @Test func base64() throws {
        for text in ["", "a", "ab", "abc", "user:pässword"] {
            #expect(Base64.decode(Base64.encode(text)) == Array(text.utf8))
        }
        #expect(Base64.encode("user:pass") == "dXNlcjpwYXNz")
        #expect(Base64.decode("a*b") == nil)
    }

    @Test func addresses() throws {
        let base = try #require(Address("https://Host.example:443/v2/x"))
        #expect(base.port == 443 && base.target == "/v2/x")
        #expect(Address("/blob?x=1", relativeTo: base)?.description == "https://Host.example:443/blob?x=1")
        #expect(Address("//cdn.example/a", relativeTo: base)?.description == "https://cdn.example/a")
        #expect(Address("http://[::1]:5000/a")?.host == "::1")
        #expect(try #require(Address("https://host.example/y")).hasOrigin(of: base))
        #expect(try !#require(Address("http://host.example:443/y")).hasOrigin(of: base))
        #expect(try !#require(Address("https://host.example:444/y")).hasOrigin(of: base))
        for bad in [
            "", "ftp://a/b", "https://", "https://u:p@h/x", "x", "https://a b/", "file:///etc/passwd",
            "http://a\r\nX: y/",
        ] {
            #expect(Address(bad) == nil, "\(bad)")
        }
    }

    @Test func proxies() throws {
        let settings = ProxySettings(environment: [
            "https_proxy": "http://me:p%40ss@proxy.example:3128/", "HTTP_PROXY": "plain.example:8080",
            "NO_PROXY": "internal.example,.corp.example, 10.0.0.1:5000",
        ])
        let proxy = try #require(try settings.proxy(isSecure: true, host: "quay.io", port: 443))
        #expect(proxy.host == "proxy.example" && proxy.port == 3128)
        #expect(proxy.credential == RegistryCredential(user: "me", password: "p@ss"))
        #expect(try settings.proxy(isSecure: false, host: "quay.io", port: 80)?.host == "plain.example")
        for host in ["internal.example", "a.internal.example", "x.corp.example", "localhost", "127.0.0.1", "::1"] {
            #expect(try settings.proxy(isSecure: true, host: host, port: 443) == nil, "\(host)")
        }
        #expect(try settings.proxy(isSecure: true, host: "10.0.0.1", port: 5000) == nil)
        #expect(try settings.proxy(isSecure: true, host: "10.0.0.1", port: 443) != nil)
        #expect(try settings.proxy(isSecure: true, host: "notinternal.example", port: 443) != nil)
        #expect(ProxySettings(environment: ["REQUEST_METHOD": "GET", "HTTP_PROXY": "http://x"]).http == nil)
        #expect(
            try ProxySettings(environment: ["no_proxy": "*", "HTTPS_PROXY": "http://x:1"])
                .proxy(isSecure: true, host: "a", port: 1) == nil)
    }

    @Test func answersAreSanitised() throws {
        let body = Array(#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest \u001b[31munknown"}]}"#.utf8)
        let answer = RegistryAnswer(status: 404, headers: [:], body: body, registry: "r.example")
        let failure = try #require(answer.failure(.init(loginName: "r.example")) as? RuntimeError)
        #expect(failure.code == .notFound)
        #expect(failure.description == "registry r.example: manifest  [31munknown (404)")
        #expect(escaped("repository:a/b c:pull") == "repository:a/b%20c:pull")
    }

    @Test func limitsAreExplained() throws {
        let headers: HTTPHeaders = [
            "Retry-After": "30", "RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": "0;w=21600",
        ]
        let answer = RegistryAnswer(status: 429, headers: headers, body: [], registry: "r")
        let limited = try #require(answer.failure(.init(loginName: "docker.io")) as? RegistryFailure)
        #expect(limited.retryAfter == 30)
        #expect(limited.error.code == .resourceExhausted)
        let text = limited.error.description
        #expect(text.contains("100 in 6 h, of which 0 are left"), "\(text)")
        #expect(text.contains("try again in 30 s or log in (\"hako login docker.io\")"), "\(text)")
        let dated = RegistryAnswer(
            status: 503, headers: ["Retry-After": "Wed, 21 Oct 2099 07:28:00 GMT"], body: [], registry: "r")
        #expect(try #require(dated.retryAfter) > 1e8)
        #expect(HTTPDate.seconds("Wed, 21 Oct 2015 07:28:00 GMT") == 1_445_412_480)
        #expect(HTTPDate.seconds("Wed, 99 Oct 2015 07:28:00 GMT") == nil)
        #expect(RegistryAnswer(status: 503, headers: ["Retry-After": "-3"], body: [], registry: "r").retryAfter == nil)
    }

    @Test func tokenAnswers() throws {
        #expect(throws: RuntimeError.self) { _ = try TokenDocument(Array(#"{"token":"a\r\nb"}"#.utf8), "t") }
        #expect(throws: RuntimeError.self) { _ = try TokenDocument(Array("{}".utf8), "t") }
        let token = try TokenDocument(
            Array(#"{"token":"","access_token":"abc","expires_in":300,"refresh_token":"again"}"#.utf8), "t")
        #expect(token.token == "abc" && token.lifetime == 300 && token.refreshToken == "again")
        #expect(try TokenDocument(Array(#"{"token":"abc"}"#.utf8), "t").lifetime == 60)
    }

    @Test func proxyVariants() throws {
        let networks = ProxySettings(environment: [
            "all_proxy": "socks5://127.0.0.1:1080", "no_proxy": "10.0.0.0/8,fd00::/8,192.168.1.7,[2001:db8::1]:443",
        ])
        let proxy = try #require(try networks.proxy(isSecure: true, host: "quay.io", port: 443))
        #expect(proxy.kind == .socks && proxy.port == 1080)
        for host in ["10.1.2.3", "fd00::17", "192.168.1.7", "2001:db8:0::1"] {
            #expect(try networks.proxy(isSecure: true, host: host, port: 443) == nil, "\(host)")
        }
        for host in ["11.1.2.3", "fe80::17", "192.168.1.70", "10.example"] {
            #expect(try networks.proxy(isSecure: true, host: host, port: 443) != nil, "\(host)")
        }
        let other = ProxySettings(environment: ["HTTPS_PROXY": "https://proxy:3128", "NO_PROXY": "a.example"])
        #expect(try other.proxy(isSecure: true, host: "a.example", port: 443) == nil)
        #expect(throws: RuntimeError.self) { _ = try other.proxy(isSecure: true, host: "b.example", port: 443) }
        #expect(try other.proxy(isSecure: false, host: "b.example", port: 80) == nil)
        let upper = ProxySettings(environment: ["HTTPS_PROXY": "", "https_proxy": "x.example:1"])
        #expect(try upper.proxy(isSecure: true, host: "b.example", port: 443)?.host == "x.example")
    }
}
