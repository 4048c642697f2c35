internal import CLinux
internal import Glibc
internal import Linux

extension SparseMap {
    /// A run of zeros that is worth leaving out; it starts and ends at whole blocks.
    private static let leastHole: Int64 = 1 << 20
    private static let block: Int64 = 4096

    /// The stretches of a file that have data; nil for one without a long run of zeros.
    ///
    /// What counts is the content and not what the file system has allocated, so that equal files give equal archives.
    static func scan(_ file: Int32, size: Int64) throws(SystemCallError) -> [TarEntry.Segment]? {
        guard size >= leastHole else { return nil }
        var segments: [TarEntry.Segment] = []
        var dataStart: Int64?
        var holeStart: Int64 = 0
        var hasHole = false
        var offset: Int64 = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 4096)
        defer { buffer.deallocate() }
        while offset < size {
            // What is not allocated need not be read.
            let data = lseek(file, Int(offset), CL_SEEK_DATA)
            if data < 0 && errno == ENXIO { break }
            if data > 0 { offset = max(offset, Int64(data) & ~(block - 1)) }
            let count = try checkCount("pread") { pread(file, buffer.baseAddress, buffer.count, Int(offset)) }
            if count == 0 { break }
            for start in stride(from: 0, to: count, by: Int(block)) {
                let end = min(count, start + Int(block))
                if isZero(UnsafeRawBufferPointer(rebasing: buffer[start..<end])) { continue }
                let place = offset + Int64(start)
                if place - holeStart >= leastHole {
                    hasHole = true
                    if let from = dataStart { segments.append(.init(offset: from, length: holeStart - from)) }
                    dataStart = place
                } else if dataStart == nil {
                    dataStart = 0
                }
                holeStart = offset + Int64(end)
            }
            offset += Int64(count)
        }
        return finish(segments, dataStart, holeStart, size, hasHole)
    }

    private static func finish(
        _ found: [TarEntry.Segment], _ dataStart: Int64?, _ holeStart: Int64, _ size: Int64, _ hasHole: Bool
    ) -> [TarEntry.Segment]? {
        var segments = found
        let endsInHole = size - holeStart >= leastHole
        guard hasHole || endsInHole else { return nil }
        if let from = dataStart { segments.append(.init(offset: from, length: (endsInHole ? holeStart : size) - from)) }
        // GNU tar ends the map with an empty stretch at the end of the file.
        segments.append(.init(offset: size, length: 0))
        return segments
    }

    private static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        // SAFETY: compares the first half of a block against the rest, one byte on: both within `bytes`.
        guard let start = bytes.baseAddress, bytes[0] == 0 else { return bytes.isEmpty }
        return bytes.count == 1 || memcmp(start, start + 1, bytes.count - 1) == 0
    }

    /// The map as it stands in front of the data: decimal lines, filled up to whole tar blocks.
    static func data(_ segments: [TarEntry.Segment]) -> [UInt8] {
        var text = Array("\(segments.count)\n".utf8)
        for segment in segments { text += Array("\(segment.offset)\n\(segment.length)\n".utf8) }
        return text + [UInt8](repeating: 0, count: (512 - text.count % 512) % 512)
    }
}
