internal import CLinux
internal import Dockerfile
internal import Glibc
internal import Linux
internal import Support

/// What COPY and ADD take: a file or folder beneath a root, found by a path or a pattern.
struct CopySource {
    /// The path beneath the root, without `.` and `..`; empty is the root itself.
    let path: String
    /// Whether it is a folder, whose contents are copied.
    let isFolder: Bool

    /// The last component.
    var name: String { path.split(separator: "/").last.map(String.init) ?? "" }

    /// Finds what a source names; links on the way and at the end are followed beneath the root.
    ///
    /// - Throws: `notFound` that says whether .dockerignore left it out.
    static func find(_ text: String, in context: CopyRoot) throws -> [CopySource] {
        let clean = StageBuilder.absolute(text, from: "/").dropFirst()
        let pattern = try PathPattern(String(clean))
        guard pattern.isGlob else {
            let found = try source(pattern.literal, text, in: context)
            let isPartlyThere = found.isFolder && context.ignore.hasExceptions
            if !found.path.isEmpty && context.ignore.ignores(found.path) && !isPartlyThere {
                throw RuntimeError(.notFound, "\"\(text)\": left out by .dockerignore")
            }
            return [found]
        }
        let found = try matches(clean.split(separator: "/").map(String.init), in: context)
        guard !found.isEmpty else {
            throw RuntimeError(.notFound, "\"\(text)\": nothing in the \(context.name) fits it")
        }
        return try found.sorted().map { try source($0, text, in: context) }
    }

    private static func source(_ path: String, _ text: String, in context: CopyRoot) throws -> CopySource {
        var status = stat()
        do {
            let opened = try context.root.open(path, CL_O_PATH)
            let raw = opened.rawValue
            try check("fstat", path) { fstat(raw, &status) }
        } catch {
            guard error.errno == ENOENT || error.errno == ENOTDIR else { throw error }
            throw RuntimeError(.notFound, "\"\(text)\": not in the \(context.name)")
        }
        return CopySource(path: path, isFolder: status.st_mode & S_IFMT == S_IFDIR)
    }

    /// The paths that fit, component by component.
    private static func matches(_ components: [String], in context: CopyRoot) throws -> [String] {
        var found = [""]
        for (index, component) in components.enumerated() {
            let pattern = try PathPattern(component)
            let isLast = index == components.count - 1
            var next: [String] = []
            for folder in found {
                let prefix = folder.isEmpty ? "" : "\(folder)/"
                guard pattern.isGlob else {
                    if try context.root.openIfPresent(prefix + pattern.literal, CL_O_PATH) != nil {
                        next.append(prefix + pattern.literal)
                    }
                    continue
                }
                guard let opened = try context.root.openIfPresent(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY)
                else { continue }
                for name in try directoryEntries(opened, shown: folder) where pattern.matches(name) {
                    let path = prefix + name
                    if isLast && context.ignore.ignores(path) { continue }
                    next.append(path)
                }
            }
            found = next
        }
        return found
    }
}

/// A root that is copied from.
final class CopyRoot {
    let root: RootDirectory
    let ignore: IgnoreFile
    /// What errors call it.
    let name: String
    /// Patterns of `--exclude`, relative to each source.
    let excludes: [PathPattern]
    /// Whether files keep their owners; else they become root's.
    let keepsOwners: Bool

    init(
        _ root: consuming RootDirectory, ignore: IgnoreFile, name: String, excludes: [PathPattern], keepsOwners: Bool
    ) {
        self.root = root
        (self.ignore, self.name, self.excludes, self.keepsOwners) = (ignore, name, excludes, keepsOwners)
    }

    /// Whether a path of the root is left out.
    func skips(_ path: String, below source: String) -> Bool {
        if ignore.ignores(path) { return true }
        if excludes.isEmpty { return false }
        let relative = source.isEmpty ? path : String(path.dropFirst(source.utf8.count + 1))
        return excludes.contains { $0.matches(relative) }
    }
}
