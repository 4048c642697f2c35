internal import CLinux
internal import Glibc

/// One extended attribute of a file (xattr(7)).
public struct ExtendedAttribute: Sendable, Equatable {
    /// The whole name, such as `security.capability`.
    public var name: [UInt8]
    /// Its value, of any bytes.
    public var value: [UInt8]

    /// Makes an attribute.
    public init(name: [UInt8], value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

/// Sets an attribute of an open file or folder.
public func setExtendedAttribute(
    _ descriptor: Int32, _ attribute: ExtendedAttribute, shown: String
) throws(SystemCallError) {
    try check("fsetxattr", shown) {
        withTerminated(attribute.name) { name in
            // SAFETY: the kernel reads `count` bytes of the value during the call.
            attribute.value.withUnsafeBytes { cl_fsetxattr(descriptor, name, $0.baseAddress, $0.count) }
        }
    }
}

/// Sets an attribute of an entry that cannot be opened: a link, a device, a fifo.
public func setExtendedAttribute(
    _ folder: Int32, _ entry: [UInt8], _ attribute: ExtendedAttribute, shown: String
) throws(SystemCallError) {
    try check("lsetxattr", shown) {
        withTerminated(entry) { entry in
            withTerminated(attribute.name) { name in
                // SAFETY: as above.
                attribute.value.withUnsafeBytes { cl_lsetxattrat(folder, entry, name, $0.baseAddress, $0.count) }
            }
        }
    }
}

/// Removes an attribute of an open file or folder; a missing one is no error.
public func removeExtendedAttribute(_ descriptor: Int32, _ name: [UInt8]) {
    _ = withTerminated(name) { cl_fremovexattr(descriptor, $0) }
}

/// Every attribute of an open file or folder; none where the file system has none.
public func extendedAttributes(of descriptor: Int32) -> [ExtendedAttribute] {
    attributes(list: { cl_flistxattr(descriptor, $0, $1) }, get: { cl_fgetxattr(descriptor, $0, $1, $2) })
}

/// Every attribute of an entry itself.
public func extendedAttributes(of entry: [UInt8], in folder: Int32) -> [ExtendedAttribute] {
    withTerminated(entry) { pointer in
        attributes(
            list: { cl_llistxattrat(folder, pointer, $0, $1) },
            get: { cl_lgetxattrat(folder, pointer, $0, $1, $2) })
    }
}

private func attributes(
    list: (UnsafeMutablePointer<CChar>?, Int) -> Int,
    get: (UnsafePointer<CChar>, UnsafeMutableRawPointer?, Int) -> Int
) -> [ExtendedAttribute] {
    let size = list(nil, 0)
    guard size > 0 else { return [] }
    // SAFETY: both calls fill at most the length they are told, and `count` takes what they report.
    let names = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        buffer.withMemoryRebound(to: CChar.self) { count = max(0, list($0.baseAddress, $0.count)) }
    }
    var found: [ExtendedAttribute] = []
    for name in names.split(separator: 0).map(Array.init) {
        let value = [UInt8](unsafeUninitializedCapacity: 65536) { buffer, count in
            count = max(0, withTerminated(name) { get($0, buffer.baseAddress, buffer.count) })
        }
        found.append(.init(name: name, value: value))
    }
    return found
}

/// Gives a name to the kernel, which must not keep the pointer.
private func withTerminated<R>(_ name: [UInt8], _ body: (UnsafePointer<CChar>) -> R) -> R {
    let text = name.map { CChar(bitPattern: $0) } + [0]
    return body(text)
}
