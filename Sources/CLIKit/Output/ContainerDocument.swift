internal import ContainerService
internal import JSON

/// What `inspect` prints of a container, in docker's form.
struct ContainerDocument {
    let engine: Engine

    func value(_ record: ContainerRecord, sized: Bool) throws -> JSONValue {
        let specification = record.specification
        var members: [JSONValue.Member] = [
            .init("Id", .string(record.id)), .init("Created", .string(Timestamps.text(record.created))),
            .init("Path", .string(specification.arguments.first ?? "")),
            .init("Args", .strings(Array(specification.arguments.dropFirst()))), .init("State", state(record)),
            .init("Image", .string(record.imageIdentifier)), .init("Name", .string("/\(record.name)")),
            .init("RestartCount", .integer(0)), .init("Driver", .string("overlay")),
            .init("Platform", .string("linux")), .init("HostConfig", host(specification)),
            .init("Mounts", .array(specification.mounts.map(mount))), .init("Config", config(record)),
            .init(
                "NetworkSettings",
                .object([
                    .init("Networks", .object([.init(specification.network.rawValue, .object([]))])),
                    .init("Ports", .object([])),
                ])),
        ]
        if sized { members.append(.init("SizeRw", .integer(engine.imageService.writtenBytes(record)))) }
        return .object(members)
    }

    private func state(_ record: ContainerRecord) -> JSONValue {
        let never = "0001-01-01T00:00:00Z"
        var (pid, code, started, finished, error) = (Int32(0), Int32(0), never, never, "")
        switch record.lifecycle {
        case .running(let number, let since): (pid, started) = (number, Timestamps.text(since))
        case .exited(let ending):
            (code, finished, error) = (ending.code, Timestamps.text(ending.at), ending.reason ?? "")
        default: break
        }
        return .object([
            .init("Status", .string(record.lifecycle.name)), .init("Running", .bool(record.isRunning)),
            .init("Paused", .bool(false)), .init("Restarting", .bool(false)), .init("OOMKilled", .bool(false)),
            .init("Dead", .bool(false)), .init("Pid", .integer(pid)), .init("ExitCode", .integer(code)),
            .init("Error", .string(error)), .init("StartedAt", .string(started)),
            .init("FinishedAt", .string(finished)),
        ])
    }

    private func config(_ record: ContainerRecord) -> JSONValue {
        let specification = record.specification
        let entrypoint = specification.entrypoint ?? []
        return .object([
            .init("Hostname", .string(specification.hostname ?? record.shortID)),
            .init("User", .string(specification.user ?? "")),
            .init("AttachStdin", .bool(specification.interactive)), .init("Tty", .bool(specification.terminal)),
            .init("OpenStdin", .bool(specification.interactive)), .init("Env", .strings(specification.environment)),
            .init("Cmd", .strings(specification.command)), .init("Image", .string(specification.image)),
            .init("WorkingDir", .string(specification.workingFolder ?? "")),
            .init("Entrypoint", entrypoint.isEmpty ? .null : .strings(entrypoint)),
            .init("Labels", .strings(specification.labels)),
            .init("StopSignal", .string(specification.stopSignal ?? "SIGTERM")),
        ])
    }

    private func host(_ specification: ContainerSpecification) -> JSONValue {
        let limits = specification.limits
        return .object([
            .init("NetworkMode", .string(specification.network.rawValue)),
            .init("AutoRemove", .bool(specification.removesItself)),
            .init("ReadonlyRootfs", .bool(specification.readOnlyRoot)),
            .init("Memory", .integer(limits.memory ?? 0)), .init("MemorySwap", .integer(limits.memorySwap ?? 0)),
            .init("MemoryReservation", .integer(limits.memoryReservation ?? 0)),
            .init("NanoCpus", .integer((limits.milliCPUs ?? 0) * 1_000_000)),
            .init("CpuShares", .integer(limits.cpuShares ?? 0)),
        ])
    }

    private func mount(_ mount: ContainerSpecification.VolumeMount) -> JSONValue {
        let (kind, name, source) =
            switch mount.source {
            case .bind(let path, _): ("bind", nil as String?, path)
            case .volume(let name): ("volume", name, "\(engine.folders.root)/volumes/\(name)/_data")
            case .memory: ("tmpfs", nil, "")
            }
        var members: [JSONValue.Member] = [.init("Type", .string(kind))]
        if let name { members.append(.init("Name", .string(name))) }
        members += [
            .init("Source", .string(source)), .init("Destination", .string(mount.destination)),
            .init("Mode", .string(mount.options.joined(separator: ","))),
            .init("RW", .bool(!mount.options.contains("ro"))),
        ]
        return .object(members)
    }
}
