internal import Glibc
internal import Linux
internal import ShimProtocol

/// The files of one log: `path` is written, `path.1` is the one before it, and so on.
final class RotatedFile {
    private let path: String
    private let maximumSize: Int
    private let maximumFiles: Int
    private var file: SharedDescriptor?
    private var size = 0

    init(_ settings: LogSettings) throws(SystemCallError) {
        path = settings.path
        maximumSize = settings.maximumSize ?? .max
        maximumFiles = max(1, settings.maximumFiles)
        try open(truncated: false)
    }

    /// Whether a record of `count` bytes belongs into a new file, when `pending` bytes more are written before it. One record
    /// alone is never too long.
    func isFull(for count: Int, after pending: Int) -> Bool {
        size + pending > 0 && size + pending + count > maximumSize
    }

    /// Writes whole records. What a full disk let in of them is taken back, so that every line stays whole.
    func write(_ records: [UInt8]) throws(SystemCallError) {
        if file == nil { try open(truncated: false) }
        guard let raw = file?.rawValue else { return }
        var rest = records[...]
        do throws(SystemCallError) {
            while !rest.isEmpty {
                let count = try checkCount("write", path) {
                    rest.withUnsafeBytes { Glibc.write(raw, $0.baseAddress, $0.count) }
                }
                rest = rest.dropFirst(count)
            }
        } catch {
            if rest.count < records.count { ftruncate(raw, off_t(size)) }
            throw error
        }
        size += records.count
    }

    /// Closes the file, names it `path.1`, those before it one higher, and begins anew; the oldest goes.
    func rotate() throws(SystemCallError) {
        file = nil
        for number in stride(from: maximumFiles - 1, to: 0, by: -1) {
            let older = number == 1 ? path : "\(path).\(number - 1)"
            if rename(older, "\(path).\(number)") != 0 && errno != ENOENT {
                throw SystemCallError("rename", errno: errno, subject: older)
            }
        }
        try open(truncated: maximumFiles == 1)
    }

    private func open(truncated: Bool) throws(SystemCallError) {
        let flags = O_WRONLY | O_CREAT | O_APPEND | (truncated ? O_TRUNC : 0)
        let opened = SharedDescriptor(try Descriptor.open(path, flags, mode: 0o640))
        let raw = opened.rawValue
        var status = stat()
        try check("fstat", path) { fstat(raw, &status) }
        size = Int(status.st_size)
        file = opened
    }
}
