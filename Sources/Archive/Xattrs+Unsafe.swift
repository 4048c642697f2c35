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
    try setExtendedAttribute(descriptor, .init(name: name, value: value), shown: shownName(name))
}

/// Sets an attribute of an entry that cannot be opened: a link, a device, a fifo.
func setAttribute(
    _ folder: Int32, _ entry: ArraySlice<UInt8>, _ name: [UInt8], _ value: [UInt8]
) throws(SystemCallError) {
    try setExtendedAttribute(folder, Array(entry), .init(name: name, value: value), shown: shownName(name))
}

/// Every attribute of an open file or folder, except overlayfs's own; none where the file system has none.
func attributes(of descriptor: Int32) -> [ExtendedAttribute] {
    extendedAttributes(of: descriptor).filter { !isOverlayAttribute($0.name) }
}

/// Whether a folder hides those of the lower layers.
func isOpaque(_ descriptor: Int32) -> Bool {
    for attribute in ["trusted.overlay.opaque", "user.overlay.opaque"] {
        var value: UInt8 = 0
        if cl_fgetxattr(descriptor, attribute, &value, 1) == 1 && value == UInt8(ascii: "y") { return true }
    }
    return false
}
