internal import Glibc
internal import JSON
internal import Linux
internal import ProcessIO
internal import ShimProtocol
internal import Support

/// Calls of the runtime that are under way, and the ends of children that nobody has asked for yet.
final class RuntimeCalls {
    /// One call of the runtime.
    struct Call {
        /// The verb and what follows it.
        var words: [String]
        /// Descriptors that the runtime gets, and passes to the container's process; nil is nothing, or the call's own file.
        var input: Int32?
        var output: Int32?
        var errors: Int32?
    }

    private struct Pending {
        var verb: String
        var files: String
        var completion: (RuntimeError?) -> Void
    }

    private let settings: ShimSettings
    private let folder: ShimFolder
    private let environment: [String]
    private var pending: [Int32: Pending] = [:]
    private var unclaimed: [Int32: ExitStatus] = [:]
    private var count = 0

    init(_ settings: ShimSettings, _ folder: ShimFolder) {
        self.settings = settings
        self.folder = folder
        let variables = (try? readFile("/proc/self/environ", limit: 8 << 20)) ?? []
        environment = variables.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether a call has not come back.
    var areUnderWay: Bool { !pending.isEmpty }

    /// Starts the runtime; `completion` is called when it has ended, with what it said where it failed.
    func start(_ call: Call, _ completion: @escaping (RuntimeError?) -> Void) throws {
        count += 1
        let files = "\(folder.path)/runtime.\(count)"
        let said = try Descriptor.open(files + ".err", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, mode: 0o600)
        var program = ChildProgram(
            path: settings.runtime,
            arguments: settings.runtimeArguments
                + ["--root", settings.runtimeRoot, "--log", files + ".log", "--log-format", "json"] + call.words,
            environment: environment)
        program.input = call.input
        program.output = call.output ?? said.rawValue
        program.error = call.errors ?? said.rawValue
        let pid = try attempt("run the runtime") { try program.spawn() }
        pending[pid] = Pending(verb: call.words.first ?? "", files: files, completion: completion)
    }

    /// Takes the end of a child. Returns whether it was a call of the runtime; otherwise it may be asked for with
    /// ``takeEnd(of:)`` while calls are under way.
    func ended(_ pid: Int32, _ status: ExitStatus) -> Bool {
        guard let call = pending.removeValue(forKey: pid) else {
            if areUnderWay { unclaimed[pid] = status }
            return false
        }
        let error = status == .exited(0) ? nil : failure(call, status)
        for suffix in [".log", ".err"] { unlink(call.files + suffix) }
        call.completion(error)
        if !areUnderWay { unclaimed.removeAll() }
        return true
    }

    /// The end of a process that was seen before its pid was known.
    func takeEnd(of pid: Int32) -> ExitStatus? { unclaimed.removeValue(forKey: pid) }

    private func failure(_ call: Pending, _ status: ExitStatus) -> RuntimeError {
        let name = settings.runtime.split(separator: "/").last.map(String.init) ?? settings.runtime
        let text = Self.lastMessage(call.files + ".log") ?? Self.text(call.files + ".err")
        let reason = text.isEmpty ? "it ended with \(status.code) and said nothing" : text
        return RuntimeError(.internal, "\(name) \(call.verb): \(reason)")
    }

    /// The message of the last line of a log in JSON, as every OCI runtime writes it.
    private static func lastMessage(_ path: String) -> String? {
        guard let bytes = try? readFile(path, limit: 1 << 20) else { return nil }
        for line in bytes.split(separator: UInt8(ascii: "\n")).reversed() {
            if let message = (try? JSONValue(Array(line)))?["msg"]?.text, !message.isEmpty { return message }
        }
        return nil
    }

    private static func text(_ path: String) -> String {
        let bytes = (try? readFile(path, limit: 1 << 20)) ?? []
        let lines = bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        return lines.joined(separator: "; ")
    }
}
