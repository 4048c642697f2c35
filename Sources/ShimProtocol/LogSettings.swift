internal import JSON

/// Where the output of a container is kept.
public struct LogSettings: Sendable, Equatable {
    /// The form of a log.
    public enum Driver: String, Sendable {
        /// Docker's `json-file`: a line `{"log":…,"stream":…,"time":…}` for each line of output.
        case jsonFile = "json-file"
        /// Compact: a line `TIME STREAM TAG TEXT` as CRI writes it; see `LocalFormat` of the target `Shim`.
        case local
        /// Nothing is kept.
        case none
    }

    /// The form.
    public var driver: Driver
    /// The file that is written now; older ones are `path.1` (the newest) and so on.
    public var path: String
    /// A file is closed and renamed when a line would make it longer than this; nil is no limit.
    public var maximumSize: Int?
    /// How many files there are at most, with the one that is written; at least 1.
    public var maximumFiles: Int
    /// Written with each line as `attrs` (`json-file` only).
    public var attributes: [String: String]

    /// A log.
    public init(
        driver: Driver, path: String, maximumSize: Int? = nil, maximumFiles: Int = 1, attributes: [String: String] = [:]
    ) {
        self.driver = driver
        self.path = path
        self.maximumSize = maximumSize
        self.maximumFiles = maximumFiles
        self.attributes = attributes
    }

    /// No log.
    public static let none = LogSettings(driver: .none, path: "")

    init(_ reader: inout JSONReader) throws {
        self = .none
        try reader.object { name, reader in
            switch name {
            case "driver":
                let text = try reader.string()
                guard let known = Driver(rawValue: text) else { throw reader.failure("unknown log driver \(text)") }
                driver = known
            case "path": path = try reader.string()
            case "maximumSize": maximumSize = try reader.integer()
            case "maximumFiles": maximumFiles = try reader.integer()
            case "attributes": attributes = try reader.stringMap()
            default: throw reader.failure("unknown member")
            }
        }
    }

    func write(to writer: inout JSONWriter) {
        writer.member("driver", driver.rawValue)
        writer.member("path", path)
        writer.member("maximumSize", maximumSize)
        writer.member("maximumFiles", maximumFiles)
        if !attributes.isEmpty { writer.member("attributes", attributes) }
    }
}
