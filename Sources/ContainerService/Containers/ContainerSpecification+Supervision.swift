internal import JSON

/// The form in which a record keeps what a daemon needs to know.
extension ContainerSpecification {
    func writeSupervision(to object: inout JSONWriter) {
        object.member("runtime", runtime)
        object.member("restart") { restart.write(to: &$0) }
        object.member("log") { log.write(to: &$0) }
        object.member("endsInputWithClient", endsInputWithClient)
        object.member("stopTimeout", stopTimeout)
        object.member("sharesNetworkOf", sharesNetworkOf)
        if let request { object.member("request") { request.write(to: &$0) } }
    }
}

extension ContainerSpecification.RestartPolicy {
    /// The policy's name, as docker has it.
    public var name: String {
        switch self {
        case .never: "no"
        case .onFailure: "on-failure"
        case .always: "always"
        case .unlessStopped: "unless-stopped"
        }
    }

    /// A policy by docker's name; nil where there is none of that name.
    public init?(name: String, most: Int) {
        switch name {
        case "", "no": self = .never
        case "on-failure": self = .onFailure(most: most)
        case "always": self = .always
        case "unless-stopped": self = .unlessStopped
        default: return nil
        }
    }

    /// How often a container is started again at most; 0 is without a limit.
    public var most: Int { if case .onFailure(let most) = self { most } else { 0 } }

    func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("name", name)
            object.member("most", most)
        }
    }

    init(from reader: inout JSONReader) throws {
        var (name, most) = ("", 0)
        try reader.object { key, value in
            switch key {
            case "name": name = try value.string()
            case "most": most = try value.integer()
            default: try value.skip()
            }
        }
        guard let known = Self(name: name, most: most) else {
            throw reader.failure("unknown restart policy \"\(name)\"")
        }
        self = known
    }
}

extension ContainerSpecification.Log {
    func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("driver", driver)
            object.member("maximumSize", maximumSize)
            object.member("maximumFiles", maximumFiles)
        }
    }

    init(from reader: inout JSONReader) throws {
        self.init()
        try reader.object { key, value in
            switch key {
            case "driver": driver = try value.string()
            case "maximumSize": maximumSize = try value.integer()
            case "maximumFiles": maximumFiles = try value.integer()
            default: try value.skip()
            }
        }
    }
}
