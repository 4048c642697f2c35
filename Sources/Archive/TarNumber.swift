/// The ways in which tar writes numbers. Each reader returns nil for what is no number or does not fit 63 bits.
enum TarNumber {
    /// A field of a header: octal with blanks around, or base 256 where the first byte's top bit is set.
    static func field(_ bytes: ArraySlice<UInt8>) -> Int64? {
        guard let first = bytes.first else { return 0 }
        return first & 0x80 != 0 ? base256(bytes) : octal(bytes)
    }

    private static func octal(_ bytes: ArraySlice<UInt8>) -> Int64? {
        var value: Int64 = 0
        var state = 0  // 0 before the digits, 1 in them, 2 behind them
        for byte in bytes {
            switch byte {
            case 0x30...0x37 where state < 2:
                if value >> 60 != 0 { return nil }
                value = value << 3 | Int64(byte & 7)
                state = 1
            case 0x20 where state == 0: continue
            case 0x20: state = 2
            case 0: return value
            default: return nil
            }
        }
        return value
    }

    private static func base256(_ bytes: ArraySlice<UInt8>) -> Int64? {
        let negative = bytes.first.map { $0 & 0x40 != 0 } ?? false
        var value: Int64 = negative ? -1 : 0
        var isFirst = true
        for byte in bytes {
            // The top bit of the first byte is the mark; the sign comes from the bit below it.
            let digit = isFirst ? (negative ? byte | 0x80 : byte & 0x7f) : byte
            isFirst = false
            let (high, overflow) = value.multipliedReportingOverflow(by: 256)
            if overflow { return nil }
            value = isNegativeStart(value, digit, negative) ? -1 : high | Int64(digit)
        }
        return value
    }

    private static func isNegativeStart(_ value: Int64, _ digit: UInt8, _ negative: Bool) -> Bool {
        negative && value == -1 && digit == 0xff
    }

    /// A decimal number of digits only.
    static func decimal(_ bytes: ArraySlice<UInt8>) -> Int64? {
        guard !bytes.isEmpty && bytes.count <= 19 else { return nil }
        var value: Int64 = 0
        for byte in bytes {
            guard byte >= 0x30 && byte <= 0x39 else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carried) = product.addingReportingOverflow(Int64(byte - 0x30))
            if overflow || carried { return nil }
            value = sum
        }
        return value
    }

    /// A PAX time: an optional minus, seconds, and a fraction of any length (beyond nanoseconds it is cut).
    static func time(_ bytes: ArraySlice<UInt8>) -> (seconds: Int64, nanoseconds: Int)? {
        let negative = bytes.first == UInt8(ascii: "-")
        let parts = (negative ? bytes.dropFirst() : bytes).split(
            separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, let seconds = decimal(whole), seconds < 1 << 60 else { return nil }
        var nanoseconds = 0
        if parts.count == 2 {
            guard parts[1].allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
            for index in 0..<9 {
                let position = parts[1].startIndex + index
                nanoseconds = nanoseconds * 10 + (position < parts[1].endIndex ? Int(parts[1][position] - 0x30) : 0)
            }
        }
        if !negative { return (seconds, nanoseconds) }
        return nanoseconds == 0 ? (-seconds, 0) : (-seconds - 1, 1_000_000_000 - nanoseconds)
    }
}
