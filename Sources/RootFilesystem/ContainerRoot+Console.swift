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
    /// - Parameters:
    ///   - directory: the container's root.
    ///   - keepsLineFeeds: see ``keepLineFeeds(_:)``.
    public static func open(
        in directory: borrowing RootDirectory, rows: UInt16, columns: UInt16, keepsLineFeeds: Bool
    ) throws -> Console {
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
        if keepsLineFeeds { try keepLineFeeds(master.rawValue) }
        return Console(master: master, slave: slave)
    }

    /// Has a terminal pass line feeds on as they are, without a carriage return before each (ONLCR of termios(3)): what a
    /// relay wants, whose output may be a file.
    public static func keepLineFeeds(_ terminal: Int32) throws(SystemCallError) {
        var mode = termios()
        try check("tcgetattr", "the container's terminal") { tcgetattr(terminal, &mode) }
        mode.c_oflag &= ~tcflag_t(ONLCR)
        try check("tcsetattr", "the container's terminal") { tcsetattr(terminal, TCSANOW, &mode) }
    }
}

extension ContainerRoot {
    /// Opens a terminal of the container's own devpts and binds its slave to /dev/console: see
    /// ``Console/open(in:rows:columns:keepsLineFeeds:)``.
    public borrowing func makeConsole(rows: UInt16, columns: UInt16, keepsLineFeeds: Bool) throws -> Console {
        let console = try Console.open(in: directory, rows: rows, columns: columns, keepsLineFeeds: keepsLineFeeds)
        let target = try directory.openMakingFile("/dev/console", mode: 0o600)
        try MountTree.copy(of: console.slave, shown: "pty", recursive: false).attach(to: target, shown: "/dev/console")
        return console
    }
}
