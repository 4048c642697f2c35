internal import Glibc
internal import Linux
internal import Support

/// Fills a new named volume with what the image has on its place, as docker does: contents, owners and modes.
///
/// Follows no link, so nothing outside the image's folder is read; devices, sockets and FIFOs are left out.
enum VolumePopulation {
    /// Copies the folder `path` of `root` into the empty folder `volume` of the host; a volume with anything in it, or
    /// an image without that folder, changes nothing.
    static func fill(_ volume: String, from root: borrowing RootDirectory, _ path: String) throws {
        let target = try Descriptor.open(volume, O_RDONLY | O_DIRECTORY)
        guard try directoryEntries(volume).isEmpty else { return }
        guard try isFolder(path, of: root) else { return }
        let source = try root.open(path, O_RDONLY | O_DIRECTORY)
        try attempt("fill the volume \(volume) from the image") {
            try copyTree(from: source, to: target, shown: path)
            try copyOwner(from: source, to: target, shown: path)
        }
    }

    private static func isFolder(_ path: String, of root: borrowing RootDirectory) throws(SystemCallError) -> Bool {
        do throws(SystemCallError) {
            _ = try root.open(path, O_RDONLY | O_DIRECTORY)
            return true
        } catch {
            if error.errno == ENOENT || error.errno == ENOTDIR { return false }
            throw error
        }
    }
}
