internal import CLinux
internal import Glibc

/// A folder that paths from untrusted text are resolved beneath: a container's root file system, a layer's folder.
///
/// Holds an O_PATH descriptor. Every lookup is by openat2(2) with RESOLVE_IN_ROOT (links are followed as if this
/// folder were `/`) or RESOLVE_BENEATH (links that lead out are refused) and never follows magic links, so no
/// name, link or rename race inside the folder reaches anything outside it. Where the kernel or a filter refuses
/// openat2, ``RootWalk`` does the same one component at a time.
public struct RootDirectory: ~Copyable, Sendable {
    /// The O_PATH descriptor of the folder.
    public let descriptor: Descriptor
    /// The host path it was opened by, for messages only.
    public let shown: String

    /// Opens a host folder, following links in `path`.
    public init(opening path: String) throws(SystemCallError) {
        descriptor = try Descriptor.open(path, CL_O_PATH | O_DIRECTORY)
        shown = path
    }

    /// Takes an open folder; `shown` names it in messages.
    public init(_ descriptor: consuming Descriptor, shown: String) {
        self.descriptor = descriptor
        self.shown = shown
    }

    /// Opens what `path` names inside this root, following links as a process chrooted here would.
    ///
    /// - Parameters:
    ///   - flags: `O_*`; O_CLOEXEC is added. Pass O_NOFOLLOW to open a link itself together with O_PATH.
    ///   - mode: permission bits for O_CREAT, under the umask.
    ///   - resolve: further `CL_RESOLVE_*` bits.
    public borrowing func open(
        _ path: String, _ flags: Int32, mode: UInt32 = 0, resolve: UInt64 = 0
    ) throws(SystemCallError) -> Descriptor {
        let raw = descriptor.rawValue
        let bits = CL_RESOLVE_IN_ROOT | CL_RESOLVE_NO_MAGICLINKS | resolve
        let wanted = UInt64(UInt32(bitPattern: flags | O_CLOEXEC))
        if RootWalk.isNeeded {
            return try RootWalk(root: raw, resolve: resolve, shown: shownPath(path)).open(path, flags, mode: mode)
        }
        // EAGAIN: something was renamed during the walk and the kernel could not prove confinement.
        for _ in 0..<64 {
            let opened = cl_openat2(raw, path.isEmpty ? "." : path, wanted, UInt64(mode), bits)
            if opened >= 0 { return Descriptor(owning: opened) }
            if errno != EAGAIN && errno != EINTR { break }
        }
        throw SystemCallError("openat2", errno: errno, subject: shownPath(path))
    }

    /// Opens the folder at `path`, making it and its parents (mode, root-owned) where they are missing.
    ///
    /// Each missing step is made with mkdirat in the already opened parent. A link whose target is missing is followed
    /// inside this root, and the target made.
    public borrowing func openMakingDirectories(_ path: String, mode: UInt32 = 0o755) throws(SystemCallError)
        -> Descriptor
    {
        if let there = try openIfPresent(path, CL_O_PATH | O_DIRECTORY) { return there }
        let place = try makeParents(path, mode: mode)
        guard let name = place.name else { return try open(place.parent, CL_O_PATH | O_DIRECTORY) }
        try makeFolder(name, in: place.parent, mode: mode)
        return try open("\(place.parent)/\(name)", CL_O_PATH | O_DIRECTORY)
    }

    /// Opens what a mount goes onto, making an empty regular file (and its folders) where nothing is there.
    public borrowing func openMakingFile(_ path: String, mode: UInt32 = 0o644) throws(SystemCallError) -> Descriptor {
        do throws(SystemCallError) {
            return try open(path, CL_O_PATH)
        } catch  where error.errno == ENOENT {
            let place = try makeParents(path, mode: 0o755)
            guard let name = place.name else { throw error }
            let parent = try open(place.parent, CL_O_PATH | O_DIRECTORY)
            let made = openat(parent.rawValue, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
            if made >= 0 {
                Glibc.close(made)
            } else if errno != EEXIST {
                throw SystemCallError("openat", errno: errno, subject: shownPath(path))
            }
            return try open("\(place.parent)/\(name)", CL_O_PATH)
        }
    }

    /// Resolves a path whose end is missing into a folder, made where it is missing, and the last step (nil: the
    /// path is that folder). Links are replaced by their targets as text; every lookup is by ``open(_:_:mode:resolve:)``.
    private borrowing func makeParents(
        _ path: String, mode: UInt32
    ) throws(SystemCallError) -> (parent: String, name: String?) {
        var rest = Array(path.split(separator: "/").reversed())
        var walked: [Substring] = []
        var links = 0
        while let step = rest.popLast() {
            if step == "." { continue }
            if step == ".." {
                _ = walked.popLast()
                continue
            }
            let parent = "/" + walked.joined(separator: "/")
            if let target = try linkTarget(String(step), in: parent) {
                links += 1
                guard links <= 40 else { throw SystemCallError("readlinkat", errno: ELOOP, subject: shownPath(path)) }
                if target.hasPrefix("/") { walked = [] }
                rest += target.split(separator: "/").reversed()
                continue
            }
            if rest.isEmpty { return (parent, String(step)) }
            try makeFolder(String(step), in: parent, mode: mode)
            walked.append(step)
        }
        return ("/" + walked.joined(separator: "/"), nil)
    }

    private borrowing func makeFolder(_ name: String, in parent: String, mode: UInt32) throws(SystemCallError) {
        let folder = try open(parent, CL_O_PATH | O_DIRECTORY)
        if mkdirat(folder.rawValue, name, mode) != 0 && errno != EEXIST {
            throw SystemCallError("mkdirat", errno: errno, subject: shownPath("\(parent)/\(name)"))
        }
    }

    /// What a link says; nil where the step is none or is missing.
    private borrowing func linkTarget(_ name: String, in parent: String) throws(SystemCallError) -> String? {
        let folder = try open(parent, CL_O_PATH | O_DIRECTORY)
        var text = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlinkat(folder.rawValue, name, &text, text.count)
        if length < 0 { return nil }
        return String(decoding: text.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Like ``open(_:_:mode:resolve:)``; nil where nothing is there or a step on the way is no folder.
    public borrowing func openIfPresent(_ path: String, _ flags: Int32) throws(SystemCallError) -> Descriptor? {
        do throws(SystemCallError) {
            return try open(path, flags)
        } catch  where error.errno == ENOENT || error.errno == ENOTDIR {
            return nil
        }
    }

    private borrowing func shownPath(_ path: String) -> String {
        path.hasPrefix("/") ? "\(shown)\(path)" : "\(shown)/\(path)"
    }
}
