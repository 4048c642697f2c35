public import Linux
public import Support

/// The option words of one `mounts` entry, sorted into what the kernel takes where (runtime-spec config.md, Mounts).
public struct MountOptions: Sendable, Hashable {
    /// Attributes of the mount itself to set and to clear.
    public var set: MountAttributes = []
    /// Attributes to clear.
    public var clear: MountAttributes = []
    /// Attributes to set on the mount and on all below it (`rro` …).
    public var recursiveSet: MountAttributes = []
    /// Attributes to clear on the mount and on all below it.
    public var recursiveClear: MountAttributes = []
    /// `bind` or `rbind`; nil for a file system.
    public var bind: Bind?
    /// The propagation asked for.
    public var propagation: MountPropagation?
    /// Whether the propagation counts for the mounts below too (`rprivate` …).
    public var propagationIsRecursive = false
    /// `tmpcopyup`: the tmpfs starts with what the image has there.
    public var copiesUp = false
    /// What is left for the file system: `key=value` or `key`.
    public var data: [Parameter] = []

    /// The depth of a bind mount.
    public enum Bind: Sendable { case single, recursive }

    /// An option of the file system's own.
    public struct Parameter: Sendable, Hashable {
        /// The word before `=`.
        public var key: String
        /// What follows `=`; nil for a flag.
        public var value: String?
    }

    /// Sorts the words; `field` names the list in errors, such as `mounts[2].options`.
    ///
    /// Throws ``RuntimeError/Code/unsupported`` for a word this runtime does not honour.
    public init(_ words: [String], field: @autoclosure () -> String) throws(RuntimeError) {
        for word in words where !take(word) {
            if Self.unsupported.contains(word) || word.hasPrefix("idmap=") || word.hasPrefix("ridmap=") {
                throw RuntimeError(.unsupported, "\(field()): \"\(word)\" is not supported")
            }
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let key = parts.first, !key.isEmpty else { continue }
            data.append(Parameter(key: String(key), value: parts.count > 1 ? String(parts[1]) : nil))
        }
        if bind != nil, let stray = data.first {
            throw RuntimeError(.invalidArgument, "\(field()): \"\(stray.key)\" is no option of a bind mount")
        }
    }

    private static let unsupported: Set<String> = ["remount", "idmap", "ridmap"]
    /// Words that say what is the case anyway.
    private static let neutral: Set<String> = [
        "defaults", "silent", "loud", "async", "nomand", "noiversion", "nolazytime",
    ]

    /// Every word of the specification that is honoured or says what is the case anyway.
    static var known: [String] {
        let kinds = ["private", "slave", "shared", "unbindable"] + attributes.keys
        return kinds + kinds.map { "r\($0)" } + neutral + ["bind", "rbind", "tmpcopyup"]
    }

    /// Takes one of the words of the specification; false for any other.
    private mutating func take(_ word: String) -> Bool {
        switch word {
        case "bind": bind = bind ?? .single
        case "rbind": bind = .recursive
        case "tmpcopyup": copiesUp = true
        case _ where Self.neutral.contains(word): break
        default: return takePropagation(word) || takeAttribute(word)
        }
        return true
    }

    private mutating func takeAttribute(_ word: String) -> Bool {
        if let change = Self.attributes[word] {
            set.formUnion(change.set)
            set.subtract(change.clear.subtracting(change.set))
            clear.formUnion(change.clear)
            clear.subtract(change.set.subtracting(.accessTimeMask))
            return true
        }
        guard word.hasPrefix("r"), let change = Self.attributes[String(word.dropFirst())] else { return false }
        recursiveSet.formUnion(change.set)
        recursiveClear.formUnion(change.clear)
        return true
    }

    private mutating func takePropagation(_ word: String) -> Bool {
        let recursive = word.hasPrefix("r")
        let kind: MountPropagation
        switch recursive ? String(word.dropFirst()) : word {
        case "private": kind = .private
        case "slave": kind = .slave
        case "shared": kind = .shared
        case "unbindable": kind = .unbindable
        default: return false
        }
        (propagation, propagationIsRecursive) = (kind, recursive)
        return true
    }

    /// The attribute words; each with a recursive twin that starts with `r`.
    private static let attributes: [String: (set: MountAttributes, clear: MountAttributes)] = [
        "ro": (.readOnly, []), "rw": ([], .readOnly),
        "nosuid": (.noSuid, []), "suid": ([], .noSuid),
        "nodev": (.noDevices, []), "dev": ([], .noDevices),
        "noexec": (.noExecution, []), "exec": ([], .noExecution),
        "noatime": (.noAccessTime, .accessTimeMask), "atime": ([], .accessTimeMask),
        "relatime": ([], .accessTimeMask), "norelatime": ([], .accessTimeMask),
        "strictatime": (.strictAccessTime, .accessTimeMask), "nostrictatime": ([], .accessTimeMask),
        "nodiratime": (.noDirectoryAccessTime, []), "diratime": ([], .noDirectoryAccessTime),
        "nosymfollow": (.noSymlinkFollow, []), "symfollow": ([], .noSymlinkFollow),
    ]
}
