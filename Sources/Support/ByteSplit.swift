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
    /// The names in a path, `.` and empty ones left out.
    public var pathSteps: [Substring] {
        split(onByte: "/").filter { !$0.isEmpty && $0 != "." }
    }

    /// The path of these names: they with `/` between them.
    ///
    /// `joined(separator:)` does the same through generic code that costs a start more than the names do.
    public init(pathSteps steps: some Collection<Substring>) {
        self = ""
        for step in steps {
            if !isEmpty { self += "/" }
            self += step
        }
    }

    /// The parts between the occurrences of an ASCII character; see ``Substring/split(onByte:maxSplits:)``.
    public func split(onByte separator: Unicode.Scalar) -> [Substring] {
        self[...].split(onByte: separator)
    }
}
