internal import Linux
internal import Support

/// The records of PAX extended headers that hako understands; the others are read over.
struct PAXRecords {
    var path: [UInt8]?
    var linkPath: [UInt8]?
    var size: Int64?
    var uid: Int64?
    var gid: Int64?
    var modified: (seconds: Int64, nanoseconds: Int)?
    var attributes: [TarEntry.Attribute] = []
    /// GNU.sparse.*
    var sparse = SparseRecords()

    struct SparseRecords {
        var major: Int64?
        var minor: Int64?
        var name: [UInt8]?
        var realSize: Int64?
        /// Format 0.0's pairs and 0.1's list, as numbers in the order they stood.
        var numbers: [Int64] = []
        var isListed = false
        /// Whether any record said that the file is sparse.
        var isPresent = false
    }

    /// Reads the records `LENGTH KEY=VALUE\n` of one header over what is there already.
    ///
    /// - Parameter name: names the entry in errors.
    mutating func read(_ bytes: [UInt8], limits: ExtractionLimits, name: [UInt8]) throws(RuntimeError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let blank = rest.prefix(20).firstIndex(of: 0x20),
                let length = TarNumber.decimal(rest[rest.startIndex..<blank]),
                length > Int64(blank - rest.startIndex) + 2, length <= Int64(rest.count)
            else { throw refused(name, "a PAX record's length is wrong") }
            let record = rest[(blank + 1)..<(rest.startIndex + Int(length))]
            guard record.last == 0x0a, let equals = record.firstIndex(of: UInt8(ascii: "=")) else {
                throw refused(name, "a PAX record is malformed")
            }
            try set(record[record.startIndex..<equals], record[(equals + 1)...].dropLast(), limits, name)
            rest = rest.dropFirst(Int(length))
        }
        let sum = attributes.reduce(0) { $0 + $1.name.count + $1.value.count }
        guard sum <= limits.xattrBytes else {
            throw exceeded(name, "\(sum) bytes of extended attributes, at most \(limits.xattrBytes)")
        }
    }

    private mutating func set(
        _ key: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>, _ limits: ExtractionLimits, _ name: [UInt8]
    ) throws(RuntimeError) {
        // An empty value takes a record of a global header back.
        let isUnset = value.isEmpty
        switch String(decoding: key.prefix(32), as: UTF8.self) {
        case "path": path = isUnset ? nil : try text(value, name)
        case "linkpath": linkPath = isUnset ? nil : try text(value, name)
        case "size": size = isUnset ? nil : try number(value, "size", name)
        case "uid": uid = isUnset ? nil : try number(value, "uid", name)
        case "gid": gid = isUnset ? nil : try number(value, "gid", name)
        case "mtime":
            guard isUnset || TarNumber.time(value) != nil else { throw refused(name, "PAX mtime is no number") }
            modified = TarNumber.time(value)
        case let key where key.hasPrefix("GNU.sparse."): try setSparse(key, value, name)
        case let start where start.hasPrefix("SCHILY.xattr."):
            try setAttribute(Array(key.dropFirst(13)), Array(value), limits, name)
        case let start where start.hasPrefix("LIBARCHIVE.xattr."):
            guard let decoded = base64(value), let decodedName = percentDecoded(key.dropFirst(17)) else {
                throw refused(name, "a LIBARCHIVE.xattr record is malformed")
            }
            try setAttribute(decodedName, decoded, limits, name)
        default: break
        }
    }

    private mutating func setAttribute(
        _ attribute: [UInt8], _ value: [UInt8], _ limits: ExtractionLimits, _ name: [UInt8]
    ) throws(RuntimeError) {
        guard !attribute.isEmpty && attribute.count <= 255 && !attribute.contains(0) else {
            throw refused(name, "an extended attribute's name is empty, too long or has a NUL")
        }
        guard value.count <= 65536 else { throw refused(name, "an extended attribute is longer than 64 KiB") }
        if let index = attributes.firstIndex(where: { $0.name == attribute }) {
            attributes[index].value = value
        } else {
            // Looking each one up is quadratic: few thousand are more than any file system keeps.
            guard attributes.count < 4096 else { throw exceeded(name, "more than 4096 extended attributes") }
            attributes.append(.init(name: attribute, value: value))
        }
    }

    private mutating func setSparse(
        _ key: String, _ value: ArraySlice<UInt8>, _ name: [UInt8]
    ) throws(RuntimeError) {
        sparse.isPresent = true
        switch key {
        case "GNU.sparse.major": sparse.major = try number(value, key, name)
        case "GNU.sparse.minor": sparse.minor = try number(value, key, name)
        case "GNU.sparse.name": sparse.name = try text(value, name)
        case "GNU.sparse.realsize", "GNU.sparse.size": sparse.realSize = try number(value, key, name)
        case "GNU.sparse.offset", "GNU.sparse.numbytes":
            guard sparse.numbers.count % 2 == (key == "GNU.sparse.offset" ? 0 : 1) else {
                throw refused(name, "the sparse map is out of order")
            }
            sparse.isListed = true
            sparse.numbers.append(try number(value, key, name))
        case "GNU.sparse.map":
            sparse.isListed = true
            sparse.numbers = []
            for part in value.split(separator: UInt8(ascii: ",")) {
                sparse.numbers.append(try number(part, key, name))
            }
        default: break
        }
    }

    private func text(_ value: ArraySlice<UInt8>, _ name: [UInt8]) throws(RuntimeError) -> [UInt8] {
        if value.contains(0) { throw refused(Array(value), "a NUL in a PAX path") }
        return Array(value)
    }

    private func number(_ value: ArraySlice<UInt8>, _ key: String, _ name: [UInt8]) throws(RuntimeError) -> Int64 {
        guard let number = TarNumber.decimal(value) else { throw refused(name, "PAX \(key) is no size") }
        return number
    }
}

/// The bytes of standard base64, with or without padding; nil where it is malformed.
func base64(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    var bytes: [UInt8] = []
    var bits: UInt32 = 0
    var count = 0
    for byte in text.reversed().drop(while: { $0 == UInt8(ascii: "=") || $0 == 0x0a }).reversed() {
        let digit: UInt8
        switch byte {
        case 0x41...0x5a: digit = byte - 0x41
        case 0x61...0x7a: digit = byte - 0x61 + 26
        case 0x30...0x39: digit = byte - 0x30 + 52
        case 0x2b: digit = 62
        case 0x2f: digit = 63
        default: return nil
        }
        bits = bits << 6 | UInt32(digit)
        count += 6
        if count >= 8 {
            count -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
        }
    }
    return bytes
}

/// `%41` → `A`; nil where a percent sign has no two hex digits behind it.
func percentDecoded(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    var bytes: [UInt8] = []
    var index = text.startIndex
    while index < text.endIndex {
        if text[index] != UInt8(ascii: "%") {
            bytes.append(text[index])
            index += 1
            continue
        }
        guard index + 2 < text.endIndex,
            let byte = UInt8(String(decoding: text[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
        else { return nil }
        bytes.append(byte)
        index += 3
    }
    return bytes
}
