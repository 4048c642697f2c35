internal import CLinux
internal import Glibc
public import Linux
internal import Support

/// CRIU, the program that dumps and restores processes (criu.org): started as `criu swrk`, which serves one connection.
///
/// For single-threaded programs only: criu is started by fork and exec. It needs root.
public struct CRIU {
    private let path: String

    /// Finds `criu` in the caller's PATH.
    ///
    /// - Throws: ``RuntimeError`` `unsupported` where it is not installed.
    public init() throws {
        let search = getenv("PATH").map { String(cString: $0) } ?? "/usr/sbin:/usr/bin:/sbin:/bin"
        let folders = search.split(separator: ":").filter { $0.hasPrefix("/") }
        guard let path = folders.map({ folder in "\(folder)/criu" as String }).first(where: { access($0, X_OK) == 0 })
        else {
            throw RuntimeError(.unsupported, "criu: not found in $PATH; checkpoint and restore need it installed")
        }
        self.path = path
    }

    /// What criu tells on the way: a place in its work, the first process there, perhaps a descriptor.
    public struct Notice {
        /// The place, such as `post-restore` (criu(8), --action-script).
        public var script: String
        /// The process, as criu sees it.
        public var pid: Int32
        /// What came along: the terminal of `orphan-pts-master`.
        public var descriptor: SharedDescriptor?
    }

    /// Has criu perform a request.
    ///
    /// - Parameters:
    ///   - cgroup: the version 2 folder that criu is born in; -1 for this process's.
    ///   - prepare: runs in criu's process before criu does.
    ///   - notice: runs in this process, while criu waits; an error makes criu give up.
    /// - Throws: what `prepare` or `notice` threw, or why criu failed, with its log's name.
    public func perform(
        _ request: CRIURequest, cgroup: Int32 = -1, prepare: () throws -> Void = {},
        notice: (Notice) throws -> Void = { _ in }
    ) throws {
        try checkFeatures(request)
        let kept = request.inherited.map(\.descriptor)
        let server = try Server(path, keeping: kept, cgroup: cgroup, prepare: prepare)
        defer { server.end() }
        try server.send(request.message())
        var failure: (any Error)?
        while true {
            let (bytes, descriptor) = try server.receive()
            let answer = try CRIUAnswer(bytes)
            guard answer.kind == CRIUAnswer.notice else {
                if let failure { throw failure }
                if answer.succeeded { return }
                throw refusal(answer, request)
            }
            do {
                try notice(Notice(script: answer.script, pid: answer.pid, descriptor: descriptor))
            } catch {
                failure = failure ?? error
            }
            var reply = MessageWriter()
            reply.number(1, CRIUAnswer.notice)
            reply.number(3, failure == nil ? 1 : 0)
            try server.send(reply.bytes)
        }
    }

    private func refusal(_ answer: CRIUAnswer, _ request: CRIURequest) -> RuntimeError {
        let number = answer.errorNumber == 0 ? "" : ": \(SystemCallError("", errno: answer.errorNumber).reason)"
        let text = lastError(of: request).map { ": \($0)" } ?? ""
        return RuntimeError(.internal, "criu failed\(number)\(text) (its log is \(request.logFile) in the work folder)")
    }

    /// The line of the log that tells most; criu's first error is often one that stops nothing.
    private func lastError(of request: CRIURequest) -> String? {
        let folder = (request.work ?? request.images).rawValue
        let log = try? readFile("/proc/self/fd/\(folder)/\(request.logFile)", limit: 64 << 20)
        let lines = String(decoding: log ?? [], as: UTF8.self).split(separator: "\n")
        let line = lines.last { $0.contains("Error (") && !$0.contains(" FAILED") && !$0.contains("cgroupd") }
        return line.map { String($0.drop { $0 != "E" }) }
    }

    /// What this kernel lacks shows only late and in criu's log; the two features that are asked for are asked about.
    private func checkFeatures(_ request: CRIURequest) throws {
        guard request.tracksMemory || request.isLazy else { return }
        let featureCheck = 9
        var question = MessageWriter()
        question.number(1, featureCheck)
        question.message(5) { features in
            features.flag(1, request.tracksMemory)
            features.flag(2, request.isLazy)
        }
        let server = try Server(path, keeping: [])
        defer { server.end() }
        try server.send(question.bytes)
        let answer = try CRIUAnswer(server.receive().bytes)
        if request.isLazy && !answer.isLazy {
            throw RuntimeError(.unsupported, "option --lazy-pages: criu can't do it on this kernel")
        }
        if request.tracksMemory && !answer.tracksMemory {
            throw RuntimeError(
                .unsupported, "options --pre-dump and --parent-path: criu can't track memory on this kernel")
        }
    }
}
