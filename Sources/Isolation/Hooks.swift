internal import CLinux
internal import Glibc
public import Linux
public import OCISpec
internal import Support

/// Runs hooks in order, each with the container's state on its stdin (config.md, POSIX-platform Hooks).
///
/// For single-threaded programs only: the hook is started by fork and exec. The first that fails stops the rest.
/// - Parameters:
///   - hooks: the list, such as `hooks.createRuntime`.
///   - kind: the list's name, such as `createRuntime`, for errors, which read as runc's do.
///   - state: the state JSON.
///   - inheritsEnvironment: a hook without `env` gets the runtime's environment, as from runc and crun, not an empty one.
/// - Throws: what the hook failed with: its exit code or signal, a timeout, or why it did not start.
public func runHooks(
    _ hooks: [RuntimeConfiguration.Hook], kind: String, state: [UInt8], inheritsEnvironment: Bool = true
) throws {
    for (index, hook) in hooks.enumerated() {
        try run(hook, kind: kind, index, state: state, inheritsEnvironment: inheritsEnvironment)
    }
}

/// Runs every hook, whatever becomes of the others, as the specification has it for poststop.
///
/// - Parameter tell: gets each failure.
public func runEachHook(
    _ hooks: [RuntimeConfiguration.Hook], kind: String, state: [UInt8], tell: (any Error) -> Void
) {
    for (index, hook) in hooks.enumerated() {
        do {
            try run(hook, kind: kind, index, state: state, inheritsEnvironment: true)
        } catch {
            tell(error)
        }
    }
}

private func run(
    _ hook: RuntimeConfiguration.Hook, kind: String, _ index: Int, state: [UInt8], inheritsEnvironment: Bool
) throws {
    try attempt("error running \(kind) hook #\(index)") {
        try attempt(hook.path) { try run(hook, state: state, inheritsEnvironment: inheritsEnvironment) }
    }
}

private func run(_ hook: RuntimeConfiguration.Hook, state: [UInt8], inheritsEnvironment: Bool) throws {
    guard hook.path.hasPrefix("/") else {
        throw RuntimeError(.invalidArgument, "the path of a hook must be absolute")
    }
    let arguments = CStringArray(hook.args.isEmpty ? [hook.path] : hook.args)
    let environment = CStringArray(hook.env)
    let input = try Descriptor.socketPair()
    // The hook may end without reading its state.
    let previous = signal(SIGPIPE, SIG_IGN)
    defer { signal(SIGPIPE, previous) }
    var pidfd: Int32 = -1
    let pid = try check("clone3") { cl_clone(0, &pidfd, -1) }
    if pid == 0 {
        signal(SIGPIPE, SIG_DFL)
        dup2(input.second.rawValue, 0)
        if inheritsEnvironment && hook.env.isEmpty {
            execv(hook.path, arguments.pointers)
        } else {
            execve(hook.path, arguments.pointers, environment.pointers)
        }
        _exit(errno == ENOENT ? 127 : 126)
    }
    let ended = Descriptor(owning: pidfd)
    input.split { first, second in
        _ = consume second
        try? first.writeAll(state)
        _ = consume first
    }
    try wait(pid, ended, timeout: hook.timeout)
}

private func wait(_ pid: Int32, _ pidfd: borrowing Descriptor, timeout seconds: Int?) throws {
    if let seconds {
        var entry = pollfd(fd: pidfd.rawValue, events: Int16(POLLIN), revents: 0)
        let milliseconds = Int32(clamping: seconds.multipliedReportingOverflow(by: 1000).partialValue)
        if try check("poll", "", { poll(&entry, 1, milliseconds) }) == 0 {
            kill(pid, SIGKILL)
            _ = try waitForExit(pid)
            throw RuntimeError(.timeout, "still running after \(seconds) s")
        }
    }
    let status = try waitForExit(pid)
    if status != 0 {
        throw RuntimeError(.internal, status > 128 ? "killed by \(signalText(status - 128))" : "exit code \(status)")
    }
}

/// A signal in words, such as `signal 31 (bad system call)`.
private func signalText(_ number: Int32) -> String {
    guard let text = strsignal(number) else { return "signal \(number)" }
    return "signal \(number) (\(String(cString: text).lowercased()))"
}

/// Reaps a child: its exit code, or 128 plus the signal that ended it.
public func waitForExit(_ pid: Int32) throws(SystemCallError) -> Int32 {
    var status: Int32 = 0
    try check("waitpid", "\(pid)") { waitpid(pid, &status, 0) }
    return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
}
