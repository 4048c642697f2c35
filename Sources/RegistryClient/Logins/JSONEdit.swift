internal import JSON
internal import Support

/// Changes one member of a JSON object and leaves every other byte of the text as it is.
struct JSONEdit {
    private(set) var bytes: [UInt8]

    /// A member's place: its key's quote, its value's beginning and the byte behind its value.
    private struct Member {
        let name: String
        let start: Int
        let value: Int
        let end: Int
    }

    /// An object's place, from its brace to the byte behind the closing one.
    private struct Place {
        let start: Int
        let end: Int
        var members: [Member] = []
    }

    /// An empty text counts as an empty object.
    init(_ bytes: [UInt8]) throws {
        let isBlank = bytes.allSatisfy { [0x20, 0x09, 0x0a, 0x0d].contains($0) }
        self.bytes = isBlank ? Array("{\n}\n".utf8) : bytes
        _ = try object(at: [])
    }

    /// Sets `path`'s last member in the object that the others lead to; objects that are missing are made.
    mutating func set(_ path: [String], to value: [UInt8]) throws {
        guard let name = path.last else { return }
        let parents = Array(path.dropLast())
        guard let object = try object(at: parents) else {
            let text = JSONWriter.text { writer in
                writer.object { object in object.member(name) { writer in writer.raw(value) } }
            }
            return try set(parents, to: text)
        }
        // Names may be there twice; readers take the last one.
        if let member = object.members.last(where: { $0.name == name }) {
            bytes.replaceSubrange(member.value..<member.end, with: value)
            return
        }
        let key = JSONWriter.text { $0.string(name) } + Array(": ".utf8)
        if let last = object.members.last {
            let before = object.members.count > 1 ? object.members[object.members.count - 2].end + 1 : object.start + 1
            let gap = bytes[before..<last.start].filter { [0x20, 0x09, 0x0a, 0x0d].contains($0) }
            bytes.insert(contentsOf: Array(",".utf8) + gap + key + value, at: last.end)
        } else {
            let outer = String(repeating: "\t", count: parents.count)
            bytes.replaceSubrange(
                object.start..<object.end, with: Array("{\n\t\(outer)".utf8) + key + value + Array("\n\(outer)}".utf8))
        }
    }

    /// Takes every member of that name out of the object; false where there was none.
    mutating func remove(_ path: [String]) throws -> Bool {
        guard let name = path.last else { return false }
        var wasThere = false
        while let object = try object(at: Array(path.dropLast())),
            let index = object.members.firstIndex(where: { $0.name == name })
        {
            wasThere = true
            let member = object.members[index]
            if index + 1 < object.members.count {
                bytes.removeSubrange(member.start..<object.members[index + 1].start)
            } else {
                bytes.removeSubrange((index > 0 ? object.members[index - 1].end : object.start + 1)..<member.end)
            }
        }
        return wasThere
    }

    /// The names of the members of an object; none where there is no such object.
    func names(at path: [String]) throws -> [String] {
        try object(at: path)?.members.map(\.name) ?? []
    }

    /// Nil where a member on the way is missing or null; one that is no object is an error.
    private func object(at path: [String]) throws -> Place? {
        try JSONReader.document(bytes) { reader in
            try find(path[...], &reader)
        }
    }

    private func find(_ path: ArraySlice<String>, _ reader: inout JSONReader) throws -> Place? {
        guard let name = path.first else { return try place(&reader) }
        var found: Place?
        try reader.object { key, value in
            if key != name { return try value.skip() }
            if try value.null() { return }
            found = try find(path.dropFirst(), &value)
        }
        return found
    }

    private func place(_ reader: inout JSONReader) throws -> Place {
        let start = skipSpace(reader.offset)
        var members: [Member] = []
        var end = start + 1
        try reader.object { name, value in
            let key = bytes[end...].firstIndex(of: UInt8(ascii: "\"")) ?? end
            let first = skipSpace(value.offset)
            try value.skip()
            end = value.offset
            members.append(Member(name: name, start: key, value: first, end: end))
        }
        return Place(start: start, end: reader.offset, members: members)
    }

    private func skipSpace(_ position: Int) -> Int {
        bytes[position...].firstIndex { ![0x20, 0x09, 0x0a, 0x0d].contains($0) } ?? position
    }
}
