internal import Support

extension Cgroup {
    /// The folder whose freezer stops all of the group: version 1's freezer, or version 2 where it is all there is.
    public var freezerFolder: String? {
        isUnified ? folders.first?.path : folder(of: "freezer")?.path
    }

    /// The group's path below the top of each hierarchy, for each of its controllers; "" is version 2.
    public func pathsBelowHierarchies() throws -> [(controller: String, path: String)] {
        let layout = try CgroupLayout.detectByMounts()
        var paths: [(controller: String, path: String)] = []
        for folder in folders {
            let hierarchy =
                folder.controllers.isEmpty
                ? layout.unified : layout.hierarchies.first { $0.controllers == folder.controllers }
            guard let hierarchy, folder.path.hasPrefix(hierarchy.mountPoint) else { continue }
            let top = hierarchy.root.flatMap { $0 == "/" ? nil : $0 } ?? ""
            let path = top + folder.path.dropFirst(hierarchy.mountPoint.utf8.count)
            if folder.controllers.isEmpty { paths.append(("", path)) }
            paths += folder.controllers.map { ($0, path) }
        }
        return paths
    }
}
