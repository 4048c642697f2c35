internal import CLinux
internal import Glibc
internal import Linux
internal import Support

/// The name of overlayfs's mark on a folder that hides the lower layers' one.
func opaqueAttribute(privileged: Bool) -> [UInt8] {
    Array((privileged ? "trusted.overlay.opaque" : "user.overlay.opaque").utf8)
}

/// Whether an attribute is overlayfs's own: an image must not set those, they redirect lookups.
func isOverlayAttribute(_ name: [UInt8]) -> Bool {
    name.starts(with: Array("trusted.overlay.".utf8)) || name.starts(with: Array("user.overlay.".utf8))
}

/// Sets an attribute of an open file or folder.
func setAttribute(_ descriptor: Int32, _ name: [UInt8], _ value: [UInt8]) throws(SystemCallError) {
    try check("fsetxattr", shownName(name)) {
        withName(name + [0], from: 0) { pointer in
            // SAFETY: the kernel reads `count` bytes of the value during the call.
            value.withUnsafeBytes { cl_fsetxattr(descriptor, pointer, $0.baseAddress, $0.count) }
        }
    }
}

/// Sets an attribute of an entry that cannot be opened: a link, a device, a fifo.
func setAttribute(
    _ folder: Int32, _ entry: ArraySlice<UInt8>, _ name: [UInt8], _ value: [UInt8]
) throws(SystemCallError) {
    try check("lsetxattr", shownName(name)) {
        withName(Array(entry) + [0], from: 0) { entry in
            withName(name + [0], from: 0) { name in
                // SAFETY: as above.
                value.withUnsafeBytes { cl_lsetxattrat(folder, entry, name, $0.baseAddress, $0.count) }
            }
        }
    }
}

/// Removes an attribute of an open file or folder; a missing one is no error.
func removeAttribute(_ descriptor: Int32, _ name: [UInt8]) {
    _ = withName(name + [0], from: 0) { cl_fremovexattr(descriptor, $0) }
}

/// Every attribute of an open file or folder, except overlayfs's own; none where the file system has none.
func attributes(of descriptor: Int32) -> [TarEntry.Attribute] {
    attributes(
        list: { cl_flistxattr(descriptor, $0, $1) }, get: { cl_fgetxattr(descriptor, $0, $1, $2) })
}

/// Every attribute of an entry itself, except overlayfs's own.
func attributes(of entry: ArraySlice<UInt8>, in folder: Int32) -> [TarEntry.Attribute] {
    withName(Array(entry) + [0], from: 0) { pointer in
        attributes(
            list: { cl_llistxattrat(folder, pointer, $0, $1) },
            get: { cl_lgetxattrat(folder, pointer, $0, $1, $2) })
    }
}

/// Whether a folder hides those of the lower layers.
func isOpaque(_ descriptor: Int32) -> Bool {
    for attribute in ["trusted.overlay.opaque", "user.overlay.opaque"] {
        var value: UInt8 = 0
        if cl_fgetxattr(descriptor, attribute, &value, 1) == 1 && value == UInt8(ascii: "y") { return true }
    }
    return false
}

private func attributes(
    list: (UnsafeMutablePointer<CChar>?, Int) -> Int,
    get: (UnsafePointer<CChar>, UnsafeMutableRawPointer?, Int) -> Int
) -> [TarEntry.Attribute] {
    let size = list(nil, 0)
    guard size > 0 else { return [] }
    // SAFETY: both calls fill at most the length they are told, and `count` takes what they report.
    let names = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        buffer.withMemoryRebound(to: CChar.self) { count = max(0, list($0.baseAddress, $0.count)) }
    }
    var found: [TarEntry.Attribute] = []
    for name in names.split(separator: 0).map(Array.init) where !isOverlayAttribute(name) {
        let value = [UInt8](unsafeUninitializedCapacity: 65536) { buffer, count in
            count = max(0, withName(name + [0], from: 0) { get($0, buffer.baseAddress, buffer.count) })
        }
        found.append(.init(name: name, value: value))
    }
    return found
}
