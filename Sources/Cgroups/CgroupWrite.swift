/// One value for one file of a cgroup: what a plan is made of.
public struct CgroupWrite: Sendable, Equatable {
    /// The controller, such as `memory`; on v1 it names the hierarchy, on v2 it is for messages.
    public var controller: String
    /// The file in the cgroup's folder.
    public var file: String
    /// The text written, with one write(2).
    public var value: String
    /// A file that does the same where `file` is missing, and its value.
    public var alternative: Alternative?
    /// The field of config.json that asked for it.
    public var field: String
    /// A write that is left out where the file is missing, because its value is what holds without the file.
    public var mayBeMissing = false

    /// Another way to say the same.
    public struct Alternative: Sendable, Equatable {
        /// The file.
        public var file: String
        /// The value.
        public var value: String
    }

    /// A write.
    public init(
        _ controller: String, _ file: String, _ value: String, field: String, alternative: Alternative? = nil,
        mayBeMissing: Bool = false
    ) {
        self.controller = controller
        self.file = file
        self.value = value
        self.field = field
        self.alternative = alternative
        self.mayBeMissing = mayBeMissing
    }
}
