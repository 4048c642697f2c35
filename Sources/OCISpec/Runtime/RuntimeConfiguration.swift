public import JSON

/// A bundle's `config.json`: OCI runtime specification 1.3, the parts for Linux.
///
/// Property names equal the JSON members. Reading is strict about types, ranges and enumerations, and an error names
/// the field; members that the specification does not define are skipped, and null counts as absent.
public struct RuntimeConfiguration: ConfigurationElement {
    /// The newest version of the specification that these types follow.
    public static let currentVersion = "1.3.0"

    /// Version of the specification that the document follows (SemVer 2.0).
    public var ociVersion: String
    /// The container's root file system.
    public var root: Root?
    /// What is mounted beyond the root, in this order.
    public var mounts: [Mount] = []
    /// The container's process; required by `start` only.
    public var process: Process?
    /// The host name seen inside, for a container with an own UTS namespace.
    public var hostname: String?
    /// The NIS domain name seen inside, for a container with an own UTS namespace.
    public var domainname: String?
    /// Programs run at points of the lifecycle.
    public var hooks: Hooks?
    /// Arbitrary metadata, untrusted.
    public var annotations: [String: String] = [:]
    /// What is special to Linux.
    public var linux: Linux?

    /// A document with nothing but its version.
    public init(ociVersion: String = currentVersion) {
        self.ociVersion = ociVersion
    }

    /// Parses a whole `config.json`.
    ///
    /// - Throws: `JSONError` that names the field.
    public init(json: [UInt8]) throws {
        self = try JSONReader.document(json) { reader in try RuntimeConfiguration(from: &reader) }
    }

    /// Reads the next value.
    public init(from reader: inout JSONReader) throws {
        self.init(ociVersion: "")
        try reader.members { key, value in
            switch key {
            case "ociVersion": ociVersion = try Self.version(&value)
            case "root": root = try Root(from: &value)
            case "mounts": mounts = try value.elements()
            case "process": process = try Process(from: &value)
            case "hostname": hostname = try value.kernelText()
            case "domainname": domainname = try value.kernelText()
            case "hooks": hooks = try Hooks(from: &value)
            case "annotations": annotations = try Self.annotations(&value)
            case "linux": linux = try Linux(from: &value)
            default: try value.skip()
            }
        }
        try reader.require("ociVersion", !ociVersion.isEmpty)
        // Before 1.3 the number was no option: 0 is what writers that want no limit put there, such as podman 4.
        if minorVersion < 3, linux?.resources?.pids?.limit == 0 { linux?.resources?.pids = nil }
    }

    /// MINOR of ``ociVersion``.
    private var minorVersion: UInt {
        ociVersion.split(separator: ".", maxSplits: 2).dropFirst().first.flatMap { UInt($0) } ?? 0
    }

    private static func annotations(_ reader: inout JSONReader) throws -> [String: String] {
        let map = try reader.stringMap()
        if map[""] != nil { throw reader.failure("an annotation with an empty key") }
        return map
    }

    /// Accepts `1.MINOR.PATCH`, with a pre-release or build after `-` or `+` (SemVer 2.0.0).
    private static func version(_ reader: inout JSONReader) throws -> String {
        let text = try reader.kernelText()
        let core = text.prefix { $0 != "-" && $0 != "+" }
        let parts = core.split(separator: ".", omittingEmptySubsequences: false)
        let suffix = text.dropFirst(core.count + 1)
        let hasGoodSuffix = suffix.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+"):
                true
            default: false
            }
        }
        guard parts.count == 3, parts.allSatisfy({ UInt($0) != nil }), hasGoodSuffix else {
            throw reader.failure("\"\(text)\" is not a version (MAJOR.MINOR.PATCH)")
        }
        guard parts[0] == "1" else {
            throw reader.failure("version \(text) is not supported (1.0.0 to \(currentVersion))")
        }
        return text
    }

    /// Writes the document as one value.
    public func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("ociVersion", ociVersion)
            object.member("process", element: process)
            object.member("root", element: root)
            object.member("hostname", hostname)
            object.member("domainname", domainname)
            object.member("mounts", elements: mounts)
            object.member("hooks", element: hooks)
            object.member("annotations", unlessEmpty: annotations)
            object.member("linux", element: linux)
        }
    }

    /// The document's text; `indent` spaces a level, compact where it is 0.
    public func json(indent: Int = 0) -> [UInt8] {
        JSONWriter.text(indent: indent) { writer in write(to: &writer) }
    }
}

extension RuntimeConfiguration {
    /// `root`: the container's root file system.
    public struct Root: ConfigurationElement {
        /// Absolute, or relative to the bundle.
        public var path: String
        /// Whether the root is read-only inside the container.
        public var readonly: Bool

        /// A root at `path`.
        public init(path: String, readonly: Bool = false) {
            self.path = path
            self.readonly = readonly
        }

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            self.init(path: "")
            try reader.members { key, value in
                switch key {
                case "path": path = try value.kernelText()
                case "readonly": readonly = try value.bool()
                default: try value.skip()
                }
            }
            try reader.require("path", !path.isEmpty)
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("path", path)
                if readonly { object.member("readonly", true) }
            }
        }
    }

    /// An element of `mounts`.
    public struct Mount: ConfigurationElement {
        /// Where, inside the container.
        public var destination: String
        /// A file system type of the kernel, or `bind`.
        public var type: String?
        /// A device name, a file or folder (absolute or relative to the bundle), or a dummy.
        public var source: String?
        /// Options as of fstab, and the recursive ones of the specification.
        public var options: [String]
        /// User ids of an id-mapped mount.
        public var uidMappings: [IDMapping] = []
        /// Group ids of an id-mapped mount.
        public var gidMappings: [IDMapping] = []

        /// A mount of `source` on `destination`.
        public init(destination: String, type: String? = nil, source: String? = nil, options: [String] = []) {
            self.destination = destination
            self.type = type
            self.source = source
            self.options = options
        }

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            self.init(destination: "")
            try reader.members { key, value in
                switch key {
                case "destination": destination = try value.kernelText()
                case "type": type = try value.kernelText()
                case "source": source = try value.kernelText()
                case "options": options = try value.kernelTexts()
                case "uidMappings": uidMappings = try value.elements()
                case "gidMappings": gidMappings = try value.elements()
                default: try value.skip()
                }
            }
            try reader.require("destination", !destination.isEmpty)
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("destination", destination)
                object.member("type", type)
                object.member("source", source)
                object.member("options", unlessEmpty: options)
                object.member("uidMappings", elements: uidMappings)
                object.member("gidMappings", elements: gidMappings)
            }
        }
    }

    /// A range of user or group ids and what it is outside.
    public struct IDMapping: ConfigurationElement {
        /// The first id inside.
        public var containerID: UInt32
        /// The first id outside.
        public var hostID: UInt32
        /// How many ids.
        public var size: UInt32

        /// Maps `size` ids from `containerID` to those from `hostID`.
        public init(containerID: UInt32, hostID: UInt32, size: UInt32) {
            self.containerID = containerID
            self.hostID = hostID
            self.size = size
        }

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            var (inside, outside, count): (UInt32?, UInt32?, UInt32?)
            try reader.members { key, value in
                switch key {
                case "containerID": inside = try value.integer()
                case "hostID": outside = try value.integer()
                case "size": count = try value.integer()
                default: try value.skip()
                }
            }
            guard let inside else { throw reader.failure("the required member \"containerID\" is missing") }
            guard let outside else { throw reader.failure("the required member \"hostID\" is missing") }
            guard let count else { throw reader.failure("the required member \"size\" is missing") }
            self.init(containerID: inside, hostID: outside, size: count)
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("containerID", containerID)
                object.member("hostID", hostID)
                object.member("size", size)
            }
        }
    }
}
