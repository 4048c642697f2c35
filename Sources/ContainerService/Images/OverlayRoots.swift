public import Snapshots

/// Containers' roots by a snapshotter.
public struct OverlayRoots: RootSnapshots {
    private let snapshots: any Snapshotter

    /// Roots made by `snapshots`, where images' layers are unpacked.
    public init(_ snapshots: any Snapshotter) {
        self.snapshots = snapshots
    }

    /// Makes an empty writable layer over the image's.
    public func prepare(_ key: String, image: ContainerImage) throws {
        try snapshots.prepare(key: key, layers: image.layers)
    }

    /// Mounts the whole on an existing folder.
    public func mount(_ key: String, at path: String) throws {
        try snapshots.mount(key: key, at: path, readOnly: false)
    }

    /// Unmounts it.
    public func unmount(_ key: String, from path: String) throws {
        try snapshots.unmount(at: path)
    }

    /// Removes it.
    public func remove(_ key: String) throws {
        try snapshots.remove(key: key)
    }
}
