internal import Glibc
internal import JSON
internal import Linux
internal import OCISpec
internal import Support

/// The folder that holds a folder for each container: `state.json`, `config.json`, until it is started `start.sock`, and
/// since the first update `resources.json`.
struct StateDirectory {
    let root: String
    /// The caller named the folder (`--root`).
    let isChosen: Bool
    /// What the caller's rights let be left undone.
    let rootless: Rootless

    init(root: String, isChosen: Bool = false, rootless: Rootless) {
        (self.root, self.isChosen, self.rootless) = (root, isChosen, rootless)
    }

    /// The container's folder.
    func folder(_ id: String) -> String { "\(root)/\(id)" }
    /// The socket that the created process waits at.
    func startSocket(_ id: String) -> String { "\(root)/\(id)/start.sock" }
    private func recordFile(_ id: String) -> String { "\(root)/\(id)/state.json" }
    private func configurationFile(_ id: String) -> String { "\(root)/\(id)/config.json" }
    private func resourcesFile(_ id: String) -> String { "\(root)/\(id)/resources.json" }

    /// Throws unless `id` is a name that runc and docker accept: letters, digits and `_+-.`, at most 1024 bytes.
    static func validate(_ id: String) throws(RuntimeError) {
        let fits = id.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                || byte == 0x5f || byte == 0x2b || byte == 0x2d || byte == 0x2e
        }
        guard fits, !id.isEmpty, id.utf8.count <= 1024, id != ".", id != ".." else {
            throw RuntimeError(.invalidArgument, "invalid container ID \"\(id)\": use letters, digits and _ + - .")
        }
    }

    /// Claims the id by making its folder; one that is there is an error.
    func claim(_ id: String) throws {
        try makeDirectories(root, mode: 0o711)
        if mkdir(folder(id), 0o700) == 0 { return }
        if errno == EEXIST { throw RuntimeError(.alreadyExists, "container with given ID already exists") }
        throw SystemCallError("mkdir", errno: errno, subject: folder(id))
    }

    func save(_ record: ContainerRecord) throws {
        // ROOT is on a file system that a reboot empties (/run): the record need not outlive the machine.
        try writeAtomically(record.json(), to: recordFile(record.id), durable: false)
    }

    func load(_ id: String) throws -> ContainerRecord {
        try Self.validate(id)
        let path = recordFile(id)
        do {
            return try ContainerRecord(json: Descriptor.open(path, O_RDONLY).readWhole(limit: 8 << 20, path))
        } catch let error as SystemCallError where error.errno == ENOENT {
            throw RuntimeError(.notFound, "container does not exist")
        } catch {
            return try attempt("record \(path)") { throw error }
        }
    }

    /// Keeps the configuration that a container is made with: what its bundle says later concerns it no more.
    func saveConfiguration(_ text: [UInt8], of id: String) throws {
        let path = configurationFile(id)
        try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600).writeAll(text, path)
    }

    /// The configuration that a container was made with.
    func configuration(of id: String) throws -> RuntimeConfiguration {
        let path = configurationFile(id)
        return try attempt(path) { try RuntimeConfiguration(json: readFile(path, limit: 16 << 20)) }
    }

    /// Keeps the limits that hold since an update.
    func save(_ resources: RuntimeConfiguration.Resources, of id: String) throws {
        let text = JSONWriter.text { writer in resources.write(to: &writer) }
        try writeAtomically(text, to: resourcesFile(id), durable: false)
    }

    /// The limits that hold: those of the last update, of the configuration where there was none.
    func resources(of id: String) throws -> RuntimeConfiguration.Resources {
        let path = resourcesFile(id)
        guard access(path, F_OK) == 0 else {
            return try configuration(of: id).linux?.resources ?? RuntimeConfiguration.Resources()
        }
        return try attempt("record \(path)") {
            try JSONReader.document(readFile(path, limit: 8 << 20)) { try RuntimeConfiguration.Resources(from: &$0) }
        }
    }

    /// An empty folder where a restored container's root is mounted for a while.
    func scratchFolder(_ id: String) -> String { "\(folder(id))/criu-root" }

    /// True where the id is claimed, even without a record.
    func exists(_ id: String) -> Bool { access(folder(id), F_OK) == 0 }

    func remove(_ id: String) throws {
        try removeTree(folder(id))
    }

    /// The same folder by a short name, as the working directory of this process: the way to each of many files is short then.
    func entered() -> StateDirectory {
        chdir(root) == 0 ? StateDirectory(root: ".", isChosen: isChosen, rootless: rootless) : self
    }

    /// Shows all records by id; none where the folder is missing that holds them where the caller has not named one.
    func forEachRecord(_ body: (ContainerRecord) -> Void) throws {
        if !isChosen, access(root, F_OK) != 0, errno == ENOENT { return }
        for id in try directoryEntries(root).sorted() {
            // A container that is deleted meanwhile is left out.
            if let record = try? load(id) { body(record) }
        }
    }
}
