internal import Linux
internal import Support

extension OverlaySnapshotter {
    /// Removes what processes left that died in the middle of something: half-made and half-removed folders, and locks.
    public func removeLeftovers() throws {
        try attempt("remove what was left in \(root)") {
            sweep(holding: nil)
            for name in try directoryEntries("\(root)/locks") {
                // Whoever waits for a lock that is removed under it makes a new one.
                guard let lock = try? FileLock("\(root)/locks/\(name)", waits: false) else { continue }
                lock.remove()
            }
        }
    }
}
