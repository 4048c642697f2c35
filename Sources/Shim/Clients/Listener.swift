internal import CLinux
internal import Glibc
internal import Linux

/// The shim's socket: only root's processes, or those of the shim's own user, are let in.
final class Listener: EventSource {
    /// The most connections at a time.
    static let maximumClients = 512
    private let socket: SharedDescriptor
    private let accepted: (SharedDescriptor) -> Void

    init(at path: String, _ accepted: @escaping (SharedDescriptor) -> Void) throws(SystemCallError) {
        unlink(path)
        socket = SharedDescriptor(Descriptor(owning: try check("listen", path) { cl_unix_listen(path, 128) }))
        try setNonblocking(socket.rawValue)
        self.accepted = accepted
    }

    var descriptor: Int32 { socket.rawValue }
    var interests: Int32 { POLLIN }

    func ready(_: Int32) {
        while true {
            let raw = cl_accept(socket.rawValue)
            if raw < 0 { return }
            let client = SharedDescriptor(Descriptor(owning: raw))
            var user: uid_t = 0
            var pid: pid_t = 0
            if cl_peer_credentials(raw, &user, &pid) == 0, user == 0 || user == geteuid() { accepted(client) }
        }
    }
}
