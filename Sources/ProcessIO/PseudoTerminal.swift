internal import CLinux
internal import Glibc
public import Linux

/// Pseudoterminals: the master is relayed, programs run on the slave (pty(7)).
public enum PseudoTerminal {
    /// Opens a new pair's master in the caller's devpts; the slave can be opened at once.
    public static func openMaster() throws(SystemCallError) -> Descriptor {
        let raw = try Descriptor.open("/dev/ptmx", O_RDWR | O_NOCTTY).release()
        if cl_pty_unlock(raw) == 0 { return Descriptor(owning: raw) }
        let code = errno
        close(raw)
        throw SystemCallError("ioctl", errno: code, subject: "TIOCSPTLCK")
    }

    /// Opens the slave of `master` without its path (TIOCGPTPEER).
    public static func openSlave(of master: borrowing Descriptor) throws(SystemCallError) -> Descriptor {
        let raw = master.rawValue
        return Descriptor(
            owning: try check("ioctl", "TIOCGPTPEER") { cl_pty_peer(raw, O_RDWR | O_NOCTTY | CL_O_CLOEXEC) })
    }
}
