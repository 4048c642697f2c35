internal import JSON

/// A process that a shim looks after: a container's first one, or one executed in it.
public struct ProcessName: Sendable, Hashable, CustomStringConvertible {
    /// The container's ID.
    public var container: String
    /// The ID of the exec session; nil is the container's first process.
    public var exec: String?

    /// A name.
    public init(_ container: String, exec: String? = nil) {
        self.container = container
        self.exec = exec
    }

    /// `container ID` or `exec ID of container ID`.
    public var description: String {
        exec.map { "exec \($0) of container \(container)" } ?? "container \(container)"
    }

    func write(to writer: inout JSONWriter) {
        writer.member("container", container)
        writer.member("exec", exec)
    }
}
