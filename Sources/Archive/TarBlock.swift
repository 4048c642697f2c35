internal import Linux

/// The header block of one entry as ustar has it, and the PAX records for what does not fit there.
struct TarBlock {
    private(set) var bytes = [UInt8](repeating: 0, count: 512)
    private var records: [(key: [UInt8], value: [UInt8])] = []

    /// The blocks to write for an entry: those of its extended header, if it needs one, and its own.
    static func blocks(of entry: borrowing TarEntry) -> [UInt8] {
        var block = TarBlock()
        block.fill(from: entry)
        guard !block.records.isEmpty else { return block.bytes }
        return block.extendedHeader(entry.name) + block.bytes
    }

    private mutating func fill(from entry: borrowing TarEntry) {
        var name = entry.name
        if entry.kind == .directory && name.last != 0x2f { name.append(0x2f) }
        setName(name)
        setLink(entry.linkName)
        setNumber(Int64(entry.mode), 100, 8, "mode")
        setNumber(Int64(entry.uid), 108, 8, "uid")
        setNumber(Int64(entry.gid), 116, 8, "gid")
        setSize(entry)
        setTime(entry.modified)
        bytes[156] = Self.flag(entry.kind)
        put(Array("ustar\0".utf8) + Array("00".utf8), at: 257)
        if entry.kind == .characterDevice || entry.kind == .blockDevice {
            setNumber(Int64(entry.device.major), 329, 8, "devmajor")
            setNumber(Int64(entry.device.minor), 337, 8, "devminor")
        }
        for attribute in entry.attributes.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
            records.append((Array("SCHILY.xattr.".utf8) + attribute.name, attribute.value))
        }
        seal()
    }

    private static func flag(_ kind: TarEntry.Kind) -> UInt8 {
        switch kind {
        case .regular: UInt8(ascii: "0")
        case .hardLink: UInt8(ascii: "1")
        case .symbolicLink: UInt8(ascii: "2")
        case .characterDevice: UInt8(ascii: "3")
        case .blockDevice: UInt8(ascii: "4")
        case .directory: UInt8(ascii: "5")
        case .fifo: UInt8(ascii: "6")
        }
    }

    /// The name in the name field, split at a slash into prefix and name, or in a record where neither can hold it.
    private mutating func setName(_ name: [UInt8]) {
        let isPlain = name.allSatisfy { $0 < 0x80 }
        if isPlain && name.count <= 100 { return put(name, at: 0) }
        // The slash between the two is not stored; a folder's last one is no place to split.
        if isPlain && name.count <= 256,
            let slash = name.indices.first(where: { index in
                name[index] == 0x2f && index > 0 && index <= 155 && (1...100).contains(name.count - index - 1)
            })
        {
            put(Array(name[..<slash]), at: 345)
            return put(Array(name[(slash + 1)...]), at: 0)
        }
        records.append((Array("path".utf8), name))
        put(Array(name.prefix(100)), at: 0)
    }

    private mutating func setLink(_ link: [UInt8]) {
        if link.count <= 100 && link.allSatisfy({ $0 < 0x80 }) { return put(link, at: 157) }
        records.append((Array("linkpath".utf8), link))
        put(Array(link.prefix(100)), at: 157)
    }

    /// A sparse file is a file that begins with its map (GNU's PAX format 1.0): see ``SparseMap/data(_:)``.
    private mutating func setSize(_ entry: borrowing TarEntry) {
        setNumber(entry.storedSize, 124, 12, "size")
        guard entry.segments != nil else { return }
        records.append((Array("GNU.sparse.major".utf8), [UInt8(ascii: "1")]))
        records.append((Array("GNU.sparse.minor".utf8), [UInt8(ascii: "0")]))
        records.append((Array("GNU.sparse.name".utf8), entry.name))
        records.append((Array("GNU.sparse.realsize".utf8), Array("\(entry.size)".utf8)))
    }

    private mutating func setTime(_ time: (seconds: Int64, nanoseconds: Int)) {
        if time.seconds >= 0 && time.seconds < 1 << 33 && time.nanoseconds == 0 {
            return setNumber(time.seconds, 136, 12, "mtime")
        }
        records.append((Array("mtime".utf8), Array(Self.decimal(time).utf8)))
        setNumber(max(0, min(time.seconds, 1 << 33 - 1)), 136, 12, "mtime")
    }

    /// Seconds with a fraction; before 1970 the fraction counts from the next full second down.
    private static func decimal(_ time: (seconds: Int64, nanoseconds: Int)) -> String {
        if time.nanoseconds == 0 { return "\(time.seconds)" }
        let isNegative = time.seconds < 0
        let seconds = isNegative ? -(time.seconds + 1) : time.seconds
        let nanoseconds = isNegative ? 1_000_000_000 - time.nanoseconds : time.nanoseconds
        let digits = String(nanoseconds)
        return "\(isNegative ? "-" : "")\(seconds)." + String(repeating: "0", count: 9 - digits.count) + digits
    }

    /// An octal number that ends with a NUL, or a record where it does not fit.
    private mutating func setNumber(_ value: Int64, _ place: Int, _ width: Int, _ key: String) {
        let digits = Array(String(value, radix: 8).utf8)
        if value >= 0 && digits.count < width {
            return put([UInt8](repeating: 0x30, count: width - 1 - digits.count) + digits, at: place)
        }
        records.append((Array(key.utf8), Array("\(value)".utf8)))
        put([UInt8](repeating: 0x30, count: width - 1), at: place)
    }

    private mutating func put(_ text: [UInt8], at place: Int) {
        bytes.replaceSubrange(place..<(place + text.count), with: text)
    }

    private mutating func seal() {
        put([UInt8](repeating: 0x20, count: 8), at: 148)
        let sum = bytes.reduce(0) { $0 + Int($1) }
        let digits = Array(String(sum, radix: 8).utf8)
        put([UInt8](repeating: 0x30, count: 6 - digits.count) + digits + [0, 0x20], at: 148)
    }

    /// The entry of type `x` with the records, sorted, in front of the one they belong to.
    private func extendedHeader(_ name: [UInt8]) -> [UInt8] {
        var data: [UInt8] = []
        for record in records.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            data += Self.record(record.key, record.value)
        }
        let base = name.split(separator: 0x2f).last.map(Array.init) ?? []
        var header = TarBlock()
        header.put(Array("PaxHeaders.0/".utf8) + base.prefix(80).filter { $0 < 0x80 }, at: 0)
        header.setNumber(0o644, 100, 8, "mode")
        header.setNumber(0, 108, 8, "uid")
        header.setNumber(0, 116, 8, "gid")
        header.setNumber(Int64(data.count), 124, 12, "size")
        header.setNumber(0, 136, 12, "mtime")
        header.bytes[156] = UInt8(ascii: "x")
        header.put(Array("ustar\0".utf8) + Array("00".utf8), at: 257)
        header.seal()
        return header.bytes + data + [UInt8](repeating: 0, count: (512 - data.count % 512) % 512)
    }

    /// `LENGTH KEY=VALUE\n`, where the length counts its own digits.
    private static func record(_ key: [UInt8], _ value: [UInt8]) -> [UInt8] {
        let rest = key.count + value.count + 3
        var length = rest + String(rest).utf8.count
        if String(length).utf8.count > String(rest).utf8.count { length = rest + String(length).utf8.count }
        return Array("\(length) ".utf8) + key + [UInt8(ascii: "=")] + value + [0x0a]
    }
}
