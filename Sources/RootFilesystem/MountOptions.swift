public import Linux
public import Support

/// The option words of one `mounts` entry, sorted into what the kernel takes where (runtime-spec config.md, Linux mount
/// options).
public struct MountOptions: Sendable, Hashable {
    /// Attributes of the mount itself to set and to clear.
    public var set: MountAttributes = []
    /// Attributes to clear.
    public var clear: MountAttributes = []
    /// Attributes to set on the mount and on all below it (`rro` …), after those of the mount itself.
    public var recursiveSet: MountAttributes = []
    /// Attributes to clear on the mount and on all below it.
    public var recursiveClear: MountAttributes = []
    /// `bind` or `rbind`; nil for a file system.
    public var bind: Depth?
    /// `idmap` or `ridmap`: the mount's owners are mapped.
    public var idMap: Depth?
    /// `remount`: what is mounted at the destination already is changed.
    public var isRemount = false
    /// The propagation asked for.
    public var propagation: MountPropagation?
    /// Whether the propagation counts for the mounts below too (`rprivate` …).
    public var propagationIsRecursive = false
    /// `tmpcopyup`: the tmpfs starts with what the image has there.
    public var copiesUp = false
    /// Switches of the file system itself, not of the mount: `sync` …, each on or off.
    public var switches: [FileSystemSwitch: Bool] = [:]
    /// What is left for the file system: `key=value` or `key`.
    public var data: [Parameter] = []

    /// How far an option reaches: the one mount, or the mounts below it too.
    public enum Depth: Sendable { case single, recursive }

    /// A switch that every file system has, in fsconfig(2)'s spelling.
    public enum FileSystemSwitch: String, Sendable, CaseIterable {
        /// Writes and changes of folders reach the disk at once; changes of folders alone do; times are written
        /// late; mandatory locks; i_version counts changes.
        case sync, dirsync, lazytime, mand, iversion
    }

    /// An option of the file system's own.
    public struct Parameter: Sendable, Hashable {
        /// The word before `=`.
        public var key: String
        /// What follows `=`; nil for a flag.
        public var value: String?
    }

    /// Sorts the words; `field` names the list in errors, such as `mounts[2].options`.
    ///
    /// Throws ``RuntimeError/Code/invalidArgument`` for words that contradict each other or the kind of mount.
    public init(_ words: [String], field: @autoclosure () -> String) throws(RuntimeError) {
        for word in words where !take(word) {
            if word.hasPrefix("idmap=") || word.hasPrefix("ridmap=") {
                throw RuntimeError(
                    .unsupported, "\(field()): \"\(word)\" is not supported; give uidMappings and gidMappings")
            }
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let key = parts.first, !key.isEmpty else { continue }
            data.append(Parameter(key: String(key), value: parts.count > 1 ? String(parts[1]) : nil))
        }
        if bind != nil, let stray = data.first?.key ?? switches.first(where: \.value)?.key.rawValue {
            throw RuntimeError(.invalidArgument, "\(field()): \"\(stray)\" is no option of a bind mount")
        }
        if isRemount, idMap != nil {
            throw RuntimeError(.invalidArgument, "\(field()): \"idmap\" can't be changed by a remount")
        }
    }

    /// Words that say what is the case anyway.
    private static let neutral: Set<String> = ["defaults", "silent", "loud"]

    /// The words for each switch and what they turn it to.
    private static let switchWords: [String: (which: FileSystemSwitch, on: Bool)] = [
        "sync": (.sync, true), "async": (.sync, false), "dirsync": (.dirsync, true),
        "lazytime": (.lazytime, true), "nolazytime": (.lazytime, false), "mand": (.mand, true),
        "nomand": (.mand, false),
        "iversion": (.iversion, true), "noiversion": (.iversion, false),
    ]

    /// Every word of the specification that is honoured or says what is the case anyway.
    static var known: [String] {
        let kinds = ["private", "slave", "shared", "unbindable"] + attributes.keys
        return kinds + kinds.map { "r\($0)" } + neutral + switchWords.keys
            + ["bind", "rbind", "idmap", "ridmap", "remount", "tmpcopyup"]
    }

    /// Takes one of the words of the specification; false for any other.
    private mutating func take(_ word: String) -> Bool {
        switch word {
        case "bind": bind = bind ?? .single
        case "rbind": bind = .recursive
        case "idmap": idMap = idMap ?? .single
        case "ridmap": idMap = .recursive
        case "remount": isRemount = true
        case "tmpcopyup": copiesUp = true
        case _ where Self.neutral.contains(word): break
        default:
            if let change = Self.switchWords[word] {
                switches[change.which] = change.on
                return true
            }
            return takePropagation(word) || takeAttribute(word)
        }
        return true
    }

    private mutating func takeAttribute(_ word: String) -> Bool {
        if let change = Self.attributes[word] {
            Self.merge(change, into: &set, &clear)
            return true
        }
        guard word.hasPrefix("r"), let change = Self.attributes[String(word.dropFirst())] else { return false }
        Self.merge(change, into: &recursiveSet, &recursiveClear)
        return true
    }

    /// The later word of a pair wins.
    private static func merge(_ change: Change, into set: inout MountAttributes, _ clear: inout MountAttributes) {
        set.subtract(change.clear)
        set.formUnion(change.set)
        clear.subtract(change.set.subtracting(.accessTimeMask))
        clear.formUnion(change.clear)
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

    private typealias Change = (set: MountAttributes, clear: MountAttributes)

    /// The attribute words; each with a recursive twin that starts with `r`.
    private static let attributes: [String: Change] = [
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
