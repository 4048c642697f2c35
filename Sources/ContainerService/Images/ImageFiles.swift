internal import Archive
internal import Glibc
internal import Linux
internal import Support

/// The files of an image in a folder, or in a plain tar file, where they are read in place. Both may be hostile: no link
/// leads outside.
final class ImageFiles: Sendable {
    /// Names the whole for messages.
    let shown: String
    private let place: Place

    private enum Place: Sendable {
        case folder(SharedRoot)
        case tar(SharedDescriptor, [String: Entry])
    }

    private enum Entry: Sendable {
        case file(offset: Int64, size: Int64)
        /// Another path of the archive.
        case link(String)
    }

    private final class SharedRoot: Sendable {
        let directory: RootDirectory

        init(_ directory: consuming RootDirectory) {
            self.directory = directory
        }
    }

    /// Files in a folder; `shown` names it where its path would tell nothing.
    init(folder: String, shown: String? = nil) throws {
        place = .folder(SharedRoot(try RootDirectory(opening: folder)))
        self.shown = shown ?? folder
    }

    /// Files in a tar that stands at its start; nil where it is packed or no regular file, so that its content can't be
    /// read in place, and then it stands there still.
    init?(tar archive: borrowing Descriptor, shown: String) throws {
        let file = SharedDescriptor(try archive.duplicate())
        let raw = file.rawValue
        var status = stat()
        try check("fstat", shown) { fstat(raw, &status) }
        guard status.st_mode & S_IFMT == S_IFREG else { return nil }
        // Everything else is read by offset, so that the reader may move the file's.
        let start = lseek(raw, 0, SEEK_CUR)
        let reader = try TarReader(ArchiveInput(file), readsAhead: false)
        guard start == 0, reader.codec == .none else {
            lseek(raw, start, SEEK_SET)
            return nil
        }
        var entries: [String: Entry] = [:]
        while let entry = try reader.next() {
            guard let name = Self.normal(entry.name, in: []) else { continue }
            switch entry.kind {
            case .regular where entry.segments == nil:
                guard entry.storedSize <= Int64(status.st_size) - entry.dataOffset else {
                    throw RuntimeError(.invalidArgument, "\(shown): truncated in \(name)")
                }
                entries[name] = .file(offset: entry.dataOffset, size: entry.storedSize)
            case .hardLink: entries[name] = Self.normal(entry.linkName, in: []).map { .link($0) }
            case .symbolicLink:
                let folder = name.split(separator: "/").dropLast().map(String.init)
                entries[name] = Self.normal(entry.linkName, in: folder).map { .link($0) }
            default: entries[name] = nil
            }
        }
        place = .tar(file, entries)
        self.shown = shown
    }

    /// Whether there is a file of that path.
    func contains(_ path: String) -> Bool {
        (try? open(path)) != nil
    }

    /// The whole of a small file.
    func read(_ path: String, limit: Int) throws -> [UInt8] {
        let part = try open(path)
        var bytes: [UInt8] = []
        while case let piece = try part.read(at: Int64(bytes.count), most: min(1 << 20, limit + 1 - bytes.count)),
            !piece.isEmpty
        {
            bytes += piece
            guard bytes.count <= limit else {
                throw RuntimeError(.resourceExhausted, "\(shown)/\(path): more than \(limit) bytes")
            }
        }
        return bytes
    }

    /// A file, to be read from.
    func open(_ path: String) throws -> FilePart {
        switch place {
        case .folder(let root):
            let file = SharedDescriptor(try root.directory.open(path, O_RDONLY | O_NONBLOCK))
            return FilePart(file: file, start: 0, count: .max, shown: "\(shown)/\(path)")
        case .tar(let file, let entries):
            var name = path
            for _ in 0..<40 {
                switch entries[name] {
                case .file(let offset, let size):
                    return FilePart(file: file, start: offset, count: size, shown: "\(shown)/\(path)")
                case .link(let target): name = target
                case nil: throw RuntimeError(.notFound, "\(shown)/\(path): not in the archive")
                }
            }
            throw RuntimeError(.invalidArgument, "\(shown)/\(path): links in a circle")
        }
    }

    /// A path from the archive's root, cleaned; nil where it leads out of it or is no text.
    private static func normal(_ path: [UInt8], in folder: [String]) -> String? {
        guard let text = String(validating: path, as: UTF8.self) else { return nil }
        var parts = text.hasPrefix("/") ? [] : folder
        for part in text.split(separator: "/") where part != "." {
            if part != ".." {
                parts.append(String(part))
            } else if parts.popLast() == nil {
                return nil
            }
        }
        return parts.joined(separator: "/")
    }
}

/// A stretch of an open file.
struct FilePart: Sendable {
    let file: SharedDescriptor
    let start: Int64
    let count: Int64
    let shown: String

    /// How long it is.
    func size() throws(SystemCallError) -> Int64 {
        let raw = file.rawValue
        var status = stat()
        try check("fstat", shown) { fstat(raw, &status) }
        return min(count, Int64(status.st_size) - start)
    }

    /// At most `most` bytes from `offset`; none at the end.
    func read(at offset: Int64, most: Int) throws(SystemCallError) -> [UInt8] {
        let wanted = Int(min(Int64(most), max(0, count - offset)))
        if wanted == 0 { return [] }
        let raw = file.rawValue
        var failure: SystemCallError?
        let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
            do throws(SystemCallError) {
                filled = try checkCount("pread", shown) { pread(raw, buffer.baseAddress, wanted, Int(start + offset)) }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }
}
