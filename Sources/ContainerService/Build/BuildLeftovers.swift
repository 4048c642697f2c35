internal import Glibc
internal import Linux
internal import Support

/// What builds leave that were killed: mounts, bundles and running steps below `STATE/builds`.
enum BuildLeftovers {
    /// Removes the folders of builds that nobody looks after any more.
    static func sweep(_ state: String, runtime: RuntimeClient) {
        for name in (try? directoryEntries("\(state)/builds")) ?? [] {
            let folder = "\(state)/builds/\(name)"
            // A lock that can be taken belonged to a program that is gone.
            guard let lock = try? OwnerLock(folder) else { continue }
            try? remove(folder, runtime: runtime)
            withExtendedLifetime(lock) {}
        }
    }

    /// Ends what runs, unmounts and removes one build's folder.
    static func remove(_ folder: String, runtime: RuntimeClient) throws {
        let name = folder.split(separator: "/").last.map(String.init) ?? ""
        for entry in try directoryEntries(folder) {
            let path = "\(folder)/\(entry)"
            if entry.hasPrefix("step-"), access("\(path)/config.json", F_OK) == 0 {
                try? runtime.delete("\(name)-\(entry)")
            }
            for mount in [path, "\(path)/rootfs"] {
                // MNT_DETACH and UMOUNT_NOFOLLOW; what is no mount point is none of these.
                umount2(mount, 2 | 8)
            }
        }
        try removeTree(folder)
    }
}
