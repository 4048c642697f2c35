import CLinux
import Glibc
import JSON
import Linux
import Support
import Testing

@testable import DockerAPI

/// A server over routes of a test's own, on a socket in a folder of its own, and plain sockets as clients.
private final class Fixture {
    let folder: String
    let path: String
    let server: HTTPServer

    init(_ limits: ServerLimits, _ routes: [Route]) throws {
        var template = Array("/tmp/hako-docker-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        path = folder + "/sock"
        let router = Router(routes: routes, log: { _ in })
        server = HTTPServer(limits: limits) { router.serve($0) }
        try server.listen(path: path, mode: 0o600, gid: nil)
    }

    deinit {
        server.shutdown()
        try? removeTree(folder)
    }

    func connect() throws -> Descriptor {
        let socket = Descriptor(owning: try check("connect", path) { cl_unix_connect(path) })
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(socket.rawValue, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        return socket
    }

    /// Everything that comes until the server closes.
    func exchange(_ text: String) throws -> String {
        let socket = try connect()
        try socket.writeAll(Array(text.utf8)[...])
        return try Self.rest(of: socket)
    }

    /// What comes until the end; a server that closes while something of ours is unread resets what is behind its answer.
    static func rest(of socket: borrowing Descriptor) throws -> String {
        var all: [UInt8] = []
        do throws(SystemCallError) {
            while case let part = try socket.readSome(65536), !part.isEmpty { all += part }
        } catch {
            if error.errno != ECONNRESET { throw error }
        }
        return String(decoding: all, as: UTF8.self)
    }
}

private let routes = [
    Route("GET", "/hello") { call in try call.reply(.members([("version", .string(call.version.description))])) },
    Route("POST", "/echo") { call in
        try call.exchange.respond(200, type: "text/plain", try call.exchange.document())
    },
    Route("GET", "/stream") { call in
        try call.exchange.begin(type: "text/plain")
        for word in ["one", "two"] { try call.exchange.write(Array(word.utf8)) }
    },
    Route("POST", "/raw") { call in
        let connection = try call.exchange.hijack(multiplexed: false)
        defer { connection.close() }
        var all: [UInt8] = []
        while let part = try connection.input.next() { all += part }
        try connection.write(Array("got \(String(decoding: all, as: UTF8.self))".utf8))
    },
    Route("GET", "/fails") { _ in throw RuntimeError(.notFound, "no such thing") },
]

@Suite(.serialized, .timeLimit(.minutes(2))) struct ServerTests {
    @Test func `requests are answered one after the other on a connection`() throws {
        let fixture = try Fixture(ServerLimits(), routes)
        let socket = try fixture.connect()
        for version in ["1.30", "1.51"] {
            try socket.writeAll(Array("GET /v\(version)/hello HTTP/1.1\r\nHost: x\r\n\r\n".utf8)[...])
            let answer = String(decoding: try socket.readSome(65536), as: UTF8.self)
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.contains("Api-Version: 1.51\r\n"))
            #expect(answer.contains(#"{"version":"\#(version)"}"#))
        }
    }

    @Test func `failures have a message and a status`() throws {
        let fixture = try Fixture(ServerLimits(), routes)
        let close = "Connection: close\r\n\r\n"
        let missing = try fixture.exchange("GET /fails HTTP/1.1\r\n\(close)")
        #expect(missing.hasPrefix("HTTP/1.1 404 Not Found\r\n"))
        #expect(missing.hasSuffix(#"{"message":"no such thing"}"#))
        #expect(try fixture.exchange("GET /v1.23/hello HTTP/1.1\r\n\(close)").contains("too old"))
        #expect(try fixture.exchange("GET /v1.99/hello HTTP/1.1\r\n\(close)").contains("too new"))
        #expect(try fixture.exchange("GET /other HTTP/1.1\r\n\(close)").contains("page not found"))
    }

    @Test func `bodies in parts are read, and answers in parts written`() throws {
        let fixture = try Fixture(ServerLimits(), routes)
        let echo = try fixture.exchange(
            "POST /echo HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        )
        #expect(echo.hasSuffix("\r\n\r\nabcde"))
        let stream = try fixture.exchange("GET /stream HTTP/1.1\r\nConnection: close\r\n\r\n")
        #expect(stream.hasSuffix("3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"))
        let head = try fixture.exchange("HEAD /stream HTTP/1.1\r\nConnection: close\r\n\r\n")
        #expect(head.hasSuffix("\r\n\r\n"))
        let old = try fixture.exchange("GET /stream HTTP/1.0\r\n\r\n")
        #expect(old.hasSuffix("\r\n\r\nonetwo"))
    }

    @Test func `a raw stream has its early bytes and its early end`() throws {
        let fixture = try Fixture(ServerLimits(), routes)
        let socket = try fixture.connect()
        let request = "POST /raw HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n"
        try socket.writeAll(Array("\(request)early".utf8)[...])
        shutdown(socket.rawValue, Int32(SHUT_WR))
        let answer = String(decoding: try socket.readAll(limit: 1 << 20), as: UTF8.self)
        #expect(answer.hasPrefix("HTTP/1.1 101 UPGRADED\r\n"))
        #expect(answer.hasSuffix("\r\n\r\ngot early"), "\(answer)")
    }

    @Test(arguments: [
        "\u{16}\u{3}\u{1}garbage\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "POST /echo HTTP/1.1\r\nContent-Length: x\r\n\r\n", "POST /echo HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "GET /%zz HTTP/1.1\r\n\r\n", "GET http://[ HTTP/1.1\r\n\r\n",
        "POST /echo HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ])
    func `a malformed request ends its connection and nothing else`(text: String) throws {
        let fixture = try Fixture(ServerLimits(), routes)
        let answer = try fixture.exchange(text)
        #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 4"), "\(answer)")
        #expect(try fixture.exchange("GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n").contains("200 OK"))
    }

    @Test func `heads and documents have a bound`() throws {
        var limits = ServerLimits()
        limits.headBytes = 4096
        limits.documentBytes = 1000
        let fixture = try Fixture(limits, routes)
        let long = String(repeating: "x", count: 20_000)
        let head = try fixture.exchange("GET /hello HTTP/1.1\r\nLong: \(long)\r\n\r\n")
        #expect(head.isEmpty || head.hasPrefix("HTTP/1.1 4"), "\(head)")
        let body = String(repeating: "x", count: 2000)
        let document = try fixture.exchange(
            "POST /echo HTTP/1.1\r\nConnection: close\r\nContent-Length: 2000\r\n\r\n\(body)")
        #expect(document.hasPrefix("HTTP/1.1 413 "), "\(document)")
    }

    @Test func `a client that is slow with its request is let go`() throws {
        var limits = ServerLimits()
        limits.requestSeconds = 1
        let fixture = try Fixture(limits, routes)
        #expect(try fixture.exchange("GET /hello HT").isEmpty)
        #expect(try !fixture.exchange("POST /echo HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc").contains("200 OK"))
    }

    @Test func `connections have a bound, and one that closes makes room`() throws {
        var limits = ServerLimits()
        limits.connections = 2
        let fixture = try Fixture(limits, routes)
        let request = "GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n"
        do {
            let first = try fixture.connect()
            let second = try fixture.connect()
            #expect(try fixture.exchange(request).hasPrefix("HTTP/1.1 503 "))
            for socket in [first.rawValue, second.rawValue] { shutdown(socket, Int32(SHUT_RDWR)) }
        }
        var answer = ""
        for _ in 0..<200 where !answer.contains("200 OK") {
            usleep(10_000)
            answer = (try? fixture.exchange(request)) ?? ""
        }
        #expect(answer.contains("200 OK"))
    }

    @Test func `whoever serves learns that the client has gone`() throws {
        let left = Monitor(false)
        let waits = Route("GET", "/waits") { call in
            try call.exchange.begin(type: "text/plain")
            let gone = Monitor(false)
            call.exchange.onClose { gone.update { $0 = true } }
            gone.wait { $0 ? .done(()) : .notYet }
            left.update { $0 = true }
        }
        let fixture = try Fixture(ServerLimits(), [waits])
        do {
            let socket = try fixture.connect()
            try socket.writeAll(Array("GET /waits HTTP/1.1\r\n\r\n".utf8)[...])
            #expect(try !socket.readSome(65536).isEmpty)
        }
        for _ in 0..<500 where !left.update({ $0 }) { usleep(10_000) }
        #expect(left.update { $0 })
    }
}
