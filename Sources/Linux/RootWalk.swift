internal import CLinux
internal import Glibc

/// A lookup beneath a folder with plain openat(2), for hosts where openat2(2) is refused: one component at a time,
/// no link followed by the kernel, `..` by the folders that were walked through.
///
/// A component that is exchanged during the walk leads to one or the other, never outside: every step starts from
/// an open folder that was reached from the root.
struct RootWalk: ~Copyable {
    /// True where openat2 is missing (ENOSYS) or filtered (EPERM); asked once.
    static let isNeeded: Bool = {
        let opened = cl_openat2(AT_FDCWD, "/", UInt64(CL_O_PATH | O_CLOEXEC), 0, 0)
        if opened >= 0 { close(opened) }
        return opened < 0 && (errno == ENOSYS || errno == EPERM)
    }()

    /// As many links as the kernel follows in one lookup.
    private static let linkLimit = 40

    private let root: Int32
    private let refusesLinks: Bool
    private let shown: String
    /// The folders from below the root down to where the walk stands; owned.
    private var folders: [Int32] = []
    /// Steps still to take, the next one last.
    private var steps: [String] = []
    private var links = 0

    /// A walk beneath the open folder `root`, of which it takes no ownership.
    ///
    /// - Parameters:
    ///   - resolve: `CL_RESOLVE_NO_SYMLINKS` refuses every link; other bits hold anyway.
    ///   - shown: the path for errors.
    init(root: Int32, resolve: UInt64, shown: String) {
        self.root = root
        refusesLinks = resolve & CL_RESOLVE_NO_SYMLINKS != 0
        self.shown = shown
    }

    deinit {
        for folder in folders { close(folder) }
    }

    /// Opens what `path` names, as ``RootDirectory/open(_:_:mode:resolve:)`` does.
    consuming func open(_ path: String, _ flags: Int32, mode: UInt32) throws(SystemCallError) -> Descriptor {
        push(path)
        while let step = steps.popLast() {
            if step == ".." {
                if let folder = folders.popLast() { close(folder) }
                continue
            }
            let isLast = steps.isEmpty
            let found = openat(current, step, CL_O_PATH | O_NOFOLLOW | O_CLOEXEC)
            if found < 0 {
                guard isLast, errno == ENOENT, flags & O_CREAT != 0 else { throw failure(errno) }
                return try finish(step, flags, mode)
            }
            let entry = Descriptor(owning: found)
            var status = stat()
            try check("fstat", shown) { fstat(entry.rawValue, &status) }
            if status.st_mode & S_IFMT == S_IFLNK {
                if isLast && flags & O_NOFOLLOW != 0 {
                    guard flags & O_DIRECTORY == 0 else { throw failure(ENOTDIR) }
                    guard flags & CL_O_PATH != 0 else { throw failure(ELOOP) }
                    return entry
                }
                try follow(entry)
            } else if isLast {
                return try finish(step, flags, mode)
            } else {
                guard status.st_mode & S_IFMT == S_IFDIR else { throw failure(ENOTDIR) }
                folders.append(entry.release())
            }
        }
        return try finish(".", flags, mode)
    }

    private var current: Int32 { folders.last ?? root }

    private mutating func push(_ path: String) {
        steps += path.split(separator: "/").lazy.filter { $0 != "." }.map(String.init).reversed()
    }

    /// Opens the last step itself. It was no link a moment ago and is not followed if it has become one.
    private borrowing func finish(_ step: String, _ flags: Int32, _ mode: UInt32) throws(SystemCallError) -> Descriptor
    {
        let folder = current
        return Descriptor(
            owning: try check("openat", shown) { openat(folder, step, flags | O_NOFOLLOW | O_CLOEXEC, mode) })
    }

    private mutating func follow(_ link: borrowing Descriptor) throws(SystemCallError) {
        links += 1
        guard !refusesLinks, links <= Self.linkLimit else { throw failure(ELOOP) }
        let raw = link.rawValue
        var text = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = try checkCount("readlinkat", shown) { readlinkat(raw, "", &text, text.count) }
        let target = String(decoding: text[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self)
        if try isMagic(link, target) { throw failure(ELOOP) }
        if target.hasPrefix("/") {
            for folder in folders { close(folder) }
            folders = []
        }
        push(target)
    }

    /// The links of procfs that the kernel does not follow by their text: to a process's root, folder, program,
    /// descriptors (an absolute path) and to objects without a path (`pipe:[1]`).
    private borrowing func isMagic(_ link: borrowing Descriptor, _ target: String) throws(SystemCallError) -> Bool {
        let (raw, shown) = (link.rawValue, shown)
        var (type, flags) = (0, 0)
        try check("fstatfs", shown) { cl_fstatfs(raw, &type, &flags) }
        return type == CL_PROC_SUPER_MAGIC && (target.hasPrefix("/") || target.contains(":"))
    }

    private borrowing func failure(_ code: Int32) -> SystemCallError {
        SystemCallError("openat", errno: code, subject: shown)
    }
}
