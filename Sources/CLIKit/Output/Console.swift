internal import Glibc
internal import ProcessIO

/// The program's two outputs.
enum Console {
    /// Whether people read the standard output.
    static var isTerminal: Bool { ProcessIO.isTerminal(1) }
    /// Whether people read the standard error.
    static var errorIsTerminal: Bool { ProcessIO.isTerminal(2) }

    /// Whether the standard error may be coloured (NO_COLOR, no-color.org).
    static var errorHasColour: Bool {
        let refused = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
        let dumb = getenv("TERM").map { strcmp($0, "dumb") == 0 } ?? true
        return errorIsTerminal && !refused && !dumb
    }

    /// Writes a line to the standard output.
    static func line(_ text: String) { put(text + "\n", 1) }

    /// Writes bytes to the standard output.
    static func bytes(_ bytes: [UInt8]) { put(bytes[...], 1) }

    /// Writes `hako: …` to the standard error.
    static func error(_ text: String) {
        put((errorHasColour ? "\u{1b}[31mhako:\u{1b}[0m " : "hako: ") + text + "\n", 2)
    }

    /// Writes `hako: warning: …` to the standard error.
    static func warn(_ text: String) { error("warning: \(text)") }

    /// Writes text to the standard error as it is.
    static func note(_ text: String) { put(text, 2) }

    private static func put(_ text: String, _ target: Int32) { put(Array(text.utf8)[...], target) }

    private static func put(_ bytes: ArraySlice<UInt8>, _ target: Int32) {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(target, $0.baseAddress, $0.count) }
            // A reader that has gone wants no more.
            if count < 0 && errno != EINTR && errno != EAGAIN { return }
            rest = rest.dropFirst(max(count, 0))
        }
    }
}
