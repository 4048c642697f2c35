/// The system-call numbers of every architecture hako filters, by name.
///
/// The data are generated (`dev/generate-syscalls`): kernel 6.1's headers and the calls added up to 6.18. A lookup
/// hashes the name once and gives the numbers of all architectures together; nothing is built at start-up.
public enum SystemCallTable {
    /// Numbers below this stand in a filter's dense table; the largest real number is x32's 547.
    static let denseLimit = 576

    /// The number of the call `name` on `architecture`, x32's without bit 30; nil where it has no such call.
    public static func number(of name: String, on architecture: Seccomp.Architecture) -> UInt32? {
        guard let row = row(of: name) else { return nil }
        let raw = numbers[row * 5 + architecture.column]
        if raw == 0xffff { return nil }
        return raw >= 0xf000 ? 0xf0000 + UInt32(raw & 0xfff) : UInt32(raw)
    }

    /// Every name in the table, sorted. Builds strings: for tests and documents, not for compiling filters.
    public static var allNames: [String] {
        (0..<count).map { row in
            let start = Int(offsets[row])
            return String(decoding: nameBytes[start..<Int(offsets[row + 1])], as: UTF8.self)
        }
    }

    /// The row of a name in ``numbers``.
    static func row(of name: String) -> Int? {
        // A native string's bytes are contiguous; others (bridged, none on Linux) take the copying way.
        if let found = name.utf8.withContiguousStorageIfAvailable({ find($0) }) { return found }
        return Array(name.utf8).withUnsafeBufferPointer { find($0) }
    }
}
