internal import CLinux
internal import Glibc
internal import Isolation
internal import Linux
internal import OCISpec
internal import Seccomp
internal import Support

/// The program to execute and its arguments, found and copied while errors can still be told to the caller.
struct Program {
    let path: String
    let arguments: CStringArray
    let environment: CStringArray

    /// Finds `args[0]` as execvp(3) would, in the container's root with the container's PATH.
    ///
    /// The messages are the field's: podman and docker derive exit codes 126 and 127 from them.
    init(_ process: RuntimeConfiguration.Process) throws {
        guard let name = process.args.first, !name.isEmpty else {
            throw RuntimeError(.invalidArgument, "process.args: no program to execute")
        }
        path = try Self.find(name, process.env)
        arguments = CStringArray(process.args)
        environment = CStringArray(Self.environment(of: process))
    }

    private static func find(_ name: String, _ environment: [String]) throws -> String {
        if name.utf8.contains(UInt8(ascii: "/")) {
            if let problem = problem(with: name) {
                let call = problem == EACCES || problem == EISDIR ? "" : "stat \(name): "
                let code: RuntimeError.Code = problem == EACCES || problem == EISDIR ? .permissionDenied : .notFound
                let reason =
                    problem == EISDIR ? "is a directory: permission denied" : SystemCallError("", errno: problem).reason
                throw RuntimeError(code, "exec: \"\(name)\": \(call)\(reason)")
            }
            return name
        }
        let search = environment.last { $0.hasPrefix("PATH=") }?.dropFirst(5) ?? ""
        var refused = false
        for folder in search.split(separator: ":") where folder.hasPrefix("/") {
            let candidate = "\(folder)/\(name)"
            switch problem(with: candidate) {
            case nil: return candidate
            case EACCES: refused = true
            default: continue
            }
        }
        if refused { throw RuntimeError(.permissionDenied, "exec: \"\(name)\": permission denied") }
        throw RuntimeError(.notFound, "exec: \"\(name)\": executable file not found in $PATH")
    }

    /// Nil where the path can be executed, else the errno that says why not.
    private static func problem(with path: String) -> Int32? {
        var status = stat()
        guard stat(path, &status) == 0 else { return errno }
        if status.st_mode & S_IFMT == S_IFDIR { return EISDIR }
        return status.st_mode & 0o111 == 0 ? EACCES : nil
    }

    /// The environment: of several values of a name the last, since programs differ in which they see; HOME from the
    /// container's /etc/passwd where it is not set or empty, as runc and docker do.
    static func environment(of process: RuntimeConfiguration.Process) -> [String] {
        var names: Set<[UInt8]> = []
        let backwards = process.env.reversed().filter { variable in
            names.insert(Array(variable.utf8.prefix { $0 != UInt8(ascii: "=") })).inserted
        }
        let kept = backwards.reversed().filter { $0 != "HOME=" }
        return kept.contains { $0.utf8.starts(with: "HOME=".utf8) }
            ? kept : kept + ["HOME=\(home(of: process.user.uid))"]
    }

    private static func home(of uid: UInt32) -> String {
        guard let bytes = try? readRegularFile("/etc/passwd", limit: 1 << 20) else { return "/" }
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            if fields.count > 5, UInt32(String(decoding: fields[2], as: UTF8.self)) == uid, !fields[5].isEmpty {
                return String(decoding: fields[5], as: UTF8.self)
            }
        }
        return "/"
    }
}

/// The end of a process's way into a container, which `create`'s and `exec`'s go alike: from the working directory to
/// execve. What can fail early (names, numbers, the filter) is done when the value is made, before the process exists.
struct ProgramStage {
    let process: RuntimeConfiguration.Process
    let credentials: Credentials
    let filter: Filter?
    let preservedDescriptors: Int

    init(
        _ process: RuntimeConfiguration.Process, in configuration: RuntimeConfiguration, preservedDescriptors: Int
    ) throws {
        let linux = configuration.linux ?? RuntimeConfiguration.Linux()
        self.process = process
        self.preservedDescriptors = preservedDescriptors
        // What podman asks for with --group-add keep-groups.
        let keepsGroups = (configuration.annotations["run.oci.keep_original_groups"] ?? "0") != "0"
        credentials = try Credentials(process, linux: linux, keepsGroups: keepsGroups)
        filter = try linux.seccomp.map { try Filter($0) }
    }

    /// Becomes root of the user namespace that was just entered.
    func becomeNamespaceRoot() throws(SystemCallError) {
        try check("setresgid", "linux.gidMappings: group 0") { cl_setresgid(0) }
        try check("setresuid", "linux.uidMappings: user 0") { cl_setresuid(0) }
    }

    /// Leaves the caller's session and its keys.
    func leaveSession() throws(SystemCallError) {
        try check("setsid") { setsid() }
        _ = cl_keyctl_join_session()
    }

    /// Gives the terminal's master to whoever waits for it at the console socket.
    func send(_ master: borrowing Descriptor, to socket: SharedDescriptor) throws(SystemCallError) {
        let (name, raw) = (Array("/dev/pts/ptmx".utf8), master.rawValue)
        try checkCount("sendmsg", "console socket") {
            cl_send_descriptor(socket.rawValue, raw, name, name.count)
        }
    }

    /// Makes a terminal the session's own and the three standard descriptors.
    func take(_ slave: borrowing Descriptor) throws(SystemCallError) {
        let raw = slave.rawValue
        try check("ioctl", "TIOCSCTTY") { cl_tty_make_controlling(raw) }
        for standard in Int32(0)...2 { try check("dup2", "console") { dup2(raw, standard) } }
    }

    /// Enters the working directory, which must lie inside the root: a descriptor or mount from outside that leaked
    /// into the lookup shows as a path that does not start with `/`.
    func enterWorkingDirectory() throws {
        try check("chdir", "process.cwd \(process.cwd)") { chdir(process.cwd) }
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        guard getcwd(&buffer, buffer.count) != nil, buffer[0] == CChar(bitPattern: UInt8(ascii: "/")) else {
            throw RuntimeError(.permissionDenied, "process.cwd \(process.cwd) lies outside the container's root")
        }
    }

    /// Takes on the container's identity and executes its program; returns only the error that prevented it.
    ///
    /// - Parameters:
    ///   - labels: opened by this process when it still had the host's mounts.
    ///   - waiter: the socket of who waits for the execution: gets the listener of a filter that has one.
    ///   - hooks: runs the image's own programs, as nobody more than the container's program is.
    func execute(
        _ program: Program, _ labels: PendingLabels, waiter: Int32, after hooks: () throws -> Void = {}
    ) -> any Error {
        do {
            try credentials.scheduling.apply()
            try credentials.memoryPolicy?.apply()
            try credentials.applyLimits()
            cl_reset_signals()
            try check("close_range") { cl_close_range(UInt32(3 + preservedDescriptors), UInt32.max, 4) }
            try labels.apply()
            try credentials.become()
            try secure(waiter, after: hooks)
            execve(program.path, program.arguments.pointers, program.environment.pointers)
            return failure(program.path, errno)
        } catch {
            return error
        }
    }

    /// no_new_privs lets the filter come last; without it the filter needs CAP_SYS_ADMIN and must let capset pass,
    /// which every runtime asks of a profile.
    private func secure(_ waiter: Int32, after hooks: () throws -> Void) throws {
        if credentials.noNewPrivileges {
            try credentials.dropCapabilities()
            try credentials.forbidNewPrivileges()
            try hooks()
            try filter?.install(waiter)
        } else {
            if let filter {
                let own = try ProcessCapabilities.current()
                let all = own.permitted.rawValue
                try check("capset", "process.capabilities") { cl_capset(all, all, own.inheritable.rawValue) }
                try filter.install(waiter)
            }
            try credentials.dropCapabilities()
            try hooks()
        }
    }

    private func failure(_ path: String, _ code: Int32) -> RuntimeError {
        let kind: RuntimeError.Code = code == EACCES ? .permissionDenied : code == ENOENT ? .notFound : .invalidArgument
        return RuntimeError(kind, "exec \(path): \(SystemCallError("", errno: code).reason)")
    }
}
