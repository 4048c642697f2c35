internal import CLinux
internal import Glibc
public import Linux

/// Sums what a tree takes on the disk, links not followed.
///
/// Folders more than 256 deep are left out: each level holds a descriptor while it is summed.
public func diskUsage(_ path: String) throws(SystemCallError) -> SnapshotUsage {
    var sum = UsageSum()
    try sum.add(Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), shown: path, depth: 0)
    return sum.usage
}

private struct UsageSum {
    var usage = SnapshotUsage()
    /// Files with several names that were counted.
    private var counted: Set<UInt64> = []

    mutating func add(_ folder: borrowing Descriptor, shown: String, depth: Int) throws(SystemCallError) {
        let raw = folder.rawValue
        var own = stat()
        try check("fstat", shown) { fstat(raw, &own) }
        count(own)
        for name in try directoryEntryNames(folder, shown: shown) {
            let cName = (name + [0]).map { CChar(bitPattern: $0) }
            var status = stat()
            guard fstatat(raw, cName, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            if status.st_mode & S_IFMT != S_IFDIR {
                count(status)
            } else if depth < 256 {
                let opened = openat(raw, cName, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                // It may have gone meanwhile.
                if opened >= 0 { try add(Descriptor(owning: opened), shown: shown, depth: depth + 1) }
            }
        }
    }

    private mutating func count(_ status: stat) {
        if status.st_nlink > 1 && status.st_mode & S_IFMT != S_IFDIR {
            guard counted.insert(UInt64(status.st_ino)).inserted else { return }
        }
        usage.inodes += 1
        usage.bytes += Int64(status.st_blocks) * 512
    }
}
