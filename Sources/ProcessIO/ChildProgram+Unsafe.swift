internal import CLinux
internal import Glibc
public import Linux

/// A program to run as a child: what posix_spawn(3) needs, with nothing inherited but the three standard descriptors.
public struct ChildProgram: Sendable {
    /// The file; a name without a slash is not looked up.
    public var path: String
    /// The arguments after the program's name.
    public var arguments: [String]
    /// `NAME=VALUE`.
    public var environment: [String]
    /// Descriptors that become 0, 1 and 2; nil is /dev/null.
    public var input: Int32?
    /// See ``input``.
    public var output: Int32?
    /// See ``input``.
    public var error: Int32?

    /// A program without input and output.
    public init(path: String, arguments: [String], environment: [String] = []) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
    }

    /// Starts it, with no signal blocked or ignored; the caller reaps it with ``waitForChild(_:)``.
    public func spawn() throws(SystemCallError) -> Int32 {
        // SAFETY: the actions and attributes are initialised before use and destroyed once; the strings live in
        // `words` until posix_spawn has returned.
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        let copies = try redirect(&actions)
        defer { for copy in copies { close(copy) } }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let words = ([path] + arguments).map { strdup($0) } + [nil]
        let variables = environment.map { strdup($0) } + [nil]
        defer { for word in words + variables { free(word) } }
        var pid: Int32 = 0
        let code = posix_spawn(&pid, path, &actions, &attributes, words, variables)
        if code != 0 { throw SystemCallError("posix_spawn", errno: code, subject: path) }
        return pid
    }

    /// Opens /dev/null where nothing is given; a source that another's turn would overwrite is copied first.
    /// Returns the copies, to be closed after the spawn.
    private func redirect(_ actions: inout posix_spawn_file_actions_t) throws(SystemCallError) -> [Int32] {
        var copies: [Int32] = []
        for (target, source) in zip(Int32(0)..., [input, output, error]) {
            guard let source else {
                posix_spawn_file_actions_addopen(&actions, target, "/dev/null", O_RDWR, 0)
                continue
            }
            if source < target {
                let copy = try check("fcntl", "F_DUPFD_CLOEXEC") { fcntl(source, F_DUPFD_CLOEXEC, 3) }
                copies.append(copy)
                posix_spawn_file_actions_adddup2(&actions, copy, target)
            } else {
                posix_spawn_file_actions_adddup2(&actions, source, target)
            }
        }
        _ = cl_spawn_close_from(&actions, 3)
        return copies
    }
}

/// Waits until a child has ended and reaps it.
public func waitForChild(_ pid: Int32) throws(SystemCallError) -> ExitStatus {
    var status: Int32 = 0
    try check("waitpid", "\(pid)") { waitpid(pid, &status, 0) }
    return ExitStatus(waitStatus: status)
}

/// Runs `body`, in which this process becomes the parent of what its children leave behind, such as a container that
/// `RUNTIME create` makes. One thread at a time.
public func adoptingOrphans<T>(_ body: () throws -> T) throws -> T {
    try check("prctl", "PR_SET_CHILD_SUBREAPER") { cl_prctl(CL_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }
    defer { cl_prctl(CL_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) }
    return try body()
}
