import Glibc
import Linux
import RegistryClient
import Support
import Synchronization

/// A request as the faulty server saw it.
struct SeenRequest: Sendable {
    let method: String
    let path: String
    let headers: [String: String]
    /// As much of the body as the test's server was told to read.
    let body: [UInt8]
}

extension RegistryOptions {
    /// Options for tests that are not about time: all cores may be busy with other tests for minutes.
    static var patient: RegistryOptions {
        var options = RegistryOptions()
        options.connectTimeout = 600
        options.idleTimeout = 600
        options.documentTimeout = 600
        options.mirrorRest = 3600
        return options
    }
}

/// A registry on loopback that answers as a test wants, over plain sockets: one thread for each connection.
final class FaultyServer: Sendable {
    /// Writes an answer by hand; the connection is closed afterwards.
    typealias Answer = @Sendable (SeenRequest, Connection) -> Void

    /// One accepted connection.
    final class Connection: Sendable {
        fileprivate let socket: Int32
        fileprivate init(_ socket: Int32) { self.socket = socket }

        /// Sends bytes; false where the client is gone.
        @discardableResult
        func send(_ bytes: [UInt8]) -> Bool {
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes {
                    Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if count <= 0 { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }

        /// Sends a head and a body with its length.
        func reply(_ status: String, _ body: [UInt8] = [], _ headers: [String] = []) {
            head(status, headers + ["Content-Length: \(body.count)"])
            send(body)
        }

        /// Sends a head.
        func head(_ status: String, _ headers: [String]) {
            send(
                Array(
                    (["HTTP/1.1 \(status)"] + headers + ["Connection: close", "", ""]).joined(separator: "\r\n").utf8))
        }
    }

    let port: Int
    private let listener: Int32
    private let answer: Answer
    private let bodyLimit: Int
    private let log = Mutex<[SeenRequest]>([])

    /// Listens on a free port of loopback.
    ///
    /// - Parameter reading: how many bytes of a request's body are read; the connection is answered then.
    init(reading bodyLimit: Int = .max, _ answer: @escaping Answer) throws {
        self.answer = answer
        self.bodyLimit = bodyLimit
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let fd = listener
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        var length = size
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                bind(fd, name, size) == 0 && listen(fd, 64) == 0 && getsockname(fd, name, &length) == 0
            }
        }
        guard bound else { throw SystemCallError("bind", errno: errno) }
        port = Int(UInt16(bigEndian: address.sin_port))
        start { [self] in
            while true {
                let accepted = accept(fd, nil, nil)
                if accepted < 0 { return }
                start { [self] in serve(accepted) }
            }
        }
    }

    /// What was asked so far.
    var requests: [SeenRequest] { log.withLock { $0 } }

    /// Stops listening.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private func serve(_ socket: Int32) {
        defer { close(socket) }
        answerNext(on: socket)
    }

    private func answerNext(on socket: Int32) {
        var bytes: [UInt8] = []
        while !bytes.suffix(4).elementsEqual([13, 10, 13, 10]) {
            var byte: UInt8 = 0
            if recv(socket, &byte, 1, 0) != 1 || bytes.count > 65536 { return }
            bytes.append(byte)
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { headers[parts[0].lowercased()] = parts[1].drop { $0 == " " }.description }
        }
        let words = lines.first?.split(separator: " ") ?? []
        let request = SeenRequest(
            method: String(words.first ?? ""), path: words.count > 1 ? String(words[1]) : "", headers: headers,
            body: body(of: socket, min(headers["content-length"].flatMap { Int($0) } ?? 0, bodyLimit)))
        log.withLock { $0.append(request) }
        let connection = Connection(socket)
        guard request.method == "CONNECT" else { return answer(request, connection) }
        // A proxy's tunnel, with ourselves at its other end.
        connection.send(Array("HTTP/1.1 200 OK\r\n\r\n".utf8))
        answerNext(on: socket)
    }
}

private func body(of socket: Int32, _ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65536)
    while bytes.count < count {
        let got = recv(socket, &part, min(part.count, count - bytes.count), 0)
        if got <= 0 { break }
        bytes += part[..<got]
    }
    return bytes
}

/// Runs a body on a thread of its own.
private func start(_ body: @escaping @Sendable () -> Void) {
    let box = Unmanaged.passRetained(Body(body))
    var thread = pthread_t()
    let code = pthread_create(
        &thread, nil,
        { raw in
            if let raw { Unmanaged<Body>.fromOpaque(raw).takeRetainedValue().body() }
            return nil
        }, box.toOpaque())
    if code == 0 { pthread_detach(thread) } else { box.release() }
}

private final class Body: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
