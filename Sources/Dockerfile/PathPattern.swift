internal import Support

/// A pattern of paths as in COPY and .dockerignore: Go's `filepath.Match` (`*`, `?`, `[a-z]`, `[^a]`, `\x`), and in
/// .dockerignore `**` for any number of folders.
///
/// Matching takes time in proportion to pattern and path, whatever the pattern.
public struct PathPattern: Sendable {
    private enum Token: Sendable, Equatable {
        case literal(UInt8)
        /// One byte other than a slash.
        case one
        /// Any bytes without a slash.
        case any
        /// Any bytes.
        case deep
        /// Nothing, or anything up to a slash.
        case folders
        case set(ranges: [ClosedRange<UInt8>], inverted: Bool)
    }

    private var tokens: [Token] = []
    /// The pattern as it was written.
    public let text: String

    /// Parses a pattern.
    ///
    /// - Parameter crossesFolders: whether `**` has its meaning; else it is `*`.
    /// - Throws: `invalidArgument` for a `[` without its end or a `\` at the end.
    public init(_ text: String, crossesFolders: Bool = false) throws {
        self.text = text
        let bytes = Array(text.utf8)
        var place = 0
        while place < bytes.count {
            let byte = bytes[place]
            place += 1
            switch byte {
            case UInt8(ascii: "*"): Self.star(bytes, &place, crossesFolders, &tokens)
            case UInt8(ascii: "?"): tokens.append(.one)
            case UInt8(ascii: "["): tokens.append(try Self.set(bytes, &place, text))
            case UInt8(ascii: "\\"):
                guard place < bytes.count else { throw Self.malformed(text, "a \\ at its end") }
                tokens.append(.literal(bytes[place]))
                place += 1
            default: tokens.append(.literal(byte))
            }
        }
    }

    /// Whether the pattern is more than a plain name.
    public var isGlob: Bool {
        tokens.contains { if case .literal = $0 { false } else { true } }
    }

    /// The path that a pattern without wildcards names, its escapes removed.
    public var literal: String {
        String(decoding: tokens.compactMap { if case .literal(let byte) = $0 { byte } else { nil } }, as: UTF8.self)
    }

    /// Whether the whole of `path` fits.
    public func matches(_ path: String) -> Bool {
        var states = Set<Int>()
        enter(0, &states)
        for byte in path.utf8 {
            var next = Set<Int>()
            for state in states where state < tokens.count { step(state, byte, &next) }
            if next.isEmpty { return false }
            states = next
        }
        return states.contains(tokens.count)
    }

    private func enter(_ state: Int, _ set: inout Set<Int>) {
        guard set.insert(state).inserted, state < tokens.count else { return }
        switch tokens[state] {
        case .any, .deep, .folders: enter(state + 1, &set)
        default: break
        }
    }

    private func step(_ state: Int, _ byte: UInt8, _ next: inout Set<Int>) {
        let slash = UInt8(ascii: "/")
        switch tokens[state] {
        case .literal(let wanted): if wanted == byte { enter(state + 1, &next) }
        case .one: if byte != slash { enter(state + 1, &next) }
        case .any: if byte != slash { enter(state, &next) }
        case .deep: enter(state, &next)
        case .folders:
            // What follows may start behind a slash only, so the state itself is kept without its way out.
            if byte == slash { enter(state, &next) } else { next.insert(state) }
        case .set(let ranges, let inverted):
            if byte != slash && ranges.contains(where: { $0.contains(byte) }) != inverted { enter(state + 1, &next) }
        }
    }

    private static func star(_ bytes: [UInt8], _ place: inout Int, _ crosses: Bool, _ tokens: inout [Token]) {
        guard place < bytes.count, bytes[place] == UInt8(ascii: "*") else { return tokens.append(.any) }
        while place < bytes.count && bytes[place] == UInt8(ascii: "*") { place += 1 }
        guard crosses else { return tokens.append(.any) }
        if place < bytes.count && bytes[place] == UInt8(ascii: "/") {
            place += 1
            tokens.append(.folders)
        } else {
            tokens.append(.deep)
        }
    }

    private static func set(_ bytes: [UInt8], _ place: inout Int, _ text: String) throws -> Token {
        var ranges: [ClosedRange<UInt8>] = []
        let inverted = place < bytes.count && bytes[place] == UInt8(ascii: "^")
        if inverted { place += 1 }
        while true {
            guard place < bytes.count else { throw malformed(text, "a [ without its ]") }
            if bytes[place] == UInt8(ascii: "]") && !ranges.isEmpty {
                place += 1
                return .set(ranges: ranges, inverted: inverted)
            }
            let low = try member(bytes, &place, text)
            guard place < bytes.count, bytes[place] == UInt8(ascii: "-") else {
                ranges.append(low...low)
                continue
            }
            place += 1
            let high = try member(bytes, &place, text)
            // A range the wrong way round fits nothing.
            ranges.append(low <= high ? low...high : 0...0)
        }
    }

    private static func member(_ bytes: [UInt8], _ place: inout Int, _ text: String) throws -> UInt8 {
        if place < bytes.count && bytes[place] == UInt8(ascii: "\\") { place += 1 }
        guard place < bytes.count, bytes[place] != UInt8(ascii: "-"), bytes[place] != UInt8(ascii: "]") else {
            throw malformed(text, "a [ without its ]")
        }
        place += 1
        return bytes[place - 1]
    }

    private static func malformed(_ text: String, _ why: String) -> RuntimeError {
        RuntimeError(.invalidArgument, "pattern \"\(text)\": \(why)")
    }
}
