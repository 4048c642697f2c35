internal import Support

/// A path from an archive, taken apart and cleaned without looking at any file system.
///
/// The components stand one after the other, each NUL-terminated, in one array that is used again for the next
/// entry, so that a path costs no allocation and every component can be handed to the kernel as it stands.
struct EntryPath {
    /// The components with their NULs.
    private(set) var bytes: [UInt8] = []
    /// Where each component starts.
    private(set) var starts: [Int] = []

    var count: Int { starts.count }

    /// Takes `name` apart: leading slashes and `.` fall away, `..` takes its folder away.
    ///
    /// - Throws: `invalidArgument` where `..` leads above the root, a component is longer than 255 bytes or has a
    ///   NUL, or the name is empty; `resourceExhausted` beyond the limits of length and depth.
    mutating func set(_ name: [UInt8], limits: ExtractionLimits) throws(RuntimeError) {
        bytes.removeAll(keepingCapacity: true)
        starts.removeAll(keepingCapacity: true)
        if name.isEmpty { throw refused(name, "the name is empty") }
        if name.count > limits.pathBytes {
            throw exceeded(name, "a path of \(name.count) bytes, at most \(limits.pathBytes)")
        }
        var start = 0
        for index in 0...name.count {
            if index < name.count && name[index] != 0x2f {
                if name[index] == 0 { throw refused(name, "a NUL in the name") }
                continue
            }
            try append(name[start..<index], of: name)
            start = index + 1
        }
        if starts.count > limits.depth {
            throw exceeded(name, "a path of \(starts.count) components, at most \(limits.depth)")
        }
    }

    private mutating func append(_ component: ArraySlice<UInt8>, of name: [UInt8]) throws(RuntimeError) {
        if component.isEmpty || component.elementsEqual([0x2e]) { return }
        if component.elementsEqual([0x2e, 0x2e]) {
            guard let last = starts.popLast() else { throw refused(name, "`..` leads out of the layer") }
            bytes.removeSubrange(last...)
            return
        }
        if component.count > 255 { throw refused(name, "a component of \(component.count) bytes, at most 255") }
        starts.append(bytes.count)
        bytes.append(contentsOf: component)
        bytes.append(0)
    }

    /// A component without its NUL.
    func component(_ index: Int) -> ArraySlice<UInt8> {
        bytes[starts[index]..<((index + 1 < starts.count ? starts[index + 1] : bytes.count) - 1)]
    }

    /// The last component without its NUL; empty for the root itself.
    var last: ArraySlice<UInt8> { starts.isEmpty ? [] : component(starts.count - 1) }

    /// Length in ``bytes`` of the folders above the last component.
    var parentLength: Int { starts.last ?? 0 }

    /// Gives a component to the kernel, which must not keep the pointer.
    func withComponent<R>(_ index: Int, _ body: (UnsafePointer<CChar>) -> R) -> R {
        withName(bytes, from: starts[index], body)
    }

    /// Gives the last component to the kernel.
    func withLast<R>(_ body: (UnsafePointer<CChar>) -> R) -> R {
        withName(bytes, from: starts.last ?? bytes.count, body)
    }
}

/// The NUL-terminated name that starts at an index of `bytes`; an empty one where nothing starts there.
func withName<R>(_ bytes: [UInt8], from start: Int, _ body: (UnsafePointer<CChar>) -> R) -> R {
    guard start < bytes.count, bytes.last == 0 else {
        var empty: CChar = 0
        return body(&empty)
    }
    // SAFETY: the array ends with a NUL (checked above), `start` is within it, and it stays valid during `body`.
    return bytes.withUnsafeBytes { raw in
        let pointer = UnsafeRawBufferPointer(rebasing: raw[start...]).baseAddress
        return pointer.map { body($0.assumingMemoryBound(to: CChar.self)) } ?? "".withCString(body)
    }
}
