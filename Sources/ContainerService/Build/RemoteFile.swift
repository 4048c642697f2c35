internal import ContentStore
internal import Dockerfile
internal import Glibc
internal import Linux
internal import OCISpec
internal import Support

/// ADD of an address.
enum RemoteFile {
    /// Bytes of a download at most.
    static let limit: Int64 = 16 << 30

    /// Whether a source is an address and not a path.
    static func isAddress(_ source: String, _ copy: CopyInstruction) -> Bool {
        copy.isAdd && (source.hasPrefix("http://") || source.hasPrefix("https://"))
    }

    /// Downloads into `folder/PREFIXNAME`, with the name that the address ends in.
    static func fetch(
        _ address: String, checksum: String?, into folder: String, prefix: String, _ session: BuildSession
    ) throws {
        let path = address.split(separator: "?")[0].split(separator: "#")[0]
        let parts = path.split(separator: "/").dropFirst(2)
        guard let name = parts.last.map(String.init), name != ".." else {
            throw RuntimeError(.invalidArgument, "\(address): no file name at its end")
        }
        let target = "\(folder)/\(prefix)\(name)"
        try session.download(address, to: target, limit: limit)
        try check("chmod", target) { chmod(target, 0o600) }
        guard let checksum else { return }
        let wanted = try Digest(checksum)
        var hash = ContentHash(wanted.algorithm)
        let file = try Descriptor.open(target, O_RDONLY)
        while true {
            let part = try file.readSome(1 << 18, target)
            if part.isEmpty { break }
            hash.update(part)
        }
        let found = try hash.digest()
        guard found == wanted else {
            throw RuntimeError(.invalidState, "\(address): its digest is \(found), not \(wanted)")
        }
    }
}
