/// Makes the writable root of a container from its image's layers.
///
/// A key is a container's id. ``prepare(_:image:)`` needs the image's layers unpacked; what it made stays until
/// ``remove(_:)``, whatever happens to the program.
public protocol RootSnapshots: Sendable {
    /// Makes an empty writable layer over the image's.
    func prepare(_ key: String, image: ContainerImage) throws
    /// Mounts the whole on an existing folder.
    func mount(_ key: String, at path: String) throws
    /// Unmounts it; a path that is no mount point is no error.
    func unmount(_ key: String, from path: String) throws
    /// Removes what ``prepare(_:image:)`` made; nothing there is no error.
    func remove(_ key: String) throws
}
