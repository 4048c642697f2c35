internal import JSON
internal import Support

/// What a shim is started with: the file ``ShimFolder/settings``, which its starter writes.
public struct ShimSettings: Sendable, Equatable {
    /// The OCI runtime's program.
    public var runtime: String
    /// The runtime's state folder (`--root`).
    public var runtimeRoot: String
    /// Further words before the runtime's verb, such as `--systemd-cgroup`.
    public var runtimeArguments: [String]
    /// For how many seconds the shim stays when its containers have ended and nobody is connected.
    public var lingerSeconds: Int
    /// The container to create at the start. A pod's others follow as ``ShimRequest/create(_:)``.
    public var container: ContainerSettings

    /// Settings.
    public init(
        runtime: String, runtimeRoot: String, runtimeArguments: [String] = [], lingerSeconds: Int = 10,
        container: ContainerSettings
    ) {
        self.runtime = runtime
        self.runtimeRoot = runtimeRoot
        self.runtimeArguments = runtimeArguments
        self.lingerSeconds = lingerSeconds
        self.container = container
    }

    /// The document of the settings file.
    public func json() -> [UInt8] {
        JSONWriter.text { writer in
            writer.object { writer in
                writer.member("version", ShimFolder.version)
                writer.member("runtime", runtime)
                writer.member("runtimeRoot", runtimeRoot)
                writer.member("runtimeArguments", runtimeArguments)
                writer.member("lingerSeconds", lingerSeconds)
                writer.member("container") { writer in writer.object { container.write(to: &$0) } }
            }
        }
    }

    /// Reads a settings file; a member that is unknown is an error that names it.
    public init(_ document: [UInt8]) throws {
        var members = ShimSettings(
            runtime: "", runtimeRoot: "", container: ContainerSettings(id: "", bundle: "", log: .none))
        try JSONReader.document(document) { reader in
            try reader.object { name, reader in
                switch name {
                case "version": try ShimFolder.checkVersion(&reader)
                case "runtime": members.runtime = try reader.string()
                case "runtimeRoot": members.runtimeRoot = try reader.string()
                case "runtimeArguments": members.runtimeArguments = try reader.strings()
                case "lingerSeconds": members.lingerSeconds = try reader.integer()
                case "container": members.container = try ContainerSettings(&reader)
                default: throw reader.failure("unknown member")
                }
            }
        }
        guard !members.runtime.isEmpty, !members.container.id.isEmpty, !members.container.bundle.isEmpty else {
            throw RuntimeError(.invalidArgument, "shim settings: runtime, container.id and container.bundle are needed")
        }
        self = members
    }
}

/// A container that a shim creates.
public struct ContainerSettings: Sendable, Equatable {
    /// Its ID at the runtime.
    public var id: String
    /// The bundle's folder, in which config.json lies.
    public var bundle: String
    /// Whether `process.terminal` of config.json is true.
    public var terminal: Bool
    /// Whether the first process has an input; else it reads the end of a file. A terminal is an input always.
    public var input: Bool
    /// Where its output is kept.
    public var log: LogSettings

    /// A container.
    public init(id: String, bundle: String, terminal: Bool = false, input: Bool = false, log: LogSettings) {
        self.id = id
        self.bundle = bundle
        self.terminal = terminal
        self.input = input
        self.log = log
    }

    init(_ reader: inout JSONReader) throws {
        self.init(id: "", bundle: "", log: .none)
        try reader.object { name, reader in
            switch name {
            case "id": id = try reader.string()
            case "bundle": bundle = try reader.string()
            case "terminal": terminal = try reader.bool()
            case "input": input = try reader.bool()
            case "log": log = try LogSettings(&reader)
            default: throw reader.failure("unknown member")
            }
        }
    }

    func write(to writer: inout JSONWriter) {
        writer.member("id", id)
        writer.member("bundle", bundle)
        writer.member("terminal", terminal)
        writer.member("input", input)
        writer.member("log") { writer in writer.object { log.write(to: &$0) } }
    }
}
