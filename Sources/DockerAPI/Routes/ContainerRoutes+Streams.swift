internal import ContainerService
internal import JSON
internal import Linux
internal import Support

/// A client's stream: raw for a terminal, else with a header of eight bytes before each piece that says which stream it is of.
enum StreamFraming {
    static func frame(_ bytes: [UInt8], isError: Bool) -> [UInt8] {
        let count = UInt32(truncatingIfNeeded: bytes.count)
        return [isError ? 2 : 1, 0, 0, 0] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) } + bytes
    }
}

extension ContainerRoutes {
    func attach(_ call: RouteCall) throws {
        let record = try supervisor.find(call.value("id"))
        guard call.query.flag("stream") || call.query.flag("logs") else { return try call.done(200) }
        if record.supervision?.isPaused == true {
            throw APIError(409, "Container \(record.name) is paused, unpause the container before attach.")
        }
        var choice = StreamChoice()
        choice.input = call.query.flag("stdin")
        choice.output = call.query.flag("stdout")
        choice.errors = call.query.flag("stderr")
        // Before the client learns that it is attached: the start that it asks for then waits for it.
        let ticket = try supervisor.attaching(to: record.id)
        let exchange = call.exchange
        let isRaw = record.specification.terminal
        let connection = try exchange.hijack(multiplexed: !isRaw && call.version >= APIVersion(major: 1, minor: 42))
        defer { connection.close() }
        if call.query.flag("logs") { try replay(record, to: connection, isRaw: isRaw) }
        guard call.query.flag("stream") else { return }
        exchange.onClose { ticket.wake() }
        guard let stream = try ticket.attach(choice, unless: { exchange.isClosed }) else { return }
        _ = try StreamRelay.run(stream, connection, exchange, isRaw: isRaw, input: choice.input)
    }

    private func replay(_ record: ContainerRecord, to connection: RawConnection, isRaw: Bool) throws {
        try supervisor.readLog(record.id, LogSelection(), unless: { false }) { entry in
            try connection.write(isRaw ? entry.text : StreamFraming.frame(entry.text, isError: entry.isError))
        }
    }

    func logs(_ call: RouteCall) throws {
        let record = try supervisor.find(call.value("id"))
        var selection = LogSelection()
        selection.output = call.query.flag("stdout")
        selection.errors = call.query.flag("stderr")
        guard selection.output || selection.errors else {
            throw APIError(400, "Bad parameters: you must choose at least one stream")
        }
        selection.follows = call.query.flag("follow")
        if let tail = call.query.text("tail"), tail != "all" {
            selection.tail = Int(tail).flatMap { $0 < 0 ? nil : $0 }
        }
        selection.since = try call.query.text("since").flatMap(LogTimes.nanoseconds)
        selection.until = try call.query.text("until").flatMap(LogTimes.nanoseconds)
        guard record.specification.log.driver == "json-file" else {
            throw APIError(501, "configured logging driver does not support reading")
        }
        let hasTimes = call.query.flag("timestamps")
        let isRaw = record.specification.terminal
        let exchange = call.exchange
        let kind = isRaw || call.version < APIVersion(major: 1, minor: 42) ? "raw" : "multiplexed"
        try exchange.begin(type: "application/vnd.docker.\(kind)-stream")
        try supervisor.readLog(record.id, selection, unless: { exchange.isClosed }) { entry in
            let time = hasTimes ? Array("\(Timestamps.precise(entry.time)) ".utf8) : []
            let text = time + entry.text
            try exchange.write(isRaw ? text : StreamFraming.frame(text, isError: entry.isError))
        }
    }
}

/// `since` and `until` of logs.
enum LogTimes {
    /// `1700000000.5` or a date, in nanoseconds; nil for 0, which is none.
    static func nanoseconds(_ text: String) throws -> Int64? {
        let time = try EventFilter.instant(text)
        return time == 0 ? nil : time
    }
}

/// Between a client's raw stream and a process.
enum StreamRelay {
    /// Passes bytes both ways until the process's output has ended or the client is gone; the exit code where it is known.
    static func run(
        _ stream: ProcessStream, _ connection: RawConnection, _ exchange: Exchange, isRaw: Bool, input: Bool
    ) throws -> Int32? {
        exchange.onClose { stream.close() }
        if input {
            try startThread {
                while let bytes = try? connection.input.next() {
                    guard (try? stream.send(bytes)) != nil else { return }
                }
                if !exchange.isClosed { try? stream.endInput() }
            }
        }
        return try stream.relay { piece in
            switch piece {
            case .output(let bytes): try connection.write(isRaw ? bytes : StreamFraming.frame(bytes, isError: false))
            case .errors(let bytes): try connection.write(isRaw ? bytes : StreamFraming.frame(bytes, isError: true))
            }
        }
    }
}
