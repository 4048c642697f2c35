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

extension CgroupWrite {
    /// The write that brings back what the file said before this one.
    ///
    /// - Parameter before: the file's text; nil where it can't be read.
    /// - Returns: nil where nothing tells what to write.
    func undo(_ before: String?) -> CgroupWrite? {
        guard let before else { return nil }
        var back = CgroupWrite(controller, file, before, field: field)
        if before.isEmpty && !isKeyed {
            back.value = "\n"
            return back
        }
        // A file with a line for each device, interface or keyword gets the line that this write replaced.
        let lines = before.split(separator: "\n")
        let key = value.prefix { $0 != " " }
        if let line = lines.first(where: { $0.prefix { $0 != " " } == key }) {
            back.value = String(line)
        } else if isKeyed {
            back.value = "\(key) \(valueOfNone)"
        } else if lines.count > 1 {
            return nil
        }
        return back
    }

    /// Whether the value is about one block device, by its numbers.
    private var isKeyed: Bool {
        value.prefix { $0 != " " }.contains(":")
    }

    /// What the file takes for a device that has no line.
    private var valueOfNone: String {
        switch file {
        case "io.max": value.drop { $0 != " " }.dropFirst().prefix { $0 != "=" } + "=max"
        case "io.weight", "io.bfq.weight": "default"
        default: "0"
        }
    }
}
