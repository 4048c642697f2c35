internal import Glibc
internal import Linux
public import RegistryClient
public import Snapshots
internal import Support

/// What a daemon owns on this host: images, containers, volumes and events, for its doors to translate to.
///
/// One process at a time has a root. Calls block; use them from threads of one's own.
public final class ContainerHost: Sendable {
    /// How a host is opened.
    public struct Options: Sendable {
        /// What survives a reboot.
        public var root = "/var/lib/hako"
        /// What does not.
        public var state = "/run/hako"
        /// OCI runtimes by name.
        public var runtimes: [String: String] = [:]
        /// The one that runs containers where nothing is said.
        public var defaultRuntime = RuntimeLocation.standard
        /// The program that looks after a running container.
        public var shim = "hako-shim"
        /// How roots are made of layers; nil is what works.
        public var storageDriver: String?
        /// Told of what is wrong without leading to a failure.
        public var warn: @Sendable (String) -> Void = { _ in }

        /// The usual places.
        public init() {}
    }

    /// Where things live.
    public let folders: ContainerService.Folders
    /// Images, with the logins of the daemon's user.
    public let images: ImageService
    /// Containers as records and bundles.
    public let containers: ContainerService
    /// The daemon's own containers, which shims look after.
    public let supervisor: ContainerSupervisor
    /// What happens.
    public let events: EventLog
    /// Named volumes.
    public var volumes: Volumes { Volumes(folder: "\(folders.root)/volumes") }
    /// Where layers are unpacked.
    public let snapshots: any Snapshotter
    /// How roots are made of layers.
    public let driver: StorageDriver
    /// OCI runtimes by name, as paths.
    public let runtimes: [String: String]
    /// The runtime where nothing is said.
    public let defaultRuntime: String
    /// Told of what is wrong without leading to a failure.
    public let warn: @Sendable (String) -> Void
    private let lock: Descriptor

    /// Opens the folders, making them where they are missing.
    ///
    /// - Throws: `invalidState` where another daemon has them.
    public init(_ options: Options) throws {
        folders = .init(root: options.root, state: options.state)
        warn = options.warn
        try makeDirectories(options.root, mode: 0o711)
        lock = try Self.lock("\(options.root)/daemon.lock")
        var table = options.runtimes
        if table[options.defaultRuntime] == nil {
            table[options.defaultRuntime] = try RuntimeLocation.find(options.defaultRuntime)
        }
        (runtimes, defaultRuntime) = (table, options.defaultRuntime)
        (driver, snapshots) = try Self.snapshots("\(options.root)/snapshots", options)
        images = try ImageService(
            root: options.root, snapshots: snapshots, registry: RegistryAccess.client(warn: options.warn))
        var services: [String: ContainerService] = [:]
        for (name, path) in table {
            services[name] = try ContainerService(
                folders: folders, runtime: RuntimeClient(path: path, stateFolder: "\(options.state)/runtime"),
                snapshots: OverlayRoots(snapshots))
        }
        guard let containers = services[options.defaultRuntime] else {
            throw RuntimeError(.notFound, "runtime \(options.defaultRuntime): not in the table")
        }
        self.containers = containers
        let events = EventLog()
        self.events = events
        supervisor = ContainerSupervisor(
            services: services, defaultRuntime: options.defaultRuntime, events: events,
            shimProgram: try RuntimeLocation.find(options.shim), warn: options.warn)
    }

    /// Has `body` use images with a login of a client's own, as long as it lasts.
    ///
    /// - Parameter login: nil is the daemon's own, where it has one.
    public func withImages<T: Sendable>(
        login: RegistryCredential?, _ body: @escaping @Sendable (ImageService) async throws -> T
    ) throws -> T {
        let registry =
            login.map { login in
                RegistryClient(options: RegistryAccess.options(warn: warn)) { _ in login }
            } ?? RegistryAccess.client(warn: warn)
        let service = try ImageService(root: folders.root, snapshots: snapshots, registry: registry)
        return try waitFor {
            let result: Result<T, any Error>
            do { result = .success(try await body(service)) } catch { result = .failure(error) }
            await service.shutdown()
            return try result.get()
        }
    }

    /// Checks a login with its registry.
    public func verify(_ login: RegistryCredential, registry: String) throws -> RegistryCredential {
        let client = RegistryClient(options: RegistryAccess.options(warn: warn))
        return try waitFor {
            let result: Result<RegistryCredential, any Error>
            do { result = .success(try await client.verify(login, for: registry)) } catch { result = .failure(error) }
            await client.shutdown()
            return try result.get()
        }
    }

    /// The containers as they matter to their images.
    public func imageUses() throws -> [ImageUse] {
        try containers.list().map { record in
            ImageUse(container: record.shortID, identifier: record.imageIdentifier, isRunning: record.isRunning)
        }
    }

    private static func lock(_ path: String) throws -> Descriptor {
        let file = try Descriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mode: 0o600)
        let raw = file.rawValue
        if flock(raw, LOCK_EX | LOCK_NB) != 0 {
            throw RuntimeError(
                .invalidState, "\(parentPath(path)): another daemon has this folder; stop it, or name another folder")
        }
        return file
    }

    private static func snapshots(
        _ root: String, _ options: Options
    ) throws -> (StorageDriver, any Snapshotter) {
        if let wanted = options.storageDriver {
            let driver = try StorageDriver(parsing: wanted)
            return (driver, try driver.open(root: root))
        }
        let (driver, reason) = try StorageDriver.choose(root: root)
        if let reason { options.warn("containers' roots are plain copies: \(reason)") }
        return (driver, try driver.open(root: root))
    }
}
