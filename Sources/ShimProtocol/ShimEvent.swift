internal import JSON
internal import Support

/// What a shim tells without being asked.
public enum ShimEvent: Sendable, Equatable {
    /// A container or exec session runs, under this pid.
    case started(ProcessName, pid: Int32)
    /// A process has ended; a container's record is on the disk.
    case exited(ExitRecord)

    /// The frame's payload.
    public func json() -> [UInt8] {
        JSONWriter.text { writer in
            writer.object { writer in
                switch self {
                case .started(let name, let pid):
                    writer.member("event", "started")
                    name.write(to: &writer)
                    writer.member("pid", pid)
                case .exited(let record):
                    writer.member("event", "exited")
                    record.write(to: &writer)
                }
            }
        }
    }

    /// Reads a frame's payload.
    public init(_ payload: [UInt8]) throws {
        var event = ""
        try JSONReader.document(payload) { reader in
            try reader.object { name, reader in
                if name == "event" { event = try reader.string() } else { try reader.skip() }
            }
        }
        let record = try ExitRecord(payload)
        switch event {
        case "started": self = .started(record.process, pid: record.pid)
        case "exited": self = .exited(record)
        default: throw RuntimeError(.invalidArgument, "shim protocol: unknown event \(event)")
        }
    }
}
