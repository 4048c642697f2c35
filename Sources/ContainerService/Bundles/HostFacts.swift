internal import CLinux
internal import Glibc
internal import Linux
internal import OCISpec

/// What of the host a bundle depends on.
struct HostFacts {
    /// The host's name.
    var hostname = "localhost"
    /// The capabilities that a container can be given.
    var capabilities: [String] = []
    /// Whether swap can be limited.
    var countsSwap = true
    /// The host's device nodes, for privileged containers.
    var devices: [RuntimeConfiguration.Device] = []

    /// Facts for tests.
    init() {}

    /// Reads this host's.
    init(privileged: Bool) throws {
        var name = [CChar](repeating: 0, count: 256)
        if gethostname(&name, name.count - 1) == 0 {
            hostname = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        capabilities = try ContainerCapabilities.available()
        let memory = "/sys/fs/cgroup/memory"
        countsSwap = access(memory, F_OK) != 0 || access("\(memory)/memory.memsw.limit_in_bytes", F_OK) == 0
        if privileged { devices = try Self.devices(below: "/dev", depth: 3) }
    }

    /// The nodes of /dev without those that every container has of its own.
    private static func devices(below folder: String, depth: Int) throws -> [RuntimeConfiguration.Device] {
        let own: Set = ["pts", "shm", "mqueue", "fd", "console", "ptmx", "stdin", "stdout", "stderr", "core"]
        var found: [RuntimeConfiguration.Device] = []
        for name in try directoryEntries(folder) where folder != "/dev" || !own.contains(name) {
            let path = "\(folder)/\(name)"
            var status = stat()
            guard lstat(path, &status) == 0 else { continue }
            switch status.st_mode & S_IFMT {
            case S_IFDIR where depth > 1: found += try devices(below: path, depth: depth - 1)
            case S_IFCHR: found.append(device(path, .character, status))
            case S_IFBLK: found.append(device(path, .block, status))
            default: break
            }
        }
        return found
    }

    private static func device(
        _ path: String, _ kind: RuntimeConfiguration.DeviceKind, _ status: stat
    ) -> RuntimeConfiguration.Device {
        var device = RuntimeConfiguration.Device(
            type: kind, path: path, major: Int64(cl_major(numericCast(status.st_rdev))),
            minor: Int64(cl_minor(numericCast(status.st_rdev))),
            fileMode: status.st_mode & 0o7777)
        device.uid = status.st_uid
        device.gid = status.st_gid
        return device
    }
}
