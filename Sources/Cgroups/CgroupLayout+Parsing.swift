internal import Linux

extension CgroupLayout {
    /// Reads the hierarchies out of /proc/PID/mountinfo (proc_pid_mountinfo(5)).
    ///
    /// The first mount of a hierarchy counts: later ones are copies made for containers.
    public init(mountinfo: [UInt8]) {
        self.init(hierarchies: [], unified: nil)
        for line in mountinfo.split(separator: UInt8(ascii: "\n")) {
            // A quick look first: hosts with many containers have thousands of other mounts.
            guard let mark = Self.separator(in: line) else { continue }
            let tail = line[mark...]
            guard tail.starts(with: Self.mark) else { continue }
            let fields = line[..<mark].split(separator: UInt8(ascii: " "), maxSplits: 5)
            let rest = tail.dropFirst(2).split(separator: UInt8(ascii: " "))
            guard fields.count >= 5, let type = rest.first else { continue }
            let root = unescapedMountField(fields[3])
            let point = unescapedMountField(fields[4])
            if type.elementsEqual("cgroup2".utf8) {
                unified = unified ?? Hierarchy(controllers: [], mountPoint: point, root: root)
            } else if type.elementsEqual("cgroup".utf8), let options = rest.last {
                let controllers = options.split(separator: UInt8(ascii: ","))
                    .map { String(decoding: $0, as: UTF8.self) }.filter(Self.isController)
                if hierarchies.contains(where: { $0.controllers == controllers }) { continue }
                hierarchies.append(Hierarchy(controllers: controllers, mountPoint: point, root: root))
            }
        }
    }

    private static let mark = Array("- cgroup".utf8)

    /// Where the `- ` that ends a line's optional fields stands.
    private static func separator(in line: ArraySlice<UInt8>) -> Int? {
        var at = line.startIndex
        while at + 3 < line.endIndex {
            if line[at] == 32, line[at + 1] == 45, line[at + 2] == 32 { return at + 1 }
            at += 1
        }
        return nil
    }

    /// Superblock options that are no controllers.
    private static func isController(_ option: String) -> Bool {
        !["rw", "ro", "xattr", "noprefix", "clone_children", "all", "none", "favordynmods"].contains(option)
            && !option.hasPrefix("release_agent=")
    }

    /// Reads /proc/PID/cgroup (cgroups(7)): the path in each hierarchy, by its controllers joined with commas, ""
    /// for v2.
    public static func membership(_ text: String) -> [String: String] {
        var paths: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            if fields.count == 3 { paths[String(fields[1])] = String(fields[2]) }
        }
        return paths
    }
}
