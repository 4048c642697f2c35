/// A container's group: what a state record keeps.
public struct ResctrlGroup: Sendable, Equatable {
    /// The folder of its class.
    public let path: String
    /// The class was made for the container and goes with it.
    public let isOurs: Bool
    /// The folder of its own monitoring group.
    public var monitor: String?

    /// A group that a record names; nothing is touched.
    public init(path: String, isOurs: Bool, monitor: String? = nil) {
        (self.path, self.isOurs, self.monitor) = (path, isOurs, monitor)
    }

    /// The files that take the number of each process that joins, in this order; 0 is the writer.
    public var tasksFiles: [String] {
        ["\(path)/tasks"] + (monitor.map { ["\($0)/tasks"] } ?? [])
    }
}
