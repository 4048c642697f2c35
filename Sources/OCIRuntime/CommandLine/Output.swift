internal import Glibc
internal import JSON
internal import Linux
internal import Support

/// What the program prints.
enum Output {
    static func print(_ text: String) { print(Array(text.utf8)) }

    static func print(_ bytes: [UInt8]) {
        write(bytes, to: 1)
    }

    static func printError(_ text: String) {
        write(Array(text.utf8), to: 2)
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }
}

/// The file of `--log`: one line an error, as runc writes it.
struct LogFile {
    /// The form of its lines.
    enum Format: String {
        case text, json

        /// Reads the option `--log-format`.
        init(option: String?) throws(RuntimeError) {
            guard let format = Self(rawValue: option ?? "text") else {
                throw RuntimeError(
                    .invalidArgument, "option --log-format: \"\(option ?? "")\" is neither text nor json")
            }
            self = format
        }
    }

    private let path: String
    private let format: Format

    /// Opens the file once to find out now whether it can be written.
    init(_ path: String, format: Format) throws {
        self.path = path
        self.format = format
        _ = try attempt("option --log") { try open() }
    }

    /// Appends a line; a failure to write it is not told.
    func append(_ message: String, level: String) {
        let line =
            format == .json
            ? JSONWriter.text { writer in
                writer.object { object in
                    object.member("level", level)
                    object.member("msg", message)
                    object.member("time", timestamp())
                }
            }
            : Array("time=\"\(timestamp())\" level=\(level) msg=".utf8) + JSONWriter.text { $0.string(message) }
        try? open().writeAll(line + [UInt8(ascii: "\n")])
    }

    private func open() throws -> Descriptor {
        try Descriptor.open(path, O_WRONLY | O_CREAT | O_APPEND, mode: 0o600)
    }
}
