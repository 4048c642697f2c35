internal import CLinux
internal import Glibc
internal import Linux

/// The layers below the one that is unpacked, nearest first, seen as overlayfs would merge them.
final class LowerLayers {
    private let bring: @Sendable () throws -> [SharedDescriptor]
    private var known: [SharedDescriptor]?

    init(_ bring: @escaping @Sendable () throws -> [SharedDescriptor]) {
        self.bring = bring
    }

    /// Folders of the layers, which may have to be waited for.
    var folders: [SharedDescriptor] {
        get throws {
            if let known { return known }
            let folders = try bring()
            known = folders
            return folders
        }
    }

    /// An entry of a lower layer, by its open folder.
    struct Entry: ~Copyable {
        let folder: Descriptor
        let name: ArraySlice<UInt8>
        let status: stat
    }

    /// The root folder of the nearest layer.
    var root: Int32? { get throws { try folders.first?.rawValue } }

    /// What the merged lower layers have at a path of components; nil where nothing is, or a link is in the way.
    func find(_ components: [ArraySlice<UInt8>]) throws -> Entry? {
        guard let name = components.last else { return nil }
        for layer in try folders {
            var hides = false
            guard let folder = openFolder(components.dropLast(), in: layer.rawValue, &hides) else {
                if hides { return nil }
                continue
            }
            if let status = entryStatus(folder.rawValue, name) {
                return isWhiteout(status) ? nil : Entry(folder: folder, name: name, status: status)
            }
            if hides { return nil }
        }
        return nil
    }

    /// Walks down one layer; `hides` tells that the layers below it do not matter for this path.
    private func openFolder(_ components: ArraySlice<ArraySlice<UInt8>>, in root: Int32, _ hides: inout Bool)
        -> Descriptor?
    {
        let opened = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else { return nil }
        var folder = Descriptor(owning: opened)
        for component in components {
            let next = withName(Array(component) + [0], from: 0) {
                openat(folder.rawValue, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            }
            guard next >= 0 else {
                // A whiteout, a file or a link in the way hides what lower layers have.
                if errno != ENOENT { hides = true }
                return nil
            }
            folder = Descriptor(owning: next)
            if isOpaque(next) { hides = true }
        }
        return folder
    }
}
