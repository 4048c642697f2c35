internal import CLinux
internal import Glibc
public import Linux

/// The Unix socket on which an OCI runtime hands over the master of a container's terminal (`--console-socket`).
public struct ConsoleSocket: ~Copyable {
    /// The socket's path.
    public let path: String
    private let listener: Descriptor

    /// Listens at `path` (mode 0600); its folder keeps strangers away.
    public init(at path: String) throws(SystemCallError) {
        unlink(path)
        self.init(path, Descriptor(owning: try check("listen", path) { cl_unix_listen(path, 1) }))
    }

    private init(_ path: String, _ listener: consuming Descriptor) {
        self.path = path
        self.listener = listener
    }

    /// Receives the master.
    ///
    /// - Parameter milliseconds: how long to wait for it; ETIMEDOUT after that.
    public borrowing func receive(milliseconds: Int32 = 10_000) throws(SystemCallError) -> Descriptor {
        let raw = listener.rawValue
        try Self.waitReadable(raw, milliseconds, path)
        let connection = Descriptor(owning: try check("accept", path) { cl_accept(raw) })
        let socket = connection.rawValue
        try Self.waitReadable(socket, milliseconds, path)
        var master: Int32 = -1
        var name = [UInt8](repeating: 0, count: 4096)
        try checkCount("recvmsg", path) { cl_receive_descriptor(socket, &master, &name, name.count) }
        guard master >= 0 else { throw SystemCallError("recvmsg", errno: EPROTO, subject: path) }
        return Descriptor(owning: master)
    }

    private static func waitReadable(_ descriptor: Int32, _ milliseconds: Int32, _ path: String) throws(SystemCallError)
    {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        if try check("poll", path, { poll(&entry, 1, milliseconds) }) == 0 {
            throw SystemCallError("poll", errno: ETIMEDOUT, subject: path)
        }
    }

    deinit {
        unlink(path)
    }
}
