internal import CLinux
internal import Glibc
internal import Linux
internal import Support

/// A running `criu swrk` and the connection to it: a message is a packet.
final class Server {
    private var socket: SharedDescriptor?
    private let pid: Int32

    /// Starts it. Of this process's descriptors it gets the standard three and those to keep.
    ///
    /// - Parameter cgroup: the version 2 folder that it is born in; -1 for this process's.
    init(_ path: String, keeping kept: [Int32], cgroup: Int32 = -1, prepare: () throws -> Void = {}) throws {
        let pair = try Descriptor.socketPair(ofPackets: true)
        let report = try Descriptor.socketPair()
        let arguments = CStringArray([path, "swrk", "\(pair.second.rawValue)"])
        let pid = try check("clone3") { cl_clone(0, nil, cgroup) }
        if pid == 0 {
            do {
                try prepare()
                let everything = UInt32.max, closeOnExec: UInt32 = 4
                try check("close_range") { cl_close_range(3, everything, closeOnExec) }
                for descriptor in kept + [pair.second.rawValue] where descriptor > 2 {
                    try check("fcntl", "F_SETFD") { fcntl(descriptor, F_SETFD, 0) }
                }
                execve(path, arguments.pointers, environ)
                throw SystemCallError("execve", errno: errno, subject: path)
            } catch {
                try? report.second.writeAll(Array("\(error)".utf8))
            }
            _exit(127)
        }
        self.pid = pid
        pair.split { ours, theirs in
            _ = consume theirs
            socket = SharedDescriptor(ours)
        }
        var failure: [UInt8] = []
        try report.split { ours, theirs in
            _ = consume theirs
            failure = try ours.readAll(limit: 65536, "criu")
        }
        if failure.isEmpty { return }
        end()
        throw RuntimeError(.internal, "start criu: \(String(decoding: failure, as: UTF8.self))")
    }

    func send(_ message: [UInt8]) throws {
        let raw = socket?.rawValue ?? -1
        try checkCount("send", "criu") {
            message.withUnsafeBytes { Glibc.send(raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        }
    }

    /// The next packet, and the descriptor that came with it.
    func receive() throws -> (bytes: [UInt8], descriptor: SharedDescriptor?) {
        let raw = socket?.rawValue ?? -1
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var descriptor: Int32 = -1
        let count = try checkCount("recvmsg", "criu") {
            cl_receive_descriptor(raw, &descriptor, &buffer, buffer.count)
        }
        let carried = descriptor < 0 ? nil : SharedDescriptor(Descriptor(owning: descriptor))
        if count == 0 { throw RuntimeError(.internal, "criu ended without an answer (see its log in the work folder)") }
        return (Array(buffer[..<count]), carried)
    }

    /// Ends the connection, and with it criu.
    func end() {
        if socket == nil { return }
        socket = nil
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    }
}
