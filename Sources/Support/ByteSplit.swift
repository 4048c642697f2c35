extension Substring {
    /// The parts between the occurrences of an ASCII character, empty ones included.
    ///
    /// Compares bytes, where `split(separator:)` looks for the borders of characters first: what the kernel writes has
    /// none that are longer, and a runtime's start is short.
    /// - Parameter maxSplits: how often to split at most.
    public func split(onByte separator: Unicode.Scalar, maxSplits: Int = .max) -> [Substring] {
        utf8.split(separator: UInt8(ascii: separator), maxSplits: maxSplits, omittingEmptySubsequences: false)
            .map { Substring($0) }
    }
}

extension String {
    /// The parts between the occurrences of an ASCII character; see ``Substring/split(onByte:maxSplits:)``.
    public func split(onByte separator: Unicode.Scalar) -> [Substring] {
        self[...].split(onByte: separator)
    }
}
