import CHarness
import Foundation

/// A seccomp agent: listens at a socket, takes the listener of a container's filter and answers its calls.
final class SeccompAgent: @unchecked Sendable {
    let path: String
    private let folder: String
    private let socket: Int32

    init() throws {
        folder = try makeTemporaryFolder("agent")
        path = folder + "/socket"
        socket = ch_listen(path)
        guard socket >= 0 else { throw HarnessError("listen at \(path): \(errno)") }
    }

    deinit {
        close(socket)
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// What came over one connection: the document, and the filter's listener.
    struct Delivery {
        let document: Document
        let listener: FilterListener
    }

    /// What came over one connection, message by message.
    struct Transcript {
        var text = ""
        /// How many descriptors came with each message.
        var descriptors: [Int] = []
        /// Whether the sender closed the connection.
        var hasEnded = false
    }

    /// Waits for the next connection and reads until it ends, or until nothing has come for a while.
    func listen() throws -> Transcript {
        let connection = ch_accept(socket, 20_000)
        guard connection >= 0 else { throw HarnessError("no connection at \(path): \(errno)") }
        defer { close(connection) }
        var (transcript, bytes): (Transcript, [UInt8]) = (Transcript(), [])
        var request = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
        while poll(&request, 1, 3000) > 0 {
            var (buffer, descriptor) = ([CChar](repeating: 0, count: 65536), Int32(-1))
            let count = ch_receive_message(connection, &buffer, buffer.count, &descriptor)
            guard count > 0 else {
                transcript.hasEnded = count == 0
                break
            }
            if descriptor >= 0 { close(descriptor) }
            transcript.descriptors.append(descriptor >= 0 ? 1 : 0)
            bytes += buffer[..<count].map(UInt8.init(bitPattern:))
        }
        transcript.text = String(decoding: bytes, as: UTF8.self)
        return transcript
    }

    /// Waits for the next connection and reads the document that comes over it.
    func receive() throws -> Delivery {
        let connection = ch_accept(socket, 20_000)
        guard connection >= 0 else { throw HarnessError("no connection at \(path): \(errno)") }
        defer { close(connection) }
        var (text, listener): ([UInt8], Int32) = ([], -1)
        while true {
            var buffer = [CChar](repeating: 0, count: 65536)
            var descriptor: Int32 = -1
            let count = ch_receive_message(connection, &buffer, buffer.count, &descriptor)
            if descriptor >= 0 { listener = descriptor }
            guard count > 0 else { throw HarnessError("no document came at \(path)") }
            text += buffer[..<count].map(UInt8.init(bitPattern:))
            // Not every runtime ends the connection.
            guard let document = Document(json: String(decoding: text, as: UTF8.self)) else { continue }
            guard listener >= 0 else { throw HarnessError("no descriptor came at \(path)") }
            return Delivery(document: document, listener: FilterListener(listener))
        }
    }
}

/// A filter's notification descriptor.
final class FilterListener {
    private let descriptor: Int32

    init(_ descriptor: Int32) { self.descriptor = descriptor }
    deinit { close(descriptor) }

    /// Waits for a call and takes it.
    func next() throws -> ch_notification {
        var notification = ch_notification()
        guard ch_receive_notification(descriptor, 20_000, &notification) == 0 else {
            throw HarnessError("no notification: \(errno)")
        }
        return notification
    }

    /// Lets the call fail with an error, or go on where it is 0.
    func answer(_ notification: ch_notification, error: Int32) throws {
        guard ch_answer_notification(descriptor, notification.id, error) == 0 else {
            throw HarnessError("answer a notification: \(errno)")
        }
    }

    /// Whether the call still waits for its answer.
    func isWaiting(_ notification: ch_notification) -> Bool {
        ch_notification_is_valid(descriptor, notification.id) != 0
    }
}
