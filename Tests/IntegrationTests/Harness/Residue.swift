import Foundation

/// What is left on the machine whose name or text holds one of some marks: a container's id, a test's folder.
/// Every test takes marks that nobody else uses, so that other work on the machine can't be mistaken for it.
enum Residue {
    /// Mounts, cgroups, processes and state files with one of the marks, after some time to go away.
    static func left(marks: [String], folders: [String]) -> [String] {
        var found: [String] = []
        _ = eventually(within: 3) {
            found = now(marks: marks, folders: folders)
            return found.isEmpty
        }
        return found
    }

    private static func now(marks: [String], folders: [String]) -> [String] {
        mounts(marks) + cgroups(marks) + processes(marks) + folders.flatMap(entries)
    }

    /// The mounts of this mount namespace with a mark in their line.
    static func mounts(_ marks: [String]) -> [String] {
        (readText("/proc/self/mountinfo") ?? "").split(separator: "\n")
            .filter { line in marks.contains { line.contains($0) } }.map { "mount: \($0)" }
    }

    /// The cgroups with a mark in their path, in every hierarchy.
    static func cgroups(_ marks: [String]) -> [String] {
        let walk = try? run(["find", "/sys/fs/cgroup", "-type", "d"])
        return (walk?.lines ?? []).filter { path in marks.contains { path.contains($0) } }.map { "cgroup: \($0)" }
    }

    /// The processes with a mark in their arguments or their cgroup's path. A dead one that only waits for the
    /// machine's init to collect it is init's business.
    static func processes(_ marks: [String]) -> [String] {
        let ids = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }
        return ids.filter { $0 != getpid() }.compactMap { id in
            let about = (readText("/proc/\(id)/cmdline") ?? "") + (readText("/proc/\(id)/cgroup") ?? "")
            guard marks.contains(where: about.contains), !isInitsZombie(id) else { return nil }
            return "process \(id): \(about.replacingOccurrences(of: "\0", with: " ").prefix(120))"
        }
    }

    private static func isInitsZombie(_ id: pid_t) -> Bool {
        // pid (name) state ppid …, see proc(5); the name may hold anything.
        let fields = (readText("/proc/\(id)/stat") ?? "").split(separator: ")").last?.split(separator: " ") ?? []
        return fields.prefix(2) == ["Z", "1"]
    }

    /// The files below a state folder; empty folders and lock files may stay.
    private static func entries(_ folder: String) -> [String] {
        let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return names.filter { name in
            var isFolder: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: folder + "/" + name, isDirectory: &isFolder)
            return exists && !isFolder.boolValue && !name.hasSuffix("lock")
        }.map { "file: \(folder)/\($0)" }
    }
}
