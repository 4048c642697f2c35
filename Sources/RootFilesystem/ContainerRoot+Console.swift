internal import CLinux
internal import Glibc
public import Linux
internal import Support

/// The container's terminal: the master for whoever asked for it, the slave for the container's process.
public struct Console: ~Copyable {
    /// The pseudo-terminal's master.
    public let master: Descriptor
    /// Its slave, bound to the container's /dev/console.
    public let slave: Descriptor

    /// Takes both ends.
    public init(master: consuming Descriptor, slave: consuming Descriptor) {
        self.master = master
        self.slave = slave
    }

    /// Gives the slave away and closes the master, which has been sent.
    public consuming func takeSlave() -> Descriptor { slave }

    /// Opens a terminal of the container's own devpts.
    ///
    /// The slave is opened through the master (TIOCGPTPEER), never by name; that the master is of a devpts is checked
    /// by file system type. Size 0×0 leaves the kernel's default.
    /// - Parameter directory: the container's root.
    public static func open(in directory: borrowing RootDirectory, rows: UInt16, columns: UInt16) throws -> Console {
        let master = try directory.open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW)
        var (type, flags) = (0, 0)
        try check("fstatfs", "/dev/pts/ptmx") { cl_fstatfs(master.rawValue, &type, &flags) }
        guard type == CL_DEVPTS_SUPER_MAGIC else {
            throw RuntimeError(.invalidArgument, "process.terminal: the container's /dev/pts is not a devpts")
        }
        try check("ioctl", "TIOCSPTLCK") { cl_pty_unlock(master.rawValue) }
        let slave = Descriptor(
            owning: try check("ioctl", "TIOCGPTPEER") { cl_pty_peer(master.rawValue, O_RDWR | O_NOCTTY | O_CLOEXEC) })
        if rows > 0 || columns > 0 {
            try check("ioctl", "TIOCSWINSZ") { cl_tty_set_size(slave.rawValue, rows, columns) }
        }
        return Console(master: master, slave: slave)
    }
}

extension ContainerRoot {
    /// Opens a terminal of the container's own devpts and binds its slave to /dev/console: see
    /// ``Console/open(in:rows:columns:)``.
    public borrowing func makeConsole(rows: UInt16, columns: UInt16) throws -> Console {
        let console = try Console.open(in: directory, rows: rows, columns: columns)
        let target = try directory.openMakingFile("/dev/console", mode: 0o600)
        try MountTree.copy(of: console.slave, shown: "pty", recursive: false).attach(to: target, shown: "/dev/console")
        return console
    }
}
