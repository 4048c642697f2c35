extension SystemCallTable {
    /// The bytes of ``names``.
    static var nameBytes: UnsafeBufferPointer<UInt8> {
        // SAFETY: a StaticString of more than one scalar is a pointer to constant data of the program's image.
        UnsafeBufferPointer(start: names.utf8Start, count: names.utf8CodeUnitCount)
    }

    /// FNV-1a folded to 11 bits, the same as in dev/generate-syscalls; then linear probing.
    static func find(_ wanted: UnsafeBufferPointer<UInt8>) -> Int? {
        var hash: UInt32 = 0x811c_9dc5
        for byte in wanted { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
        hash ^= hash >> 15
        var slot = Int(hash & 2047)
        let blob = nameBytes
        while slots[slot] != 0 {
            let row = Int(slots[slot]) - 1
            let start = Int(offsets[row])
            let length = Int(offsets[row + 1]) - start
            if length == wanted.count, wanted.elementsEqual(blob[start..<start + length]) { return row }
            slot = (slot + 1) & 2047
        }
        return nil
    }
}
