/// Which of a container's outputs a line came from.
enum LogStream: String {
    case output = "stdout"
    case errors = "stderr"
}

/// How a line of output stands in a log.
protocol LogFormat {
    /// Whether all nine digits of a second's fraction are written.
    var fixedTime: Bool { get }
    /// Appends the record of one piece of output.
    ///
    /// - Parameters:
    ///   - piece: the bytes, with the line feed that ended the line; without one where the line was longer than
    ///     ``LineSplitter/longest`` or the output ended within it.
    ///   - time: RFC 3339.
    func append(_ piece: UnsafeRawBufferPointer, _ stream: LogStream, time: [UInt8], to text: inout [UInt8])
}
