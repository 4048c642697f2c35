internal import ContainerService
internal import JSON
internal import OCISpec
internal import Snapshots

/// Containers in the Engine API's form.
struct ContainerDocuments: Sendable {
    let host: ContainerHost

    /// Where a container is in its life, in docker's words.
    static func state(_ record: ContainerRecord) -> String {
        switch record.lifecycle {
        case .preparing, .created, .starting: "created"
        case .running: record.supervision?.isPaused == true ? "paused" : "running"
        case .exited: "exited"
        case .removing, .removed: "removing"
        }
    }

    /// One line of a list.
    func summary(_ record: ContainerRecord) -> JSONValue {
        let specification = record.specification
        let names = record.specification.request?["HostConfig"]?["NetworkMode"] ?? .string(network(specification))
        return .members([
            ("Id", .string(record.id)), ("Names", .strings(["/\(record.name)"])),
            ("Image", .string(specification.image)), ("ImageID", .string(record.imageIdentifier)),
            ("Command", .string(specification.arguments.joined(separator: " "))),
            ("Created", .integer(record.created)), ("Ports", .array([])), ("Labels", .strings(specification.labels)),
            ("State", .string(Self.state(record))), ("Status", .string(Self.status(record))),
            ("HostConfig", .members([("NetworkMode", names)])),
            ("NetworkSettings", .members([("Networks", networks(specification))])),
            ("Mounts", .array(specification.mounts.map(mount))),
        ])
    }

    /// How a container is, in words, such as `Up 5 seconds`.
    static func status(_ record: ContainerRecord) -> String {
        let now = Event(.daemon, "", "").time / 1_000_000_000
        switch record.lifecycle {
        case .preparing, .created, .starting: return "Created"
        case .running(_, let since):
            return "Up \(Durations.text(now - since))" + (record.supervision?.isPaused == true ? " (Paused)" : "")
        case .exited(let ending): return "Exited (\(ending.code)) \(Durations.text(now - ending.at)) ago"
        case .removing, .removed: return "Removal In Progress"
        }
    }

    /// Everything of one container.
    func inspection(_ record: ContainerRecord, sized: Bool) -> JSONValue {
        let specification = record.specification
        let folder = host.containers.logPath(of: record.id)
        var members: [(String, JSONValue)] = [
            ("Id", .string(record.id)), ("Created", .string(Timestamps.text(record.created))),
            ("Path", .string(specification.arguments.first ?? "")),
            ("Args", .strings(Array(specification.arguments.dropFirst()))), ("State", Self.stateDocument(record)),
            ("Image", .string(record.imageIdentifier)), ("ResolvConfPath", .string(file("resolv.conf", record))),
            ("HostnamePath", .string(file("hostname", record))), ("HostsPath", .string(file("hosts", record))),
            ("LogPath", .string(specification.log.driver == "json-file" ? folder : "")),
            ("Name", .string("/\(record.name)")), ("RestartCount", .integer(record.supervision?.restarts ?? 0)),
            ("Driver", .string(host.driver.rawValue)), ("Platform", .string("linux")), ("MountLabel", .string("")),
            ("ProcessLabel", .string("")), ("AppArmorProfile", .string("")),
            ("ExecIDs", executing(record)), ("HostConfig", hostDocument(specification)),
            (
                "GraphDriver",
                .members([("Name", .string(host.driver.rawValue)), ("Data", .members([("ID", .string(record.id))]))])
            ),
            ("Mounts", .array(specification.mounts.map(mount))), ("Config", configDocument(record)),
            ("NetworkSettings", settings(specification)),
        ]
        if sized {
            members.append(("SizeRw", .integer(host.images.writtenBytes(record))))
            members.append(("SizeRootFs", .integer(host.images.writtenBytes(record))))
        }
        return .members(members)
    }

    private func executing(_ record: ContainerRecord) -> JSONValue {
        let ids = host.supervisor.execs(of: record.id)
        return ids.isEmpty ? .null : .strings(ids)
    }

    private func file(_ name: String, _ record: ContainerRecord) -> String {
        "\(host.folders.root)/containers/\(record.id)/\(name)"
    }

    private static func stateDocument(_ record: ContainerRecord) -> JSONValue {
        let never = "0001-01-01T00:00:00Z"
        let supervision = record.supervision
        var (pid, code, error) = (Int32(0), Int32(0), "")
        switch record.lifecycle {
        case .running(let number, _): pid = number
        case .exited(let ending): (code, error) = (ending.code, ending.reason ?? "")
        default: break
        }
        let isUp = if case .running = record.lifecycle { true } else { false }
        return .members([
            ("Status", .string(state(record))), ("Running", .bool(isUp)),
            ("Paused", .bool(supervision?.isPaused ?? false)), ("Restarting", .bool(false)),
            ("OOMKilled", .bool(supervision?.ranOutOfMemory ?? false)), ("Dead", .bool(false)), ("Pid", .integer(pid)),
            ("ExitCode", .integer(code)), ("Error", .string(error)),
            ("StartedAt", .string(supervision?.startedAt ?? never)),
            ("FinishedAt", .string(supervision?.finishedAt ?? never)),
        ])
    }

    // MARK: Parts

    private func configDocument(_ record: ContainerRecord) -> JSONValue {
        let specification = record.specification
        let entrypoint = specification.entrypoint ?? []
        var config = specification.request ?? .object([])
        config["HostConfig"] = nil
        let known: [(String, JSONValue)] = [
            ("Hostname", .string(specification.hostname ?? record.shortID)),
            ("User", .string(specification.user ?? "")),
            ("Tty", .bool(specification.terminal)), ("OpenStdin", .bool(specification.interactive)),
            ("StdinOnce", .bool(specification.endsInputWithClient)), ("Env", .strings(specification.environment)),
            ("Cmd", specification.command.isEmpty ? .null : .strings(specification.command)),
            ("Image", .string(specification.image)), ("WorkingDir", .string(specification.workingFolder ?? "")),
            ("Entrypoint", entrypoint.isEmpty ? .null : .strings(entrypoint)),
            ("Labels", .strings(specification.labels)), ("StopSignal", .string(specification.stopSignal ?? "SIGTERM")),
        ]
        let defaults: [(String, JSONValue)] = [
            ("Domainname", .string("")), ("AttachStdin", .bool(false)), ("AttachStdout", .bool(true)),
            ("AttachStderr", .bool(true)), ("Volumes", .null), ("OnBuild", .null),
        ]
        for (name, value) in known { config[name] = value }
        for (name, value) in defaults where config[name] == nil { config[name] = value }
        return config
    }

    private func hostDocument(_ specification: ContainerSpecification) -> JSONValue {
        var document = specification.request?["HostConfig"] ?? .object([])
        if case .object = document {} else { document = .object([]) }
        let limits = specification.limits
        var log: [String: String] = [:]
        if let size = specification.log.maximumSize { log["max-size"] = "\(size)" }
        if specification.log.maximumFiles > 1 { log["max-file"] = "\(specification.log.maximumFiles)" }
        let known: [(String, JSONValue)] = [
            ("NetworkMode", .string(network(specification))), ("AutoRemove", .bool(specification.removesItself)),
            ("ReadonlyRootfs", .bool(specification.readOnlyRoot)),
            ("Privileged", .bool(specification.security.privileged)),
            ("Memory", .integer(limits.memory ?? 0)), ("MemorySwap", .integer(limits.memorySwap ?? 0)),
            ("NanoCpus", .integer((limits.milliCPUs ?? 0) * 1_000_000)), ("CpuShares", .integer(limits.cpuShares ?? 0)),
            ("Runtime", .string(specification.runtime ?? host.defaultRuntime)),
            (
                "RestartPolicy",
                .members([
                    ("Name", .string(specification.restart.name)),
                    ("MaximumRetryCount", .integer(specification.restart.most)),
                ])
            ),
            ("LogConfig", .members([("Type", .string(specification.log.driver)), ("Config", .strings(log))])),
        ]
        let defaults: [(String, JSONValue)] = [
            ("Binds", .null), ("ContainerIDFile", .string("")), ("PortBindings", .members([])), ("CapAdd", .null),
            ("CapDrop", .null), ("IpcMode", .string("private")), ("PidMode", .string("")), ("Devices", .array([])),
            ("ShmSize", .integer(64 << 20)), ("SecurityOpt", .null),
        ]
        for (name, value) in known { document[name] = value }
        for (name, value) in defaults where document[name] == nil { document[name] = value }
        return document
    }

    private func network(_ specification: ContainerSpecification) -> String {
        specification.sharesNetworkOf.map { "container:\($0)" } ?? specification.network.rawValue
    }

    private func networks(_ specification: ContainerSpecification) -> JSONValue {
        if specification.sharesNetworkOf != nil { return .members([]) }
        let empty = [
            "NetworkID", "EndpointID", "Gateway", "IPAddress", "MacAddress", "IPv6Gateway", "GlobalIPv6Address",
        ]
        return .members([(specification.network.rawValue, .members(empty.map { ($0, .string("")) }))])
    }

    private func settings(_ specification: ContainerSpecification) -> JSONValue {
        .members([
            ("SandboxID", .string("")), ("SandboxKey", .string("")), ("Ports", .members([])),
            ("Networks", networks(specification)),
        ])
    }

    private func mount(_ mount: ContainerSpecification.VolumeMount) -> JSONValue {
        var members: [(String, JSONValue)] = []
        switch mount.source {
        case .bind(let path, _): members = [("Type", .string("bind")), ("Source", .string(path))]
        case .volume(let name):
            members = [
                ("Type", .string("volume")), ("Name", .string(name)), ("Source", .string(host.volumes.path(name))),
                ("Driver", .string("local")),
            ]
        case .memory: members = [("Type", .string("tmpfs")), ("Source", .string(""))]
        }
        let propagations = ["private", "rprivate", "shared", "rshared", "slave", "rslave"]
        return .members(
            [
                ("Destination", .string(mount.destination)), ("Mode", .string(mount.options.joined(separator: ","))),
                ("RW", .bool(!mount.options.contains("ro"))),
                ("Propagation", .string(mount.options.first(where: propagations.contains) ?? "")),
            ] + members)
    }
}

/// Spans of time as docker's people read them.
enum Durations {
    static func text(_ seconds: Int64) -> String {
        switch seconds {
        case ..<1: "Less than a second"
        case 1: "1 second"
        case ..<60: "\(seconds) seconds"
        case ..<120: "About a minute"
        case ..<3600: "\(seconds / 60) minutes"
        case ..<5400: "About an hour"
        case ..<172_800: "\((seconds + 1800) / 3600) hours"
        case ..<1_209_600: "\(seconds / 86_400) days"
        case ..<5_184_000: "\(seconds / 604_800) weeks"
        case ..<63_072_000: "\(seconds / 2_592_000) months"
        default: "\(seconds / 31_536_000) years"
        }
    }
}
