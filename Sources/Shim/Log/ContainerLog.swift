internal import Linux
internal import ShimProtocol

/// A container's log: its output, cut into lines, in the form and the files that were asked for.
final class ContainerLog {
    /// Lines that could not be written.
    private(set) var lostLines = 0
    private let format: any LogFormat
    private let file: RotatedFile
    private var output = LineSplitter()
    private var errors = LineSplitter()
    private var records: [UInt8] = []
    private var recordCount = 0

    /// Opens the log; nil where nothing is to be kept.
    init?(_ settings: LogSettings) throws(SystemCallError) {
        switch settings.driver {
        case .jsonFile: format = DockerJSONFormat(attributes: settings.attributes)
        case .local: format = PlainFormat()
        case .none: return nil
        }
        file = try RotatedFile(settings)
    }

    /// Writes what has arrived; it is in the file when this returns, but for a line whose end has not come.
    func append(_ bytes: UnsafeRawBufferPointer, _ stream: LogStream) {
        let time = Array(Timestamp.now().text(fixed: format.fixedTime).utf8)
        switch stream {
        case .output: output.split(bytes) { add($0, stream, time) }
        case .errors: errors.split(bytes) { add($0, stream, time) }
        }
        flush()
    }

    /// Writes lines that have begun: a stream has ended.
    func finish(_ stream: LogStream) {
        let time = Array(Timestamp.now().text(fixed: format.fixedTime).utf8)
        switch stream {
        case .output: output.finish { add($0, stream, time) }
        case .errors: errors.finish { add($0, stream, time) }
        }
        flush()
    }

    private func add(_ piece: UnsafeRawBufferPointer, _ stream: LogStream, _ time: [UInt8]) {
        let before = records.count
        format.append(piece, stream, time: time, to: &records)
        if file.isFull(for: records.count - before, after: before) {
            let record = Array(records[before...])
            records.removeLast(record.count)
            flush()
            // A failure shows at the next write, which opens the file anew.
            if file.isFull(for: record.count, after: 0) { try? file.rotate() }
            records += record
        }
        recordCount += 1
    }

    private func flush() {
        guard !records.isEmpty else { return }
        do throws(SystemCallError) {
            try file.write(records)
        } catch {
            // A full disk must not stop the container; the loss is counted and told by the state.
            lostLines += recordCount
        }
        recordCount = 0
        records.removeAll(keepingCapacity: records.capacity <= 1 << 18)
    }
}
