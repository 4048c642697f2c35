extension JSONReader {
    /// Reads `true` or `false`.
    public mutating func bool() throws(JSONError) -> Bool {
        skipSpace()
        switch peek {
        case UInt8(ascii: "t"):
            try literal("true")
            return true
        case UInt8(ascii: "f"):
            try literal("false")
            return false
        default: throw mismatch("a boolean")
        }
    }

    /// Reads an integer that fits `T`; a fraction or an exponent is an error, as Go's decoder has it.
    public mutating func integer<T: FixedWidthInteger>(_: T.Type = T.self) throws(JSONError) -> T {
        skipSpace()
        let start = position
        let negative = take(UInt8(ascii: "-"))
        guard let first = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            position = start
            throw mismatch("an integer")
        }
        var value: T = 0
        var fits = true
        while let digit = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) {
            let (product, over) = value.multipliedReportingOverflow(by: 10)
            let unit = T(truncatingIfNeeded: digit - UInt8(ascii: "0"))
            let (sum, overSum) =
                negative ? product.subtractingReportingOverflow(unit) : product.addingReportingOverflow(unit)
            fits = fits && !over && !overSum
            value = sum
            position += 1
        }
        if first == UInt8(ascii: "0"), position - start > (negative ? 2 : 1) {
            throw failure("a number with a leading zero")
        }
        if let next = peek, next == UInt8(ascii: ".") || next | 0x20 == UInt8(ascii: "e") {
            throw failure("expected an integer, found a fraction")
        }
        guard fits else { throw failure("number out of range (\(T.min) to \(T.max))") }
        return value
    }

    /// Reads a string, its escapes resolved; malformed UTF-8, a raw control character or a lone surrogate is an error.
    public mutating func string() throws(JSONError) -> String {
        skipSpace()
        guard peek == UInt8(ascii: "\"") else { throw mismatch("a string") }
        return try stringLiteral()
    }

    /// Reads and drops a value of any type, checking its syntax.
    public mutating func skip() throws {
        skipSpace()
        switch peek {
        case UInt8(ascii: "{"): try object { _, reader in try reader.skip() }
        case UInt8(ascii: "["): try array { reader in try reader.skip() }
        case UInt8(ascii: "\""): _ = try stringLiteral()
        case UInt8(ascii: "n"): _ = try null()
        case UInt8(ascii: "t"), UInt8(ascii: "f"): _ = try bool()
        default: try skipNumber()
        }
    }

    /// Reads a value of any type and gives back its bytes as they stand in the text.
    public mutating func raw() throws -> [UInt8] {
        skipSpace()
        let start = position
        try skip()
        return Array(bytes[start..<position])
    }

    private mutating func skipNumber() throws(JSONError) {
        let start = position
        _ = take(UInt8(ascii: "-"))
        let leadingZero = peek == UInt8(ascii: "0")
        let whole = skipDigits()
        guard whole > 0, !(leadingZero && whole > 1) else {
            position = start
            throw mismatch("a value")
        }
        if take(UInt8(ascii: ".")), skipDigits() == 0 { throw failure("a number that ends in a point") }
        if let mark = peek, mark | 0x20 == UInt8(ascii: "e") {
            position += 1
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            if skipDigits() == 0 { throw failure("a number with an empty exponent") }
        }
    }

    private mutating func skipDigits() -> Int {
        let start = position
        while let digit = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) { position += 1 }
        return position - start
    }

    /// Reads the string whose opening quote is next.
    mutating func stringLiteral() throws(JSONError) -> String {
        position += 1
        let start = position
        while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
        if peek == UInt8(ascii: "\"") {
            defer { position += 1 }
            return try decode(bytes[start..<position])
        }
        var collected = Array(bytes[start..<position])
        while let byte = peek {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return try decode(collected[...])
            case UInt8(ascii: "\\"): try escape(into: &collected)
            case ..<0x20: throw failure("a raw control character in a string")
            default: collected.append(byte)
            }
        }
        throw failure("a string without its closing quote")
    }

    private func decode(_ slice: ArraySlice<UInt8>) throws(JSONError) -> String {
        // Nearly all strings are ASCII, which needs no validation; the validating initialiser is generic and slow to start.
        if slice.allSatisfy({ $0 < 0x80 }) { return String(decoding: slice, as: UTF8.self) }
        guard let text = String(validating: slice, as: UTF8.self) else { throw failure("a string that is not UTF-8") }
        return text
    }

    private mutating func escape(into collected: inout [UInt8]) throws(JSONError) {
        guard let code = peek else { throw failure("a string without its closing quote") }
        position += 1
        switch code {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): collected.append(code)
        case UInt8(ascii: "b"): collected.append(0x08)
        case UInt8(ascii: "f"): collected.append(0x0c)
        case UInt8(ascii: "n"): collected.append(0x0a)
        case UInt8(ascii: "r"): collected.append(0x0d)
        case UInt8(ascii: "t"): collected.append(0x09)
        case UInt8(ascii: "u"): try unicodeEscape(into: &collected)
        default: throw failure("an unknown escape in a string")
        }
    }

    private mutating func unicodeEscape(into collected: inout [UInt8]) throws(JSONError) {
        var value = try hexadecimal()
        if (0xd800..<0xdc00).contains(value) {
            guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
                throw failure("a lone surrogate in a string")
            }
            let low = try hexadecimal()
            guard (0xdc00..<0xe000).contains(low) else { throw failure("a lone surrogate in a string") }
            value = 0x10000 + (value - 0xd800) << 10 + (low - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(value) else { throw failure("a lone surrogate in a string") }
        collected += Array(String(Character(scalar)).utf8)
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw failure("four hexadecimal digits must follow \\u")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}
