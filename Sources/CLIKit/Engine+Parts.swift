internal import ContainerService
internal import Glibc
internal import Snapshots

extension Engine {
    /// Where images' layers are unpacked and containers' roots made, by the driver asked for or the one that works.
    static func snapshots(_ folders: ContainerService.Folders, _ options: GlobalOptions) throws -> any Snapshotter {
        let root = "\(folders.root)/snapshots"
        let wanted = options.storageDriver ?? getenv("HAKO_STORAGE_DRIVER").map { String(cString: $0) } ?? ""
        if !wanted.isEmpty { return try StorageDriver(parsing: wanted).open(root: root) }
        let (driver, reason) = try StorageDriver.choose(root: root)
        if let reason { Console.error("warning: containers' roots are plain copies: \(reason)") }
        return try driver.open(root: root)
    }
}
