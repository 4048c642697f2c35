internal import JSON
internal import Support

/// What hako keeps of a container on disk: its identity, specification and state.
public struct ContainerRecord: Sendable, Equatable {
    /// The version of the record's form that this program writes; it reads this and older ones.
    static let formatVersion = 1

    /// 64 hexadecimal digits.
    public let id: String
    /// The container's name, unique on this host.
    public internal(set) var name: String
    /// When it was made, in seconds of the Unix epoch.
    public let created: Int64
    /// The image's ID.
    public let imageIdentifier: String
    /// What it shall be, the image's defaults included.
    public internal(set) var specification: ContainerSpecification
    /// Where it is in its life.
    public internal(set) var lifecycle: ContainerLifecycle
    /// What a daemon keeps of a container that a shim looks after; nil where a program in the foreground does.
    public internal(set) var supervision: Supervision?

    /// What a daemon keeps of a container of its own.
    public struct Supervision: Sendable, Equatable {
        /// How often it was started again by its restart policy since somebody started it.
        public var restarts = 0
        /// Whether somebody stopped it, so that it stays so.
        public var wasStopped = false
        /// Whether it is paused.
        public var isPaused = false
        /// Whether the kernel killed it for want of memory the last time.
        public var ranOutOfMemory = false
        /// When it was started last, in RFC 3339; nil where it never was.
        public var startedAt: String?
        /// When it ended last.
        public var finishedAt: String?

        init() {}
    }

    init(
        id: String, name: String, created: Int64, imageIdentifier: String, specification: ContainerSpecification,
        lifecycle: ContainerLifecycle
    ) {
        self.id = id
        self.name = name
        self.created = created
        self.imageIdentifier = imageIdentifier
        self.specification = specification
        self.lifecycle = lifecycle
    }

    /// The id's first twelve digits, as people read and type them.
    public var shortID: String { String(id.prefix(12)) }

    /// Whether its program runs, or is about to.
    public var isRunning: Bool {
        switch lifecycle {
        case .running, .starting: true
        default: false
        }
    }

    /// Whether a shim looks after it, now or until a daemon has taken note of its end.
    var isLookedAfterByShim: Bool { supervision != nil && isRunning }

    /// The text on disk.
    func json() -> [UInt8] {
        JSONWriter.text { writer in
            writer.object { object in
                object.member("formatVersion", Self.formatVersion)
                object.member("id", id)
                object.member("name", name)
                object.member("created", created)
                object.member("imageIdentifier", imageIdentifier)
                object.member("state") { lifecycle.write(to: &$0) }
                object.member("specification") { specification.write(to: &$0) }
                if let supervision { object.member("supervision") { supervision.write(to: &$0) } }
            }
        }
    }

    init(json: [UInt8]) throws {
        var version = 0
        var texts: [String: String] = [:]
        var created: Int64 = 0
        var lifecycle: ContainerLifecycle?
        var specification: ContainerSpecification?
        var supervision: Supervision?
        try JSONReader.document(json) { reader in
            try reader.object { key, value in
                switch key {
                case "formatVersion": version = try value.integer()
                case "id", "name", "imageIdentifier": texts[key] = try value.string()
                case "created": created = try value.integer()
                case "state": lifecycle = try ContainerLifecycle(from: &value)
                case "specification": specification = try ContainerSpecification(from: &value)
                case "supervision": supervision = try Supervision(from: &value)
                default: try value.skip()
                }
            }
        }
        guard (1...Self.formatVersion).contains(version) else {
            throw RuntimeError(
                .unsupported, "record of version \(version): this program reads 1 to \(Self.formatVersion)")
        }
        guard let id = texts["id"], let name = texts["name"], let lifecycle, let specification else {
            throw RuntimeError(.internal, "record without id, name, state or specification")
        }
        self.init(
            id: id, name: name, created: created, imageIdentifier: texts["imageIdentifier"] ?? "",
            specification: specification, lifecycle: lifecycle)
        self.supervision = supervision
    }
}

extension ContainerRecord.Supervision {
    func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("restarts", restarts)
            object.member("wasStopped", wasStopped)
            object.member("isPaused", isPaused)
            object.member("ranOutOfMemory", ranOutOfMemory)
            object.member("startedAt", startedAt)
            object.member("finishedAt", finishedAt)
        }
    }

    init(from reader: inout JSONReader) throws {
        self.init()
        try reader.object { key, value in
            switch key {
            case "restarts": restarts = try value.integer()
            case "wasStopped": wasStopped = try value.bool()
            case "isPaused": isPaused = try value.bool()
            case "ranOutOfMemory": ranOutOfMemory = try value.bool()
            case "startedAt": startedAt = try value.string()
            case "finishedAt": finishedAt = try value.string()
            default: try value.skip()
            }
        }
    }
}

extension ContainerLifecycle {
    func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("name", name)
            switch self {
            case .running(let pid, let since):
                object.member("pid", pid)
                object.member("at", since)
            case .exited(let ending):
                object.member("code", ending.code)
                object.member("at", ending.at)
                object.member("reason", ending.reason)
            default: break
            }
        }
    }

    init(from reader: inout JSONReader) throws {
        var name = ""
        var pid: Int32 = 0
        var ending = Ending(code: 0, at: 0)
        try reader.object { key, value in
            switch key {
            case "name": name = try value.string()
            case "pid": pid = try value.integer()
            case "at": ending.at = try value.integer()
            case "code": ending.code = try value.integer()
            case "reason": ending.reason = try value.string()
            default: try value.skip()
            }
        }
        switch name {
        case "preparing": self = .preparing
        case "created": self = .created
        case "starting": self = .starting
        case "running": self = .running(pid: pid, since: ending.at)
        case "exited": self = .exited(ending)
        case "removing": self = .removing
        default: throw reader.failure("unknown state \"\(name)\"")
        }
    }
}
