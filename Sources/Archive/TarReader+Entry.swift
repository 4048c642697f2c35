internal import Support

extension TarReader {
    /// Fills the current entry from the header block and its extension headers.
    func fill(from records: PAXRecords, longName: [UInt8]?, longLink: [UInt8]?) throws {
        try countEntry()
        if let name = records.path ?? longName { entry.name = name } else { header.readName(into: &entry.name) }
        if let link = records.linkPath ?? longLink {
            entry.linkName = link
        } else {
            entry.linkName.removeAll(keepingCapacity: true)
            entry.linkName += header.linkName
        }
        if let name = records.sparse.name { entry.name = name }
        entry.kind = try kind()
        try fillOwnership(records)
        try fillSize(records)
        entry.attributes = records.attributes
        if try !readSparse(records) {
            entry.segments = nil
            entry.size = entry.storedSize
        }
        guard entry.size <= limits.fileBytes else {
            throw exceeded(entry.name, "a file of \(entry.size) bytes, at most \(limits.fileBytes)")
        }
        entry.dataOffset = stream.offset
    }

    private func kind() throws -> TarEntry.Kind {
        switch header.typeFlag {
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"), UInt8(ascii: "S"):
            entry.name.last == 0x2f ? .directory : .regular
        case UInt8(ascii: "1"): .hardLink
        case UInt8(ascii: "2"): .symbolicLink
        case UInt8(ascii: "3"): .characterDevice
        case UInt8(ascii: "4"): .blockDevice
        case UInt8(ascii: "5"), UInt8(ascii: "D"): .directory
        case UInt8(ascii: "6"): .fifo
        case let flag: throw refused(entry.name, "an entry of type \(shownName([flag])), which is none of tar's")
        }
    }

    private func fillOwnership(_ records: PAXRecords) throws {
        guard let mode = header.number(100..<108), let uid = records.uid ?? header.number(108..<116),
            let gid = records.gid ?? header.number(116..<124)
        else { throw refused(entry.name, "mode or owner is no number") }
        // -1 would leave the owner as it is.
        guard uid >= 0, gid >= 0, uid < Int64(UInt32.max), gid < Int64(UInt32.max) else {
            throw refused(entry.name, "the owner \(uid):\(gid) is out of range")
        }
        (entry.mode, entry.uid, entry.gid) = (UInt32(truncatingIfNeeded: mode) & 0o7777, UInt32(uid), UInt32(gid))
        if let modified = records.modified {
            entry.modified = modified
        } else {
            guard let seconds = header.number(136..<148) else { throw refused(entry.name, "mtime is no number") }
            entry.modified = (seconds, 0)
        }
        entry.device = (0, 0)
        guard entry.kind == .characterDevice || entry.kind == .blockDevice else { return }
        guard header.hasDevice, let major = header.number(329..<337), let minor = header.number(337..<345),
            major >= 0, major < 1 << 12, minor >= 0, minor < 1 << 20
        else { throw refused(entry.name, "the device number is malformed or out of range") }
        entry.device = (UInt32(major), UInt32(minor))
    }

    private func fillSize(_ records: PAXRecords) throws {
        guard let size = records.size ?? header.number(124..<136), size >= 0 else {
            throw refused(entry.name, "the size is malformed or negative")
        }
        // Links, devices and folders have no data, whatever the field says (Go's archive/tar reads it so too).
        let hasData = entry.kind == .regular || header.typeFlag == 0 || header.typeFlag == UInt8(ascii: "0")
        entry.storedSize = hasData ? size : 0
        guard entry.storedSize <= limits.fileBytes else {
            throw exceeded(entry.name, "a file of \(size) bytes, at most \(limits.fileBytes)")
        }
        rest = entry.storedSize
        padding = try blocks(rest) - rest
    }

    /// Reads the map of a sparse file; false where the entry is none.
    private func readSparse(_ records: PAXRecords) throws -> Bool {
        var numbers: [Int64] = []
        if header.typeFlag == UInt8(ascii: "S") && header.isGNU {
            guard let real = header.number(483..<495), real >= 0 else {
                throw refused(entry.name, "the real size is malformed or negative")
            }
            entry.size = real
            try readOldMap(&numbers)
        } else if records.sparse.isPresent && entry.kind == .regular {
            guard let real = records.sparse.realSize else { throw refused(entry.name, "a sparse file without a size") }
            entry.size = real
            if records.sparse.major == 1 && records.sparse.minor == 0 {
                try readDataMap(&numbers)
            } else if records.sparse.isListed && (records.sparse.major ?? 0) == 0 {
                numbers = records.sparse.numbers
            } else {
                throw refused(entry.name, "an unknown sparse format")
            }
        } else {
            return false
        }
        entry.segments = try SparseMap.segments(numbers, size: entry.size, stored: rest, name: entry.name)
        return true
    }

    private func readOldMap(_ numbers: inout [Int64]) throws {
        var goesOn = header.block[482] != 0
        var isListed = try SparseMap.readOld(header, from: 386, count: 4, into: &numbers, name: entry.name)
        while goesOn {
            guard try takeBlock() else { throw refused(entry.name, "the archive is truncated in the sparse map") }
            goesOn = header.block[504] != 0
            guard numbers.count * 24 <= limits.headerBytes else {
                throw exceeded(entry.name, "a sparse map of more than \(limits.headerBytes) bytes")
            }
            if isListed {
                isListed = try SparseMap.readOld(header, from: 0, count: 21, into: &numbers, name: entry.name)
            } else {
                throw refused(entry.name, "the sparse map goes on behind its end")
            }
        }
    }

    /// Format 1.0: decimal lines at the start of the data, filled up to a block.
    private func readDataMap(_ numbers: inout [Int64]) throws {
        var line: [UInt8] = []
        var wanted = -1
        var taken = 0
        while wanted < 0 || numbers.count < wanted {
            guard rest >= 512 else { throw refused(entry.name, "the sparse map leaves the data") }
            guard taken < limits.headerBytes else {
                throw exceeded(entry.name, "a sparse map of more than \(limits.headerBytes) bytes")
            }
            guard try takeBlock() else { throw refused(entry.name, "the archive is truncated in the sparse map") }
            rest -= 512
            taken += 512
            for byte in header.block where wanted < 0 || numbers.count < wanted {
                if byte != 0x0a {
                    line.append(byte)
                    continue
                }
                guard let number = TarNumber.decimal(line[...]) else {
                    throw refused(entry.name, "the sparse map has a malformed number")
                }
                line.removeAll(keepingCapacity: true)
                if wanted >= 0 {
                    numbers.append(number)
                } else {
                    guard number <= Int64(limits.headerBytes) else {
                        throw exceeded(entry.name, "a sparse map of \(number) pieces")
                    }
                    wanted = Int(number) * 2
                }
            }
            guard line.count < 64 else { throw refused(entry.name, "the sparse map has a malformed number") }
        }
    }
}
