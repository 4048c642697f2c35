internal import ContainerService
internal import JSON
internal import Snapshots
internal import Support

/// What `/info` tells.
struct SystemDocument {
    let host: ContainerHost

    func value() throws -> JSONValue {
        let records = try host.containers.list()
        let running = records.filter(\.isRunning).count
        let images = Set(try host.images.listings().map(\.identifier)).count
        let facts = MachineFacts()
        let members: [(String, JSONValue)] = [
            ("ID", .string(facts.name)), ("Containers", .integer(records.count)),
            ("ContainersRunning", .integer(running)), ("ContainersPaused", .integer(0)),
            ("ContainersStopped", .integer(records.count - running)),
            ("Images", .integer(images)), ("Driver", .string(host.driver.rawValue)),
            ("DriverStatus", .array([])), ("Plugins", Self.plugins), ("OomKillDisable", .bool(false)),
            ("NGoroutines", .integer(0)),
            ("SystemTime", .string(Timestamps.text(Event(.daemon, "", "").time / 1_000_000_000))),
            ("LoggingDriver", .string("json-file")), ("CgroupDriver", .string("cgroupfs")),
            ("CgroupVersion", .string(facts.cgroupVersion)), ("NEventsListener", .integer(0)),
            ("KernelVersion", .string(facts.kernel)), ("OperatingSystem", .string(facts.operatingSystem)),
            ("OSVersion", .string("")), ("OSType", .string("linux")), ("Architecture", .string(facts.machine)),
            ("IndexServerAddress", .string("https://index.docker.io/v1/")), ("RegistryConfig", Self.registries),
            ("NCPU", .integer(facts.processors)), ("MemTotal", .integer(facts.memory)),
            ("GenericResources", .null), ("DockerRootDir", .string(host.folders.root)), ("HttpProxy", .string("")),
            ("HttpsProxy", .string("")), ("NoProxy", .string("")), ("Name", .string(facts.name)),
            ("Labels", .array([])), ("ExperimentalBuild", .bool(false)), ("ServerVersion", .string(hakoVersion)),
        ]
        return .members(members + limits + runtimes)
    }

    private var limits: [(String, JSONValue)] {
        [
            "MemoryLimit", "SwapLimit", "CpuCfsPeriod", "CpuCfsQuota", "CPUShares", "CPUSet", "PidsLimit",
            "IPv4Forwarding",
        ]
        .map { ($0, .bool(true)) } + [
            ("Debug", .bool(false)), ("NFd", .integer(0)), ("LiveRestoreEnabled", .bool(true)),
        ]
    }

    private var runtimes: [(String, JSONValue)] {
        let table = host.runtimes.sorted { $0.key < $1.key }.map { name, path in
            (name, JSONValue.members([("path", .string(path))]))
        }
        let commit = JSONValue.members([("ID", .string("")), ("Expected", .string(""))])
        return [
            ("Runtimes", .members(table)), ("DefaultRuntime", .string(host.defaultRuntime)),
            ("Swarm", Self.swarm), ("Isolation", .string("")), ("InitBinary", .string("")),
            ("ContainerdCommit", commit), ("RuncCommit", commit), ("InitCommit", commit),
            ("SecurityOptions", .strings(["name=seccomp,profile=builtin"])), ("CDISpecDirs", .array([])),
            ("Warnings", .null),
        ]
    }

    private static var plugins: JSONValue {
        .members([
            ("Volume", .strings(["local"])), ("Network", .strings(["host", "none"])), ("Authorization", .null),
            ("Log", .strings(["json-file", "none"])),
        ])
    }

    private static var swarm: JSONValue {
        .members([
            ("NodeID", .string("")), ("NodeAddr", .string("")), ("LocalNodeState", .string("inactive")),
            ("ControlAvailable", .bool(false)), ("Error", .string("")), ("RemoteManagers", .null),
        ])
    }

    private static var registries: JSONValue {
        let official = JSONValue.members([
            ("Name", .string("docker.io")), ("Mirrors", .array([])), ("Secure", .bool(true)), ("Official", .bool(true)),
        ])
        return .members([
            ("InsecureRegistryCIDRs", .strings(["127.0.0.0/8", "::1/128"])),
            ("IndexConfigs", .members([("docker.io", official)])), ("Mirrors", .array([])),
        ])
    }
}
