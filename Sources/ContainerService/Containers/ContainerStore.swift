internal import Glibc
internal import Linux
internal import Support

/// The folder of all containers' records: `ROOT/containers/ID/{record.json,owner,…}`.
///
/// A record is replaced as a whole; only the holder of the container's owner lock writes it, anyone may read it.
struct ContainerStore: Sendable {
    let folder: String

    func folder(of id: String) -> String { "\(folder)/\(id)" }

    /// Every record that can be read, oldest first; a folder without one is a container not yet or no more there.
    func all() throws -> [ContainerRecord] {
        let records = try identifiers().compactMap { id in try read(id) }
        return records.sorted { ($0.created, $0.id) < ($1.created, $1.id) }
    }

    /// The ids that have a folder.
    func identifiers() throws -> [String] {
        do {
            return try directoryEntries(folder).filter { Self.isIdentifier($0) }
        } catch {
            if error.errno == ENOENT { return [] }
            throw error
        }
    }

    /// The record; nil where there is none.
    func read(_ id: String) throws -> ContainerRecord? {
        let path = "\(folder(of: id))/record.json"
        do {
            return try attempt("read \(path)") { try ContainerRecord(json: readFile(path, limit: 16 << 20)) }
        } catch let error as RuntimeError where (error.cause as? SystemCallError)?.errno == ENOENT {
            return nil
        }
    }

    /// Replaces the record.
    ///
    /// - Parameter durable: whether it must be there after a power failure; the end of a process loses nothing anyway.
    func write(_ record: ContainerRecord, durable: Bool = false) throws {
        try writeAtomically(record.json(), to: "\(folder(of: record.id))/record.json", durable: durable)
    }

    /// The container that `reference` means: a name, an id or the unique beginning of one.
    func find(_ reference: String) throws -> ContainerRecord {
        if Self.isIdentifier(reference), let record = try read(reference) { return record }
        let records = try all()
        if let named = records.first(where: { $0.name == reference }) { return named }
        let matches = reference.isEmpty ? [] : records.filter { $0.id.hasPrefix(reference) }
        if matches.count > 1 {
            throw RuntimeError(.invalidArgument, "container \(reference): \(matches.count) ids begin so")
        }
        guard let match = matches.first else { throw RuntimeError(.notFound, "no such container: \(reference)") }
        return match
    }

    /// Makes the folder of a new container whose name nobody has, and takes its owner lock; others wait meanwhile.
    func reserve(_ id: String, name: String) throws -> OwnerLock {
        try makeDirectories(folder, mode: 0o711)
        let gate = try Descriptor.open("\(folder)/.lock", O_RDWR | O_CREAT, mode: 0o600)
        let raw = gate.rawValue
        try check("flock", folder) { flock(raw, LOCK_EX) }
        for record in try all() where record.name == name {
            throw RuntimeError(
                .alreadyExists,
                "the name \"\(name)\" is in use by container \(record.shortID): remove that one or take another name")
        }
        let path = folder(of: id)
        try check("mkdir", path) { mkdir(path, 0o710) }
        do {
            guard let lock = try OwnerLock(path) else { throw RuntimeError(.internal, "a new container has an owner") }
            return lock
        } catch {
            rmdir(path)
            throw error
        }
    }

    static func isIdentifier(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x61 && $0 <= 0x66) }
    }
}

/// The lock of the one program that looks after a container; the kernel drops it when that program ends, however.
final class OwnerLock: Sendable {
    private let file: Descriptor

    /// Takes the lock of the container in `folder`; nil where another program has it.
    init?(_ folder: String) throws {
        file = try Descriptor.open("\(folder)/owner", O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        let raw = file.rawValue
        if flock(raw, LOCK_EX | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return nil }
            throw SystemCallError("flock", errno: errno, subject: "\(folder)/owner")
        }
    }
}
