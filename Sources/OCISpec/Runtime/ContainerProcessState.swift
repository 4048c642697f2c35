public import JSON

/// What a seccomp agent is sent together with the notification descriptor (config-linux.md, Container Process State).
public struct ContainerProcessState: ConfigurationElement {
    /// What `fds` calls the descriptor of the notifications.
    public static let seccompDescriptorName = "seccompFd"

    /// Version of the specification.
    public var ociVersion: String
    /// The names of the descriptors sent along, in their order.
    public var fds: [String]
    /// The process that the filter is on, as the runtime sees it.
    public var pid: Int32
    /// `linux.seccomp.listenerMetadata`.
    public var metadata: String?
    /// The container.
    public var state: ContainerState

    /// The state of a process with one descriptor of notifications.
    public init(pid: Int32, metadata: String?, state: ContainerState) {
        (ociVersion, fds) = (RuntimeConfiguration.currentVersion, [Self.seccompDescriptorName])
        (self.pid, self.metadata, self.state) = (pid, metadata, state)
    }

    /// Reads the next value.
    public init(from reader: inout JSONReader) throws {
        self.init(pid: 0, metadata: nil, state: ContainerState(id: "", status: .stopped, pid: nil, bundle: ""))
        try reader.members { key, value in
            switch key {
            case "ociVersion": ociVersion = try value.string()
            case "fds": fds = try value.strings()
            case "pid": pid = try value.integer()
            case "metadata": metadata = try value.string()
            case "state": state = try ContainerState(from: &value)
            default: try value.skip()
            }
        }
        try reader.require("pid", pid > 0)
        try reader.require("state", !state.id.isEmpty)
    }

    /// Writes the object.
    public func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("ociVersion", ociVersion)
            object.member("fds", fds)
            object.member("pid", pid)
            object.member("metadata", metadata)
            object.member("state", element: state)
        }
    }

    /// The text, compact.
    public func json() -> [UInt8] {
        JSONWriter.text { writer in write(to: &writer) }
    }
}
