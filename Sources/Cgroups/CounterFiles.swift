internal import Linux

/// The counters in a group's folder; what is missing or unreadable counts as 0 or empty.
struct CounterFiles {
    private let folder: String

    init(_ folder: String) {
        self.folder = folder
    }

    /// A file's text.
    func text(_ file: String) -> String {
        (try? readText("\(folder)/\(file)")) ?? ""
    }

    /// A file with one number.
    func number(_ file: String) -> UInt64 {
        UInt64(text(file)) ?? 0
    }

    /// A file with a name and a number on each line.
    func values(_ file: String) -> [String: UInt64] {
        var values: [String: UInt64] = [:]
        for line in text(file).split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, let value = UInt64(words[1]) { values[String(words[0])] = value }
        }
        return values
    }

    /// v1: `NAME.limit_in_bytes` and its companions.
    func versionOneCounter(_ name: String) -> CgroupStatistics.Counter {
        var counter = CgroupStatistics.Counter()
        counter.limit = number("\(name).limit_in_bytes")
        counter.usage = number("\(name).usage_in_bytes")
        counter.peak = number("\(name).max_usage_in_bytes")
        counter.failures = number("\(name).failcnt")
        return counter
    }

    /// v2: `NAME.max` and its companions.
    func unifiedCounter(_ name: String) -> CgroupStatistics.Counter {
        var counter = CgroupStatistics.Counter()
        let limit = text("\(name).max")
        counter.limit = limit == "max" ? .max : UInt64(limit) ?? 0
        counter.usage = number("\(name).current")
        counter.peak = number("\(name).peak")
        return counter
    }

    /// The sizes of huge pages that the folder has files for.
    func pageSizes(suffix: String) -> [String] {
        ((try? directoryEntries(folder)) ?? []).compactMap { name in
            guard name.hasPrefix("hugetlb."), name.hasSuffix(suffix) else { return nil }
            let size = name.dropFirst("hugetlb.".utf8.count).dropLast(suffix.utf8.count)
            return size.contains(".") ? nil : String(size)
        }
    }

    /// v1: lines such as `8:0 Read 4096` or `8:0 4096`.
    func blockEntries(_ file: String) -> [CgroupStatistics.BlockIO.Entry] {
        text(file).split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard (2...3).contains(words.count), let device = Self.device(words[0]),
                let value = words.last.flatMap({ UInt64($0) })
            else { return nil }
            return .init(
                major: device.major, minor: device.minor, operation: words.count == 3 ? String(words[1]) : "",
                value: value)
        }
    }

    /// v2's io.stat, in v1's tables.
    func unifiedBlockCounts() -> [CgroupStatistics.BlockIO.Kind: [CgroupStatistics.BlockIO.Entry]] {
        let tables: [Substring: (kind: CgroupStatistics.BlockIO.Kind, operation: String)] = [
            "rbytes": (.bytes, "Read"), "wbytes": (.bytes, "Write"),
            "rios": (.operations, "Read"), "wios": (.operations, "Write"),
        ]
        var counts: [CgroupStatistics.BlockIO.Kind: [CgroupStatistics.BlockIO.Entry]] = [:]
        for line in text("io.stat").split(separator: "\n") {
            let words = line.split(separator: " ")
            guard let device = words.first.flatMap(Self.device) else { continue }
            for word in words.dropFirst() {
                let pair = word.split(separator: "=")
                guard pair.count == 2, let table = tables[pair[0]], let value = UInt64(pair[1]) else { continue }
                counts[table.kind, default: []].append(
                    .init(major: device.major, minor: device.minor, operation: table.operation, value: value))
            }
        }
        return counts
    }

    /// A pressure file: `some avg10=0.00 avg60=0.00 avg300=0.00 total=0` and the same with `full`.
    func pressure(_ file: String) -> CgroupStatistics.Pressure? {
        let lines = text(file).split(separator: "\n")
        if lines.isEmpty { return nil }
        var pressure = CgroupStatistics.Pressure()
        for line in lines {
            let words = line.split(separator: " ")
            let values = words.dropFirst().compactMap { $0.split(separator: "=").last.map(String.init) }
            guard values.count == 4 else { continue }
            let parsed = CgroupStatistics.Pressure.Line(averages: Array(values[..<3]), total: UInt64(values[3]) ?? 0)
            if words[0] == "full" { pressure.full = parsed } else { pressure.some = parsed }
        }
        return pressure
    }

    private static func device(_ text: Substring) -> (major: UInt64, minor: UInt64)? {
        let numbers = text.split(separator: ":").compactMap { UInt64($0) }
        return numbers.count == 2 ? (numbers[0], numbers[1]) : nil
    }
}
