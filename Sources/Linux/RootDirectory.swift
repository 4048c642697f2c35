internal import CLinux
internal import Glibc

/// A folder that paths from untrusted text are resolved beneath: a container's root file system, a layer's folder.
///
/// Holds an O_PATH descriptor. Every lookup is by openat2(2) with RESOLVE_IN_ROOT (links are followed as if this
/// folder were `/`) or RESOLVE_BENEATH (links that lead out are refused) and never follows magic links, so no
/// name, link or rename race inside the folder reaches anything outside it.
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
    /// Each missing step is made with mkdirat in the already opened parent; a dangling link on the way is an error.
    public borrowing func openMakingDirectories(_ path: String, mode: UInt32 = 0o755) throws(SystemCallError)
        -> Descriptor
    {
        if let there = try openIfPresent(path, CL_O_PATH | O_DIRECTORY) { return there }
        var walked = ""
        for step in path.split(separator: "/") where step != "." {
            let parent = try open(walked, CL_O_PATH | O_DIRECTORY)
            walked += "/\(step)"
            if step == ".." { continue }
            if mkdirat(parent.rawValue, String(step), mode) != 0 && errno != EEXIST {
                throw SystemCallError("mkdirat", errno: errno, subject: shownPath(walked))
            }
        }
        return try open(path, CL_O_PATH | O_DIRECTORY)
    }

    /// Opens what a mount goes onto, making an empty regular file (and its folders) where nothing is there.
    public borrowing func openMakingFile(_ path: String, mode: UInt32 = 0o644) throws(SystemCallError) -> Descriptor {
        do throws(SystemCallError) {
            return try open(path, CL_O_PATH)
        } catch  where error.errno == ENOENT {
            let steps = path.split(separator: "/")
            guard let name = steps.last, name != ".." else { throw error }
            let parent = try openMakingDirectories(steps.dropLast().joined(separator: "/"))
            let made = openat(parent.rawValue, String(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
            if made >= 0 {
                Glibc.close(made)
            } else if errno != EEXIST {
                throw SystemCallError("openat", errno: errno, subject: shownPath(path))
            }
            return try open(path, CL_O_PATH)
        }
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
