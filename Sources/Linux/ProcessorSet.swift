internal import CLinux
public import Support

/// A set of processors or of memory nodes, as sched_setaffinity(2) and set_mempolicy(2) take it.
public struct ProcessorSet: Sendable, Equatable {
    /// The highest number that a list may name.
    public static let highest = 65_535
    /// Bit n of byte n / 8 is processor n.
    private var bytes: [UInt8] = []

    /// Reads a list such as `0-3,7` (cpuset(7), "List format"); white space around the parts is ignored.
    ///
    /// - Parameter field: names the list in errors.
    public init(list: String, field: @autoclosure () -> String) throws(RuntimeError) {
        for part in list.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            let ends = part.split(separator: UInt8(ascii: "-"), maxSplits: 1, omittingEmptySubsequences: false)
            guard let first = Self.number(ends.first), let last = ends.count > 1 ? Self.number(ends.last) : first,
                first <= last
            else {
                throw RuntimeError(
                    .invalidArgument, "\(field()): \"\(list)\" is not a list of numbers such as 0-3,7")
            }
            if bytes.count <= last / 8 { bytes += Array(repeating: 0, count: last / 8 + 1 - bytes.count) }
            for number in first...last { bytes[number / 8] |= 1 << UInt8(number % 8) }
        }
        // The kernel reads whole words.
        bytes += Array(repeating: 0, count: (8 - bytes.count % 8) % 8)
    }

    /// The set as words of 64 bits, the lowest numbers first.
    public var words: [UInt64] {
        stride(from: 0, to: bytes.count, by: 8).map { start in
            (0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
        }
    }

    private static func number(_ text: Substring.UTF8View?) -> Int? {
        guard let text else { return nil }
        let trimmed = text.drop { $0 == 0x20 }.reversed().drop { $0 == 0x20 }.reversed()
        guard !trimmed.isEmpty, trimmed.count <= 5, trimmed.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        let value = trimmed.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        return value <= highest ? value : nil
    }

    /// Lets the process `pid` (0: the caller) run on these processors only, as far as its cpuset has them.
    ///
    /// EINVAL where it has none of them.
    public func apply(to pid: Int32 = 0) throws(SystemCallError) {
        try check("sched_setaffinity", "process \(pid)") {
            bytes.withUnsafeBytes { cl_sched_setaffinity(pid, $0.baseAddress, $0.count) }
        }
    }
}
