public import Support

/// `linux.intelRdt` of the runtime specification.
public struct ResctrlSettings: Sendable, Equatable {
    /// The class; nil makes one of the container's own, `/` is the default class.
    public var closID: String?
    /// The schema of the L3 cache.
    public var l3CacheSchema: String?
    /// The schema of the memory bandwidth.
    public var memBwSchema: String?
    /// Further lines of the class's schemata.
    public var schemata: [String] = []
    /// Whether the container gets a monitoring group of its own.
    public var monitors = false

    /// Nothing set.
    public init() {}

    /// The lines in the order that the specification has: cache, bandwidth, the others.
    public var lines: [String] {
        [l3CacheSchema, memBwSchema].compactMap(\.self).filter { !$0.isEmpty } + schemata
    }

    /// A class that is only named must have been made by somebody.
    var needsExistingGroup: Bool { closID != nil && lines.isEmpty || closID == "/" }

    /// Names that the file system has itself.
    private static let reserved: Set<String> = [
        "info", "mon_groups", "mon_data", "schemata", "tasks", "cpus", "cpus_list", "mode", "size", "bit_usage",
    ]

    /// Throws ``RuntimeError`` `invalidArgument` naming the field for what no resctrl file system could honour.
    ///
    /// - Parameter id: the container's id, which names its class where there is no closID, and its monitoring group.
    public func validate(id: String) throws(RuntimeError) {
        if let closID, closID != "/", !Self.isName(closID) {
            throw Self.refuse("closID", "\"\(closID)\" is neither / nor a name for a folder of resctrl")
        }
        if closID == nil, !Self.isName(id) {
            throw Self.refuse("closID", "needed, as the container ID \"\(id)\" is a name of resctrl's own")
        }
        for (field, line) in [("l3CacheSchema", l3CacheSchema), ("memBwSchema", memBwSchema)] {
            if line?.utf8.contains(10) == true { throw Self.refuse(field, "a schema is one line") }
        }
        if let memBwSchema, !memBwSchema.isEmpty, !memBwSchema.hasPrefix("MB:") {
            throw Self.refuse("memBwSchema", "\"\(memBwSchema)\" does not start with MB:")
        }
        for (index, line) in schemata.enumerated() where line.utf8.contains(10) || line.isEmpty {
            throw Self.refuse("schemata[\(index)]", "a schema is one line")
        }
    }

    private static func isName(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && !reserved.contains(name) && name.utf8.count <= 255
            && name.utf8.allSatisfy { $0 != UInt8(ascii: "/") && $0 > 32 && $0 != 127 }
    }

    private static func refuse(_ field: String, _ why: String) -> RuntimeError {
        RuntimeError(.invalidArgument, "linux.intelRdt.\(field): \(why)")
    }
}
