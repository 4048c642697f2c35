/// Reads the part of TOML 1.0 that configuration of registries is written in: tables, dotted and quoted keys, strings of
/// one line, integers, booleans, arrays and inline tables.
///
/// What it does not read (floats, dates, strings of several lines, arrays of tables) is an error that says so. Bounded:
/// ``maximumBytes`` and ``maximumDepth``.
struct TOMLReader {
    static let maximumBytes = 1 << 20
    static let maximumDepth = 32

    var rest: Substring.UnicodeScalarView
    var line = 1
    private var root = TOMLTable()
    private var headers: Set<[String]> = []

    private init(_ text: String) {
        rest = text[...].unicodeScalars
    }

    /// The whole document.
    static func document(_ bytes: [UInt8]) throws(TOMLError) -> TOMLTable {
        guard bytes.count <= maximumBytes else {
            throw TOMLError(line: 1, reason: "more than \(maximumBytes) bytes")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw TOMLError(line: 1, reason: "not in UTF-8")
        }
        var reader = TOMLReader(text)
        try reader.readDocument()
        return reader.root
    }

    func failure(_ reason: String) -> TOMLError { TOMLError(line: line, reason: reason) }

    private mutating func readDocument() throws(TOMLError) {
        var prefix: [String] = []
        while true {
            skipLinesAndComments()
            guard let next = rest.first else { return }
            if next == "[" {
                prefix = try readHeader()
                try Self.open(prefix[...], in: &root, line)
            } else {
                let key = try readKey()
                try expect("=")
                let value = try readValue(depth: 0)
                try Self.insert(value, at: (prefix + key)[...], in: &root, line)
            }
            try endLine()
        }
    }

    private mutating func readHeader() throws(TOMLError) -> [String] {
        rest.removeFirst()
        if rest.first == "[" { throw failure("arrays of tables ([[…]]) are not read") }
        let key = try readKey()
        try expect("]")
        guard headers.insert(key).inserted else {
            throw failure("the table [\(key.joined(separator: "."))] is there twice")
        }
        return key
    }

    // MARK: Keys

    /// `a.b."c d"`.
    mutating func readKey() throws(TOMLError) -> [String] {
        var parts: [String] = []
        repeat {
            skipBlanks()
            parts.append(try readKeyPart())
            if parts.count > Self.maximumDepth { throw failure("a key of more than \(Self.maximumDepth) parts") }
            skipBlanks()
        } while take(".")
        return parts
    }

    private mutating func readKeyPart() throws(TOMLError) -> String {
        if rest.first == "\"" || rest.first == "'" { return try readString() }
        var part = ""
        while let next = rest.first, Self.isBare(next) {
            part.unicodeScalars.append(next)
            rest.removeFirst()
        }
        if part.isEmpty { throw failure("expected a key") }
        return part
    }

    private static func isBare(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII
            && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "_" || scalar == "-")
    }

    // MARK: Where a value goes

    /// Makes the tables of a header.
    private static func open(_ path: ArraySlice<String>, in table: inout TOMLTable, _ line: Int) throws(TOMLError) {
        guard let name = path.first else { return }
        var inner = try self.inner(name, of: table, line)
        try open(path.dropFirst(), in: &inner, line)
        table[name] = .table(inner)
    }

    /// Puts a value where its key says; a key that is there already is an error.
    static func insert(
        _ value: TOMLValue, at path: ArraySlice<String>, in table: inout TOMLTable, _ line: Int
    ) throws(TOMLError) {
        guard let name = path.first else { return }
        if path.count == 1 {
            guard table[name] == nil else { throw TOMLError(line: line, reason: "\"\(name)\" is there twice") }
            table[name] = value
            return
        }
        var inner = try self.inner(name, of: table, line)
        try insert(value, at: path.dropFirst(), in: &inner, line)
        table[name] = .table(inner)
    }

    private static func inner(_ name: String, of table: TOMLTable, _ line: Int) throws(TOMLError) -> TOMLTable {
        switch table[name] {
        case nil: return TOMLTable()
        case .table(let inner) where !inner.isClosed: return inner
        case .some(let other): throw TOMLError(line: line, reason: "\"\(name)\" is \(other.kind) already")
        }
    }

    // MARK: Signs

    mutating func skipBlanks() {
        while let next = rest.first, next == " " || next == "\t" { rest.removeFirst() }
    }

    mutating func skipLinesAndComments() {
        while let next = rest.first {
            if next == "#" {
                while let sign = rest.first, sign != "\n" { rest.removeFirst() }
            } else if next == "\n" {
                line += 1
                rest.removeFirst()
            } else if next == " " || next == "\t" || next == "\r" {
                rest.removeFirst()
            } else {
                return
            }
        }
    }

    mutating func take(_ sign: Unicode.Scalar) -> Bool {
        guard rest.first == sign else { return false }
        rest.removeFirst()
        return true
    }

    mutating func expect(_ sign: Unicode.Scalar) throws(TOMLError) {
        skipBlanks()
        guard take(sign) else { throw failure("expected \(sign)") }
    }

    private mutating func endLine() throws(TOMLError) {
        skipBlanks()
        guard let next = rest.first, next != "#", next != "\n" else { return }
        if next == "\r", rest.dropFirst().first == "\n" { return }
        throw failure("unexpected text after the value")
    }
}
