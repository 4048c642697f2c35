public import JSON

/// What `state` prints and hooks read: a container at one instant (runtime.md, State).
public struct ContainerState: ConfigurationElement {
    /// Where a container is in its life; `paused` is an extension that every runtime has.
    public enum Status: String, Sendable, CaseIterable {
        case creating, created, running, paused, stopped
    }

    /// Version of the specification.
    public var ociVersion: String
    /// The container's id on this host.
    public var id: String
    /// Where it is in its life.
    public var status: Status
    /// The process as the host sees it; absent where there is none.
    public var pid: Int32?
    /// The bundle's absolute path.
    public var bundle: String
    /// The bundle's annotations.
    public var annotations: [String: String] = [:]

    /// A state.
    public init(
        id: String, status: Status, pid: Int32?, bundle: String, annotations: [String: String] = [:],
        ociVersion: String = RuntimeConfiguration.currentVersion
    ) {
        self.ociVersion = ociVersion
        self.id = id
        self.status = status
        self.pid = pid
        self.bundle = bundle
        self.annotations = annotations
    }

    /// Parses what `state` prints.
    ///
    /// - Throws: `JSONError` that names the field.
    public init(json: [UInt8]) throws {
        self = try JSONReader.document(json) { reader in try ContainerState(from: &reader) }
    }

    /// Reads the next value.
    public init(from reader: inout JSONReader) throws {
        self.init(id: "", status: .stopped, pid: nil, bundle: "", ociVersion: "")
        var named = false
        try reader.members { key, value in
            switch key {
            case "ociVersion": ociVersion = try value.string()
            case "id": id = try value.string()
            case "status": (status, named) = (try value.choice(), true)
            case "pid": pid = try value.integer()
            case "bundle": bundle = try value.string()
            case "annotations": annotations = try value.stringMap()
            default: try value.skip()
            }
        }
        try reader.require("id", !id.isEmpty)
        try reader.require("status", named)
    }

    /// Writes the object.
    public func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("ociVersion", ociVersion)
            object.member("id", id)
            object.member("status", status.rawValue)
            object.member("pid", pid)
            object.member("bundle", bundle)
            object.member("annotations", unlessEmpty: annotations)
        }
    }

    /// The text; `indent` spaces a level, compact where it is 0.
    public func json(indent: Int = 0) -> [UInt8] {
        JSONWriter.text(indent: indent) { writer in write(to: &writer) }
    }
}
