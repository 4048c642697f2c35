internal import CLinux
internal import Glibc
internal import Linux
internal import ProcessIO
internal import ShimProtocol
internal import Support

/// The program hako-shim: becomes a process of its own, makes the container, and looks after it until its end.
///
/// See ``ShimFolder`` for how it is started and what it leaves.
public enum ShimProgram {
    /// Runs the program; the process that was started returns at once, its child when the shim's work is over.
    public static func main(_ arguments: [String]) -> Int32 {
        if arguments == ["--version"] {
            print("hako-shim \(hakoVersion)")
            return 0
        }
        guard arguments.count == 1, arguments[0].hasPrefix("/") else {
            writeAll("usage: hako-shim FOLDER   (an absolute path; see ShimFolder)\n", to: STDERR_FILENO)
            return 64
        }
        let folder = ShimFolder(arguments[0])
        do {
            let settings = try attempt("read \(folder.settings)") {
                try ShimSettings(try readFile(folder.settings, limit: 1 << 20))
            }
            if try leaveStarter() { return 0 }
            return look(after: settings, folder)
        } catch {
            report(
                ShimReply(
                    id: 0, error: (error as? RuntimeError) ?? RuntimeError(.internal, "start the shim", cause: error)))
            return 1
        }
    }

    /// Makes a child in a session of its own, which inherits the descendants' orphans; true in the process that was started.
    private static func leaveStarter() throws -> Bool {
        // One thread so far: the child may run Swift.
        if try check("clone", "", { cl_clone(0, nil, -1) }) > 0 { return true }
        setsid()
        try check("chdir", "/") { chdir("/") }
        cl_close_range(3, .max, 0)
        ignoreBrokenPipes()
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2] { Glibc.signal(signal, SIG_IGN) }
        try check("prctl", "PR_SET_CHILD_SUBREAPER") { cl_prctl(CL_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }
        return false
    }

    private static func look(after settings: ShimSettings, _ folder: ShimFolder) -> Int32 {
        do {
            let identity = try ProcessIdentity(of: getpid())
            try writeAtomically(
                Array("\(identity.pid) \(identity.startTime)\n".utf8), to: folder.pidFile, durable: false)
            let shim = try Shim(settings, folder)
            try shim.run { report($0) }
        } catch {
            // Before the report it is the starter's to read; afterwards nobody is there but the file.
            report(ShimReply(id: 0, error: RuntimeError(.internal, "shim", cause: error)))
            try? writeAtomically(Array("\(error)\n".utf8), to: folder.path + "/shim.fault")
        }
        unlink(folder.socket)
        unlink(folder.pidFile)
        return 0
    }

    /// Tells the starter how it went, once, and lets go of its descriptors.
    private static func report(_ reply: ShimReply) {
        writeAll(String(decoding: reply.json(), as: UTF8.self) + "\n", to: STDOUT_FILENO)
        guard let nothing = try? Descriptor.open("/dev/null", O_RDWR) else { return }
        for number in 0...2 as ClosedRange<Int32> { dup2(nothing.rawValue, number) }
    }

    private static func writeAll(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }
}
