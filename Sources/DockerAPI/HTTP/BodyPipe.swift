internal import CLinux
internal import Linux

/// Bodies as descriptors, for what reads and writes files.
enum BodyPipe {
    /// A descriptor from which the request's body can be read.
    ///
    /// A body that ends too early looks like one that ends: what reads it finds out by its own means, as an archive has.
    static func receive(_ exchange: Exchange) throws -> Descriptor {
        let (reader, writer) = try ends()
        do {
            try startThread {
                let output = Descriptor(owning: writer)
                // Where the reader has had enough, what is left of the body is the router's.
                while let part = try? exchange.body.next() {
                    guard (try? output.writeAll(part[...])) != nil else { return }
                }
            }
        } catch {
            _ = Descriptor(owning: reader)
            _ = Descriptor(owning: writer)
            throw error
        }
        return Descriptor(owning: reader)
    }

    /// Sends what `body` writes into a descriptor as the answer's body.
    ///
    /// - Throws: what `body` throws; an answer that was begun then ends short.
    static func send(
        _ exchange: Exchange, type: String, headers: [(String, String)] = [],
        _ body: @escaping @Sendable (borrowing Descriptor) throws -> Void
    ) throws {
        let (reading, writer) = try ends()
        let reader = Descriptor(owning: reading)
        let failure = Monitor<(any Error)?>(nil)
        try startThread {
            let output = Descriptor(owning: writer)
            do { try body(output) } catch { failure.update { $0 = error } }
        }
        var hasBegun = false
        while case let part = try reader.readSome(256 << 10), !part.isEmpty {
            if !hasBegun { try exchange.begin(type: type, headers: headers) }
            hasBegun = true
            try exchange.write(part)
        }
        if let failure = failure.update({ $0 }) { throw failure }
        if !hasBegun { try exchange.begin(type: type, headers: headers) }
    }

    private static func ends() throws -> (Int32, Int32) {
        var pair: [Int32] = [-1, -1]
        try check("pipe2") { cl_pipe(&pair) }
        return (pair[0], pair[1])
    }
}
