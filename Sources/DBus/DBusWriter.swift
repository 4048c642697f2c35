/// Marshals values, in little endian (D-Bus specification, "Marshaling").
struct DBusWriter {
    /// What has been written; positions count from its start.
    private(set) var bytes: [UInt8] = []

    /// Pads with zeros to a boundary.
    mutating func align(_ boundary: Int) {
        while bytes.count % boundary != 0 { bytes.append(0) }
    }

    /// Writes an integer at its own size's boundary.
    mutating func integer<T: FixedWidthInteger>(_ value: T) {
        align(MemoryLayout<T>.size)
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// Writes a value with its padding.
    mutating func write(_ value: DBusValue) {
        switch value {
        case .byte(let value): bytes.append(value)
        case .boolean(let value): integer(UInt32(value ? 1 : 0))
        case .int16(let value): integer(value)
        case .uint16(let value): integer(value)
        case .int32(let value): integer(value)
        case .uint32(let value): integer(value)
        case .int64(let value): integer(value)
        case .uint64(let value): integer(value)
        case .double(let value): integer(value.bitPattern)
        case .string(let text), .objectPath(let text):
            integer(UInt32(text.utf8.count))
            bytes += Array(text.utf8) + [0]
        case .signature(let text): signature(text)
        case .bytes(let value):
            integer(UInt32(value.count))
            bytes += value
        case .array(let element, let values): array(element, values)
        case .structure(let members):
            align(8)
            for member in members { write(member) }
        case .entry(let key, let value):
            align(8)
            write(key)
            write(value)
        case .variant(let value):
            signature(value.type.code)
            write(value)
        }
    }

    private mutating func signature(_ text: String) {
        bytes.append(UInt8(truncatingIfNeeded: text.utf8.count))
        bytes += Array(text.utf8) + [0]
    }

    private mutating func array(_ element: DBusType, _ values: [DBusValue]) {
        integer(UInt32(0))
        let field = bytes.count - 4
        align(element.alignment)
        let start = bytes.count
        for value in values { write(value) }
        withUnsafeBytes(of: UInt32(bytes.count - start).littleEndian) { length in
            bytes.replaceSubrange(field..<field + 4, with: length)
        }
    }
}
