internal import Glibc
internal import Linux

/// The text of a file of the kernel's that is a page at most, read with one read(2), without its trailing newline.
///
/// Such files are whole after one read; the second one that finds the end is saved.
func readSmall(_ path: String) throws(SystemCallError) -> String {
    let file = try Descriptor.open(path, O_RDONLY)
    let raw = file.rawValue
    var failure: SystemCallError?
    let text = withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer -> String in
        let count = read(raw, buffer.baseAddress, 4096)
        if count < 0 {
            failure = SystemCallError("read", errno: errno, subject: path)
            return ""
        }
        var bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
        if bytes.last == UInt8(ascii: "\n") { bytes = UnsafeRawBufferPointer(rebasing: bytes.dropLast()) }
        // SAFETY: the first `count` bytes were written by read; the string copies them.
        return String(decoding: bytes, as: UTF8.self)
    }
    if let failure { throw failure }
    return text
}
