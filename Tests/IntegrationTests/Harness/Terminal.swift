import CHarness
import Foundation

/// The master side of a pseudo-terminal and what has been read from it.
final class Terminal {
    let master: Int32
    private var seen: [UInt8] = []

    /// The other side, for a program to open; empty for a master that was received.
    let path: String

    /// Takes over a master, as received over a console socket.
    init(master: Int32, path: String = "") {
        self.master = master
        self.path = path
    }

    /// Opens a new pseudo-terminal.
    convenience init() throws {
        var path = [CChar](repeating: 0, count: 128)
        let master = ch_open_terminal(&path, path.count)
        guard master >= 0 else { throw HarnessError("no pseudo-terminal: \(errno)") }
        self.init(
            master: master, path: path.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" })
    }

    deinit { close(master) }

    func resize(rows: UInt16, columns: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    }

    func type(_ text: String) {
        let bytes = Array(text.utf8)
        _ = write(master, bytes, bytes.count)
    }

    /// Everything that was printed so far.
    var text: String {
        var request = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
        while poll(&request, 1, 0) > 0, request.revents & Int16(POLLIN) != 0 {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = read(master, &buffer, buffer.count)
            if count <= 0 { break }
            seen += buffer[..<count]
        }
        return String(decoding: seen, as: UTF8.self)
    }

    /// Waits until `text` holds this.
    func shows(_ expected: String, within seconds: Double = 15) -> Bool {
        eventually(within: seconds) { text.contains(expected) }
    }
}

/// A listening Unix socket that a runtime sends a terminal's master to (`--console-socket`).
final class ConsoleSocket {
    let path: String
    private let listener: Int32

    init(in folder: String) throws {
        path = folder + "/console.sock"
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, listen(listener, 4) == 0 else { throw HarnessError("bind \(path): \(errno)") }
        _ = fcntl(listener, F_SETFL, O_NONBLOCK)
    }

    deinit { close(listener) }

    /// Waits for a connection and takes the descriptor that it sends.
    func receive() throws -> Terminal {
        var connection: Int32 = -1
        _ = eventually {
            connection = accept(listener, nil, nil)
            return connection >= 0
        }
        guard connection >= 0 else { throw HarnessError("nobody connected to the console socket") }
        defer { close(connection) }
        let master = ch_receive_descriptor(connection)
        guard master >= 0 else { throw HarnessError("no descriptor came over the console socket: \(errno)") }
        return Terminal(master: master)
    }
}
