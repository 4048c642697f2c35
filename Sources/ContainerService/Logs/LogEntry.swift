internal import JSON

/// A line of a container's output, or a piece of a long one, as its log has it.
public struct LogEntry: Sendable, Equatable {
    /// Whether it came from stderr.
    public var isError: Bool
    /// When, in nanoseconds of the Unix epoch.
    public var time: Int64
    /// The text, with its line feed where it ends a line.
    public var text: [UInt8]

    /// Reads a line of docker's `json-file`; nil where it is none, as after a crash in the middle of a line.
    init?(line: [UInt8]) {
        var (isError, time, text) = (false, "", [UInt8]())
        do {
            try JSONReader.document(line) { reader in
                try reader.object { key, value in
                    switch key {
                    case "log": text = Array(try value.string().utf8)
                    case "stream": isError = try value.string() == "stderr"
                    case "time": time = try value.string()
                    default: try value.skip()
                    }
                }
            }
        } catch { return nil }
        (self.isError, self.text) = (isError, text)
        self.time = Timestamps.nanoseconds(time) ?? 0
    }
}

extension Timestamps {
    /// Nanoseconds of the Unix epoch of an RFC 3339 text; nil where it is none.
    public static func nanoseconds(_ text: String) -> Int64? {
        guard let whole = seconds(text) else { return nil }
        guard let point = text.firstIndex(of: ".") else { return whole * 1_000_000_000 }
        let digits = text[text.index(after: point)...].prefix { $0.isASCII && $0.isNumber }.prefix(9)
        return whole * 1_000_000_000 + (Int64(digits + String(repeating: "0", count: 9 - digits.count)) ?? 0)
    }
}
