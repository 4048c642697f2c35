internal import CLinux
internal import Glibc
internal import Linux
internal import ProcessIO
internal import Support

/// A process that does nothing but be in a scope until the container's is.
///
/// systemd makes a scope around processes that are there, and puts it away when it is empty. With this one in it the
/// container's process needs not be moved: it is born in the cgroup, under limits that hold already. Moving costs a wait
/// for the kernel's grace period either way, but systemd has it, once.
final class ScopeKeeper {
    /// Its pid, a child of this process.
    let pid: Int32
    private var isOver = false

    init() throws {
        let parent = getpid()
        pid = try attempt("make the process that keeps the scope") {
            try check("clone3") { cl_clone(0, nil, -1) }
        }
        if pid == 0 {
            // It must not outlive the runtime, nor hold anything open, and it ends when systemd says so.
            cl_reset_signals()
            cl_prctl(CL_PR_SET_PDEATHSIG, UInt(SIGKILL), 0, 0, 0)
            cl_close_range(0, UInt32.max, 0)
            while getppid() == parent { pause() }
            _exit(0)
        }
    }

    deinit { end() }

    /// Ends it; a second time is nothing.
    func end() {
        if isOver { return }
        isOver = true
        kill(pid, SIGKILL)
        _ = try? waitForChild(pid)
    }
}
