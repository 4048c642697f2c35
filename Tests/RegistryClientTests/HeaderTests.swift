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
        let proxy = try #require(settings.proxy(isSecure: true, host: "quay.io", port: 443))
        #expect(proxy.host == "proxy.example" && proxy.port == 3128)
        #expect(proxy.credential == RegistryCredential(user: "me", password: "p@ss"))
        #expect(settings.proxy(isSecure: false, host: "quay.io", port: 80)?.host == "plain.example")
        for host in ["internal.example", "a.internal.example", "x.corp.example", "localhost", "127.0.0.1", "::1"] {
            #expect(settings.proxy(isSecure: true, host: host, port: 443) == nil, "\(host)")
        }
        #expect(settings.proxy(isSecure: true, host: "10.0.0.1", port: 5000) == nil)
        #expect(settings.proxy(isSecure: true, host: "10.0.0.1", port: 443) != nil)
        #expect(settings.proxy(isSecure: true, host: "notinternal.example", port: 443) != nil)
        #expect(ProxySettings(environment: ["REQUEST_METHOD": "GET", "HTTP_PROXY": "http://x"]).http == nil)
        #expect(
            ProxySettings(environment: ["no_proxy": "*", "HTTPS_PROXY": "http://x:1"])
                .proxy(isSecure: true, host: "a", port: 1) == nil)
    }

    @Test func dockerLogins() throws {
        let text = #"""
            {"auths":{"https://index.docker.io/v1/":{"auth":"dXNlcjpwYXNz"},"127.0.0.1:5000":{"username":"a","password":"b"},
            "empty.example":{}},"credsStore":"x","HttpHeaders":{"a":"b"}}
            """#
        let logins = try DockerCredentials.parse(Array(text.utf8), shown: "x")
        #expect(logins["docker.io"] == RegistryCredential(user: "user", password: "pass"))
        #expect(logins["127.0.0.1:5000"]?.password == "b")
        #expect(logins["empty.example"] == nil)
        #expect(try DockerCredentials(path: "/nonexistent/config.json").credential(for: "docker.io") == nil)
        let error = try #require(throws: RuntimeError.self) {
            _ = try DockerCredentials.parse(Array(#"{"auths":{"h":{"auth":"%%"}}}"#.utf8), shown: "f")
        }
        #expect(error.description.contains("auths.h.auth"))
    }

    @Test func answersAreSanitised() throws {
        let body = Array(#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest \u001b[31munknown"}]}"#.utf8)
        let failure = try #require(statusFailure(404, "r.example", body, retryAfter: nil) as? RuntimeError)
        #expect(failure.code == .notFound)
        #expect(failure.description == "registry r.example: manifest  [31munknown (404)")
        let limited = try #require(statusFailure(429, "r", [], retryAfter: "30") as? RegistryFailure)
        #expect(limited.retryAfter == 30)
        #expect(limited.error.description.contains("in 30 s"))
        #expect(escaped("repository:a/b c:pull") == "repository:a/b%20c:pull")
        #expect(throws: RuntimeError.self) { _ = try parseToken(Array(#"{"token":"a\r\nb"}"#.utf8), "t") }
        #expect(try parseToken(Array(#"{"access_token":"abc","expires_in":300}"#.utf8), "t") == "abc")
    }
}
