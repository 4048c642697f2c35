internal import JSON

/// The form in which a record keeps a specification.
extension ContainerSpecification {
    func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("name", name)
            object.member("image", image)
            if let entrypoint { object.member("entrypoint", entrypoint) }
            object.member("command", command)
            object.member("environment", environment)
            object.member("workingFolder", workingFolder)
            object.member("user", user)
            object.member("hostname", hostname)
            object.member("labels", labels)
            object.member("terminal", terminal)
            object.member("interactive", interactive)
            object.member("readOnlyRoot", readOnlyRoot)
            object.member("network", network.rawValue)
            object.member("mounts") { list in list.array { list in for mount in mounts { mount.write(to: &list) } } }
            object.member("limits") { limits.write(to: &$0) }
            object.member("resourceLimits") { list in
                list.array { list in for limit in resourceLimits { limit.write(to: &list) } }
            }
            object.member("security") { security.write(to: &$0) }
            object.member("stopSignal", stopSignal)
            object.member("removesItself", removesItself)
            writeSupervision(to: &object)
        }
    }

    init(from reader: inout JSONReader) throws {
        self.init(image: "")
        try reader.object { key, value in
            switch key {
            case "name": name = try value.string()
            case "image": image = try value.string()
            case "entrypoint": entrypoint = try value.strings()
            case "command": command = try value.strings()
            case "environment": environment = try value.strings()
            case "workingFolder": workingFolder = try value.string()
            case "user": user = try value.string()
            case "hostname": hostname = try value.string()
            case "labels": labels = try value.stringMap()
            case "terminal": terminal = try value.bool()
            case "interactive": interactive = try value.bool()
            case "readOnlyRoot": readOnlyRoot = try value.bool()
            case "stopSignal": stopSignal = try value.string()
            case "removesItself": removesItself = try value.bool()
            case "runtime": runtime = try value.string()
            case "endsInputWithClient": endsInputWithClient = try value.bool()
            case "stopTimeout": stopTimeout = try value.integer()
            case "sharesNetworkOf": sharesNetworkOf = try value.string()
            case "request": request = try value.value()
            default: try readNested(key, &value)
            }
        }
    }

    private mutating func readNested(_ key: String, _ value: inout JSONReader) throws {
        switch key {
        case "network":
            let text = try value.string()
            guard let known = Network(rawValue: text) else { throw value.failure("unknown network \"\(text)\"") }
            network = known
        case "restart": restart = try RestartPolicy(from: &value)
        case "log": log = try Log(from: &value)
        case "mounts": mounts = try value.list { try VolumeMount(from: &$0) }
        case "limits": limits = try Limits(from: &value)
        case "resourceLimits": resourceLimits = try value.list { try ResourceLimit(from: &$0) }
        case "security": security = try Security(from: &value)
        default: try value.skip()
        }
    }
}

extension ContainerSpecification.VolumeMount {
    func write(to writer: inout JSONWriter) {
        writer.object { object in
            switch source {
            case .bind(let path, let create):
                object.member("bind", path)
                object.member("create", create)
            case .volume(let name): object.member("volume", name)
            case .memory: object.member("memory", true)
            }
            object.member("destination", destination)
            object.member("options", options)
        }
    }

    init(from reader: inout JSONReader) throws {
        self.init(source: .memory, destination: "")
        var path: String?
        var create = false
        try reader.object { key, value in
            switch key {
            case "bind": path = try value.string()
            case "create": create = try value.bool()
            case "volume": source = .volume(name: try value.string())
            case "destination": destination = try value.string()
            case "options": options = try value.strings()
            default: try value.skip()
            }
        }
        if let path { source = .bind(path: path, create: create) }
    }
}

extension ContainerSpecification.Limits {
    func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("memory", memory)
            object.member("memorySwap", memorySwap)
            object.member("memoryReservation", memoryReservation)
            object.member("milliCPUs", milliCPUs)
            object.member("cpuShares", cpuShares)
            object.member("cpus", cpus)
            object.member("memoryNodes", memoryNodes)
            object.member("pids", pids)
        }
    }

    init(from reader: inout JSONReader) throws {
        try reader.object { key, value in
            switch key {
            case "memory": memory = try value.integer()
            case "memorySwap": memorySwap = try value.integer()
            case "memoryReservation": memoryReservation = try value.integer()
            case "milliCPUs": milliCPUs = try value.integer()
            case "cpuShares": cpuShares = try value.integer()
            case "cpus": cpus = try value.string()
            case "memoryNodes": memoryNodes = try value.string()
            case "pids": pids = try value.integer()
            default: try value.skip()
            }
        }
    }
}

extension ContainerSpecification.ResourceLimit {
    func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("name", name)
            object.member("soft", soft)
            object.member("hard", hard)
        }
    }

    init(from reader: inout JSONReader) throws {
        self.init(name: "", soft: 0, hard: 0)
        try reader.object { key, value in
            switch key {
            case "name": name = try value.string()
            case "soft": soft = try value.integer()
            case "hard": hard = try value.integer()
            default: try value.skip()
            }
        }
    }
}

extension ContainerSpecification.Security {
    func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("addedCapabilities", addedCapabilities)
            object.member("droppedCapabilities", droppedCapabilities)
            object.member("privileged", privileged)
            object.member("noNewPrivileges", noNewPrivileges)
            switch seccomp {
            case .standard: break
            case .unconfined: object.member("unconfined", true)
            case .profile(let bytes): object.member("profile", String(decoding: bytes, as: UTF8.self))
            }
        }
    }

    init(from reader: inout JSONReader) throws {
        try reader.object { key, value in
            switch key {
            case "addedCapabilities": addedCapabilities = try value.strings()
            case "droppedCapabilities": droppedCapabilities = try value.strings()
            case "privileged": privileged = try value.bool()
            case "noNewPrivileges": noNewPrivileges = try value.bool()
            case "unconfined": if try value.bool() { seccomp = .unconfined }
            case "profile": seccomp = .profile(Array(try value.string().utf8))
            default: try value.skip()
            }
        }
    }
}
