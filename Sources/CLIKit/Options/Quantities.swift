internal import Glibc
internal import Support

/// Numbers as people write them on the command line.
enum Quantities {
    /// Bytes: `1024`, `64m`, `1.5g`, `2GiB`; powers of 1024, as docker has it.
    static func bytes(_ text: String, option: String) throws -> Int64 {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        var unit = text.dropFirst(digits.count).lowercased()
        if unit.hasSuffix("ib") { unit.removeLast(2) } else if unit.count > 1, unit.hasSuffix("b") { unit.removeLast() }
        let shifts = ["": 0, "b": 0, "k": 10, "m": 20, "g": 30, "t": 40, "p": 50]
        guard let number = Double(digits), let shift = shifts[unit.trimmingSpaces()] else {
            throw RuntimeError(.invalidArgument, "--\(option) \"\(text)\": not a size, such as 64m or 1g")
        }
        let value = number * Double(Int64(1) << Int64(shift))
        guard value >= 0, value < Double(Int64.max) else {
            throw RuntimeError(.invalidArgument, "--\(option) \"\(text)\": out of range")
        }
        return Int64(value)
    }

    /// Thousandths of a processor: `0.5`, `2`.
    static func milliCPUs(_ text: String) throws -> Int64 {
        guard let number = Double(text), number > 0, number < 100_000 else {
            throw RuntimeError(.invalidArgument, "--cpus \"\(text)\": not a number above 0, such as 0.5 or 2")
        }
        // The kernel's least quota is 1 ms of its period of 100 ms.
        guard number >= 0.01 else {
            throw RuntimeError(.invalidArgument, "--cpus \"\(text)\": the least is 0.01")
        }
        return Int64((number * 1000).rounded())
    }

    /// A whole number.
    static func integer<T: FixedWidthInteger>(_ text: String, option: String, least: T) throws -> T {
        guard let number = T(text), number >= least else {
            throw RuntimeError(.invalidArgument, "--\(option) \"\(text)\": not a whole number of \(least) or more")
        }
        return number
    }

    /// `nofile=1024:2048`, `nproc=64`; -1 or `unlimited` is no limit.
    static func resourceLimit(_ text: String) throws -> (name: String, soft: UInt64, hard: UInt64) {
        let parts = text.split(separator: "=", maxSplits: 1)
        let numbers = parts.count == 2 ? parts[1].split(separator: ":", omittingEmptySubsequences: false) : []
        let values = numbers.compactMap { $0 == "-1" || $0 == "unlimited" ? UInt64.max : UInt64($0) }
        guard parts.count == 2, (1...2).contains(values.count), values.count == numbers.count else {
            throw RuntimeError(.invalidArgument, "--ulimit \"\(text)\": not NAME=SOFT[:HARD], such as nofile=1024:2048")
        }
        let hard = values.count == 2 ? values[1] : values[0]
        guard values[0] <= hard else {
            throw RuntimeError(.invalidArgument, "--ulimit \"\(text)\": the soft limit is above the hard one")
        }
        return (String(parts[0]), values[0], hard)
    }

    /// A size for people: powers of 1000 with three digits, as docker shows it.
    static func size(_ bytes: Int64) -> String {
        let units = ["B", "kB", "MB", "GB", "TB", "PB"]
        var value = Double(bytes)
        var unit = 0
        while value >= 1000, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        if unit == 0 { return "\(bytes)B" }
        let scale: Double = value < 10 ? 100 : value < 100 ? 10 : 1
        let whole = (value * scale).rounded() / scale
        let text = scale == 1 ? "\(Int64(whole))" : "\(whole)"
        return "\(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)\(units[unit])"
    }

    /// A span of time for people: `5 seconds`, `About an hour`, `3 weeks`.
    static func span(_ seconds: Int64) -> String {
        switch seconds {
        case ..<1: "Less than a second"
        case 1: "1 second"
        case ..<60: "\(seconds) seconds"
        case ..<120: "About a minute"
        case ..<3600: "\(seconds / 60) minutes"
        case ..<7200: "About an hour"
        case ..<172_800: "\(seconds / 3600) hours"
        case ..<1_209_600: "\(seconds / 86400) days"
        case ..<5_184_000: "\(seconds / 604_800) weeks"
        case ..<63_072_000: "\(seconds / 2_592_000) months"
        default: "\(seconds / 31_536_000) years"
        }
    }

    /// Seconds of the Unix epoch.
    static func now() -> Int64 { Int64(time(nil)) }
}

extension String {
    func trimmingSpaces() -> String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
