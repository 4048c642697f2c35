import Foundation
import Testing

/// One container under a shim, driven over the shim's socket as a daemon does.
final class ShimFixture {
    let container: RuntimeFixture
    let folder: String
    /// What the shim told its starter.
    private(set) var report: Document = .null
    var id: String { container.id }
    var log: String { folder + "/log" }

    /// Makes a container whose process is a shell with `script`. Follow it with `defer { shim.finish() }`.
    init(_ script: String) throws {
        container = try RuntimeFixture(script)
        folder = try makeTemporaryFolder("shim")
    }

    /// Writes bundle and settings, and starts the shim.
    func start(terminal: Bool = false, input: Bool = false, log: Document = [:], linger: Int = 1) throws {
        container.config["process"]["terminal"] = .boolean(terminal)
        try container.bundle.write()
        var settings: Document = [
            "version": 1, "runtime": .string(Machine.runtime), "runtimeRoot": .string(container.state),
            "runtimeArguments": [], "lingerSeconds": .integer(linger),
        ]
        settings["container"] = [
            "id": .string(id), "bundle": .string(container.bundle.folder), "terminal": .boolean(terminal),
            "input": .boolean(input),
        ]
        settings["container"]["log"] = ["driver": "json-file", "path": .string(self.log), "maximumFiles": 1]
        for (key, value) in log.fields { settings["container"]["log"][key] = value }
        try settings.json.write(toFile: folder + "/shim.json", atomically: false, encoding: .utf8)
        let job = try Job([Machine.shim, folder])
        try #require(eventually { (Document(json: job.output) ?? .null) != .null }, "\(job.errors)")
        report = Document(json: job.output) ?? .null
        try #require(job.wait().code == 0)
    }

    func connect() throws -> ShimConnection { try ShimConnection(folder + "/shim.sock") }

    /// The shim's pid, as long as it lives.
    var pid: pid_t? {
        guard let pid = readTrimmed(folder + "/shim.pid")?.split(separator: " ").first.flatMap({ pid_t($0) }),
            kill(pid, 0) == 0
        else { return nil }
        return pid
    }

    /// The record of the container's end.
    var exit: Document { readText("\(folder)/\(id).exit.json").flatMap { Document(json: $0) } ?? .null }

    /// The texts in the log of a stream.
    func logged(_ stream: String = "stdout", file: String = "") -> String {
        (readText(log + file) ?? "").split(separator: "\n").compactMap { Document(json: String($0)) }
            .filter { $0["stream"].text == stream }.compactMap { $0["log"].text }.joined()
    }

    /// Ends what is left, and checks that nothing stays: no process, mount, cgroup, socket.
    func finish(at location: SourceLocation = #_sourceLocation) {
        _ = try? container.call(["delete", "--force", id])
        #expect(eventually(within: 10) { pid == nil }, "the shim stays", sourceLocation: location)
        let left = Residue.left(marks: [folder], folders: [])
        #expect(left.isEmpty, "left behind: \(left)", sourceLocation: location)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let strange = names.filter { !$0.hasPrefix(id) && !$0.hasPrefix("log") && $0 != "shim.json" }
        #expect(strange.isEmpty, "files left: \(strange)", sourceLocation: location)
        container.finish(at: location)
        try? FileManager.default.removeItem(atPath: folder)
    }
}

/// A client of a shim: frames of one byte kind, four bytes length, payload.
final class ShimConnection {
    /// What came up to a process's end.
    struct Conversation {
        var output = ""
        var errors = ""
        var outputEnded = false
        var exit = Document.null
        /// The connection ended before the process did.
        var wasDropped = false
    }

    private let socket: Int32
    private var bytes: [UInt8] = []
    private var waiting: [(kind: UInt8, payload: [UInt8])] = []
    private var lastID = 0

    init(_ path: String) throws {
        socket = Foundation.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un(sun_family: sa_family_t(AF_UNIX), sun_path: sockaddr_un().sun_path)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            let code = errno
            close(socket)
            throw HarnessError("connect \(path): \(code)")
        }
        // A shim that answers nothing fails the test in place of keeping it.
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(socket) }

    func send(_ kind: UInt8, _ payload: [UInt8] = []) {
        let count = UInt32(payload.count)
        let frame = [kind] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) } + payload
        var rest = frame[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { Foundation.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if sent <= 0 { return }
            rest = rest.dropFirst(sent)
        }
    }

    func type(_ text: String) { send(4, Array(text.utf8)) }
    func endInput() { send(5) }

    private func frame() -> (kind: UInt8, payload: [UInt8])? {
        while true {
            if bytes.count >= 5 {
                let count = bytes[1..<5].reduce(0) { $0 << 8 | Int($1) }
                if bytes.count >= 5 + count {
                    defer { bytes.removeFirst(5 + count) }
                    return (bytes[0], Array(bytes[5..<5 + count]))
                }
            }
            var buffer = [UInt8](repeating: 0, count: 65536)
            let count = read(socket, &buffer, buffer.count)
            if count <= 0 { return nil }
            bytes += buffer[..<count]
        }
    }

    /// Asks and waits for the reply.
    @discardableResult
    func call(_ verb: String, _ members: Document) throws -> Document {
        lastID += 1
        var request = members
        request["id"] = .integer(lastID)
        request["verb"] = .string(verb)
        send(1, Array(request.json.utf8))
        while let frame = frame() {
            guard frame.kind == 2, let reply = Document(json: String(decoding: frame.payload, as: UTF8.self)),
                reply["id"].number == lastID
            else {
                waiting.append(frame)
                continue
            }
            return reply
        }
        throw HarnessError("\(verb): no reply")
    }

    /// Asks, and fails the test where the shim refuses.
    @discardableResult
    func ask(_ verb: String, _ members: Document, at location: SourceLocation = #_sourceLocation) throws -> Document {
        let reply = try call(verb, members)
        try #require(reply["error"] == .null, "\(verb): \(reply)", sourceLocation: location)
        return reply
    }

    /// Reads up to the end of the attached process.
    func converse(until enough: (Conversation) -> Bool = { _ in false }) -> Conversation {
        var result = Conversation()
        while !enough(result) {
            guard let next = waiting.isEmpty ? frame() : waiting.removeFirst() else {
                result.wasDropped = true
                return result
            }
            let text = String(decoding: next.payload, as: UTF8.self)
            switch next.kind {
            case 6: result.output += text
            case 7: result.errors += text
            case 8: result.outputEnded = true
            case 3:
                let event = Document(json: text) ?? .null
                if event["event"].text == "exited" {
                    result.exit = event
                    return result
                }
            default: break
            }
        }
        return result
    }
}
