internal import CLinux
internal import Glibc
internal import Linux
internal import Support

/// The containers of this host: makes, starts, watches and removes them through a runtime program.
///
/// Keeps nothing in memory: each container's state is a record on disk, and the program that looks after a running one
/// holds its owner lock (``OwnedContainer``). Any number of programs may use the same folders at once. Calls block;
/// use them from a thread of one's own.
public struct ContainerService: Sendable {
    /// Where things live.
    public struct Folders: Sendable {
        /// What survives a reboot: records, volumes (`/var/lib/hako`).
        public var root: String
        /// What does not: bundles, sockets, the runtime's state (`/run/hako`).
        public var state: String

        /// Two folders.
        public init(root: String, state: String) {
            self.root = root
            self.state = state
        }
    }

    let folders: Folders
    let runtime: RuntimeClient
    let snapshots: any RootSnapshots
    let store: ContainerStore

    /// A service over `folders`; makes them where they are missing.
    public init(folders: Folders, runtime: RuntimeClient, snapshots: any RootSnapshots) throws {
        self.folders = folders
        self.runtime = runtime
        self.snapshots = snapshots
        store = ContainerStore(folder: "\(folders.root)/containers")
        try attempt("open the container store") {
            try makeDirectories(store.folder, mode: 0o711)
            try makeDirectories(folders.state, mode: 0o711)
        }
    }

    /// Every container, oldest first.
    public func list() throws -> [ContainerRecord] {
        try store.all()
    }

    /// The container that `reference` means: a name, an id or the unique beginning of one.
    public func find(_ reference: String) throws -> ContainerRecord {
        try store.find(reference)
    }

    /// Sends a signal to a running container.
    public func signal(_ reference: String, _ signal: Int32) throws {
        let record = try store.find(reference)
        guard case .running = record.lifecycle else {
            throw RuntimeError(.invalidState, "container \(record.name): it is \(record.lifecycle.name), not running")
        }
        try runtime.kill(record.id, signal: signal)
    }

    /// The client of the runtime that containers run with.
    public var runtimeClient: RuntimeClient { runtime }

    /// Where a container's bundle is while it runs.
    func bundle(of id: String) -> String { "\(folders.state)/bundles/\(id)" }

    /// Where a running container's root is mounted.
    public func root(of container: ContainerRecord) -> String { mountPoint(of: container.id) }

    /// Where its root is mounted while it runs.
    func mountPoint(of id: String) -> String { "\(bundle(of: id))/rootfs" }

    /// Seconds of the Unix epoch.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec)
    }
}
