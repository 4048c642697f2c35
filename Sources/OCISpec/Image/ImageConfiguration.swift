internal import JSON
internal import Support

/// What an image says of itself: how to run it and what its layers are (OCI image specification, config.md).
public struct ImageConfiguration: Sendable {
    /// How its containers run by default. Every text in it comes from the image and is untrusted, but holds no NUL.
    public struct Process: Sendable, Hashable {
        /// `NAME=value` entries.
        public var environment: [String] = []
        /// The words in front of the command; empty where the image has none.
        public var entrypoint: [String] = []
        /// The default command or arguments.
        public var command: [String] = []
        /// The working folder; empty means `/`.
        public var workingFolder = ""
        /// `user`, `uid`, `user:group` or `uid:gid`; empty means root.
        public var user = ""
        /// Ports such as `80/tcp`, sorted.
        public var exposedPorts: [String] = []
        /// Folders that want a volume, sorted.
        public var volumes: [String] = []
        /// Labels.
        public var labels: [String: String] = [:]
        /// The signal that asks the program to stop, such as `SIGQUIT`; empty means SIGTERM.
        public var stopSignal = ""
        /// Docker's health check as JSON text; nil where the image has none.
        public var healthcheck: [UInt8]?
        /// The words of the shell form; empty means `/bin/sh -c`.
        public var shell: [String] = []
        /// Dockerfile instructions for images that are built upon this one.
        public var onBuild: [String] = []

        /// Nothing set.
        public init() {}
    }

    /// One step of the image's making.
    public struct History: Sendable, Hashable {
        /// When, as RFC 3339 text; untrusted.
        public var created = ""
        /// By which command; untrusted.
        public var createdBy = ""
        /// A remark; untrusted.
        public var comment = ""
        /// True where the step made no layer.
        public var isEmptyLayer = false

        /// A step that nothing is known of.
        public init() {}
    }

    /// What the image runs on.
    public let platform: Platform
    /// When it was made, as RFC 3339 text; empty where unknown; untrusted.
    public let created: String
    /// Who made it; untrusted.
    public let author: String
    /// How its containers run.
    public let process: Process
    /// The hash of each layer's tar stream without compression, the lowest first.
    public let diffIDs: [Digest]
    /// How it was made, oldest first.
    public let history: [History]
    /// The document as received; the image ID is the digest of these bytes.
    public let raw: [UInt8]

    /// Parses a configuration of at most ``ImageDocumentLimits/configurationBytes``.
    public init(_ bytes: [UInt8]) throws {
        try checkLength(bytes, ImageDocumentLimits.configurationBytes, "image configuration")
        var fields = Fields()
        try JSONReader.document(bytes) { reader in
            try reader.object { key, value in try fields.member(key, &value) }
        }
        guard !fields.os.isEmpty, !fields.architecture.isEmpty else {
            throw RuntimeError(.invalidArgument, "image configuration: no os or architecture")
        }
        guard let diffIDs = fields.diffIDs else {
            throw RuntimeError(.invalidArgument, "image configuration: no rootfs")
        }
        platform = Platform(os: fields.os, architecture: fields.architecture, variant: fields.variant)
        created = fields.created
        author = fields.author
        process = fields.process
        self.diffIDs = diffIDs
        history = fields.history
        raw = bytes
    }
}

/// The members as they are met.
private struct Fields {
    var os = ""
    var architecture = ""
    var variant = ""
    var created = ""
    var author = ""
    var process = ImageConfiguration.Process()
    var diffIDs: [Digest]?
    var history: [ImageConfiguration.History] = []

    mutating func member(_ key: String, _ value: inout JSONReader) throws {
        switch key {
        case "os": os = try value.text()
        case "architecture": architecture = try value.text()
        case "variant": variant = try value.text()
        case "created": created = try value.text()
        case "author": author = try value.text()
        case "config": process = try value.optional { reader in try readProcess(&reader) } ?? process
        case "rootfs": diffIDs = try value.optional { reader in try readRoot(&reader) }
        case "history": history = try value.optional { reader in try reader.list(readHistory) } ?? []
        default: try value.skip()
        }
    }
}

private func readRoot(_ reader: inout JSONReader) throws -> [Digest] {
    var all: [Digest] = []
    try reader.object { key, value in
        switch key {
        case "type":
            let type = try value.text()
            if type != "layers" { throw value.failure("only \"layers\" is known, not \"\(shortened(type))\"") }
        case "diff_ids":
            all = try value.optional { reader in try reader.list { reader in try reader.digest() } } ?? []
            if all.count > ImageDocumentLimits.layers {
                throw value.failure("more than \(ImageDocumentLimits.layers) layers")
            }
        default: try value.skip()
        }
    }
    return all
}

private func readHistory(_ reader: inout JSONReader) throws -> ImageConfiguration.History {
    var step = ImageConfiguration.History()
    try reader.object { key, value in
        switch key {
        case "created": step.created = try value.text()
        case "created_by": step.createdBy = try value.text()
        case "comment": step.comment = try value.text()
        case "empty_layer": step.isEmptyLayer = try value.optional { reader in try reader.bool() } ?? false
        default: try value.skip()
        }
    }
    return step
}

private func readProcess(_ reader: inout JSONReader) throws -> ImageConfiguration.Process {
    var process = ImageConfiguration.Process()
    try reader.object { key, value in
        switch key {
        case "Env": process.environment = try value.words()
        case "Entrypoint": process.entrypoint = try value.words()
        case "Cmd": process.command = try value.words()
        case "Shell": process.shell = try value.words()
        case "OnBuild": process.onBuild = try value.words()
        case "WorkingDir": process.workingFolder = try value.text()
        case "User": process.user = try value.text()
        case "StopSignal": process.stopSignal = try value.text()
        case "ExposedPorts": process.exposedPorts = try value.names()
        case "Volumes": process.volumes = try value.names()
        case "Labels": process.labels = try value.optional { reader in try reader.stringMap() } ?? [:]
        case "Healthcheck": process.healthcheck = try value.optional { reader in try reader.raw() }
        default: try value.skip()
        }
    }
    return process
}

extension JSONReader {
    /// Reads a string without NUL; null is the empty string.
    fileprivate mutating func text() throws -> String {
        guard let text = try optional({ reader in try reader.string() }) else { return "" }
        if text.utf8.contains(0) { throw failure("a string with a NUL character") }
        return text
    }

    /// Reads a list of strings without NUL; null is the empty list and a lone string a list of one, as Docker has it.
    fileprivate mutating func words() throws -> [String] {
        if try null() { return [] }
        if nextIsString { return [try text()] }
        return try list { reader in try reader.text() }
    }

    /// Reads the names of an object's members, sorted; null is no names.
    fileprivate mutating func names() throws -> [String] {
        var names: Set<String> = []
        if try null() { return [] }
        try object { key, value in
            if key.utf8.contains(0) { throw value.failure("a name with a NUL character") }
            names.insert(key)
            try value.skip()
        }
        return names.sorted()
    }

    private var nextIsString: Bool {
        var copy = self
        return (try? copy.string()) != nil
    }
}
