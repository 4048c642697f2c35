internal import Glibc
internal import Linux
internal import OCISpec
internal import Support

/// Who a container's process runs as, found in the image's own /etc/passwd and /etc/group.
struct UserResolution: Equatable {
    var user = RuntimeConfiguration.User()
    /// The home folder; `/` where nobody says.
    var home = "/"

    /// The greatest id that is accepted: those above are negative to programs that keep ids in an int.
    static let greatestID: UInt32 = 0x7fff_ffff
    /// The longest passwd or group file that is read, in bytes.
    static let fileLimit = 1 << 20

    /// Resolves `user`, `uid`, `user:group` or `uid:gid`; empty is root.
    ///
    /// - Throws: `invalidArgument` for a name that the files don't have, or a number out of range.
    init(_ text: String, in root: borrowing RootDirectory) throws {
        try self.init(
            text, passwd: Self.read("/etc/passwd", in: root), group: Self.read("/etc/group", in: root))
    }

    init(_ text: String, passwd: [UInt8], group: [UInt8]) throws {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let userPart = parts.first.map(String.init) ?? ""
        let groupPart = parts.count > 1 ? String(parts[1]) : ""
        let entry = try Self.account(userPart.isEmpty ? "0" : userPart, passwd)
        user.uid = entry.uid
        user.gid = entry.gid
        home = entry.home
        if !groupPart.isEmpty {
            user.gid = try Self.group(groupPart, group)
        } else if let name = entry.name {
            user.additionalGids = Self.memberships(of: name, beyond: user.gid, group)
        }
    }

    private struct Account {
        var name: String?
        var uid: UInt32
        var gid: UInt32
        var home = "/"
    }

    private static func account(_ wanted: String, _ passwd: [UInt8]) throws -> Account {
        let number = try identifier(wanted, "user")
        for fields in lines(passwd, fields: 6) {
            guard let uid = UInt32(fields[2]), let gid = UInt32(fields[3]), uid <= greatestID, gid <= greatestID else {
                continue
            }
            if fields[0] == wanted || uid == number {
                return Account(name: fields[0], uid: uid, gid: gid, home: fields[5].hasPrefix("/") ? fields[5] : "/")
            }
        }
        if let number { return Account(name: nil, uid: number, gid: 0) }
        throw RuntimeError(.invalidArgument, "user \"\(wanted)\": no matching entry in the image's /etc/passwd")
    }

    private static func group(_ wanted: String, _ file: [UInt8]) throws -> UInt32 {
        if let number = try identifier(wanted, "group") { return number }
        for fields in lines(file, fields: 3) where fields[0] == wanted {
            if let gid = UInt32(fields[2]), gid <= greatestID { return gid }
        }
        throw RuntimeError(.invalidArgument, "group \"\(wanted)\": no matching entry in the image's /etc/group")
    }

    /// The groups that list the user, sorted.
    private static func memberships(of name: String, beyond primary: UInt32, _ file: [UInt8]) -> [UInt32] {
        var found: Set<UInt32> = []
        for fields in lines(file, fields: 4) {
            guard let gid = UInt32(fields[2]), gid <= greatestID, gid != primary else { continue }
            if fields[3].split(separator: ",").contains(where: { $0 == name }) { found.insert(gid) }
        }
        // What the kernel takes at most (NGROUPS_MAX).
        return Array(found.sorted().prefix(65536))
    }

    /// The number that a text of digits is; nil for a name.
    private static func identifier(_ text: String, _ what: String) throws -> UInt32? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        guard let number = UInt32(text), number <= greatestID else {
            throw RuntimeError(.invalidArgument, "\(what) \(text): out of range (0 to \(greatestID))")
        }
        return number
    }

    /// The lines that have at least so many fields between colons.
    private static func lines(_ file: [UInt8], fields: Int) -> [[String]] {
        file.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let parts = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            guard parts.count >= fields, line.first != UInt8(ascii: "#") else { return nil }
            return parts.map { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// The content of a regular file of the root; empty where it is missing.
    private static func read(_ path: String, in root: borrowing RootDirectory) throws -> [UInt8] {
        do {
            // A FIFO or device in its place must neither block nor be read.
            let file = try root.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
            var status = stat()
            let raw = file.rawValue
            try check("fstat", path) { fstat(raw, &status) }
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw RuntimeError(.invalidArgument, "the image's \(path) is no regular file")
            }
            return try attempt("read the image's \(path)") { try file.readAll(limit: fileLimit, path) }
        } catch let error as SystemCallError where error.errno == ENOENT || error.errno == ENOTDIR {
            return []
        }
    }
}
