internal import Cgroups

/// Device rules in order, later ones winning, as far as a list of what is allowed can say the same.
struct DeviceAllowList: Equatable {
    /// A `DeviceAllow=` of systemd (systemd.resource-control(5)).
    struct Entry: Equatable {
        let path: String
        let access: String
    }

    /// Everything is allowed, without exception.
    private(set) var allowsEverything = false
    /// The list allows what the rules do; else it allows less.
    var isExact: Bool { !isShort && rules.allSatisfy { $0.path != nil } }
    private var isShort = false
    private var rules: [CgroupDeviceRule] = []

    init(_ rules: [CgroupDeviceRule]) {
        for rule in rules { add(rule) }
    }

    private mutating func add(_ rule: CgroupDeviceRule) {
        if rule.kind == .all {
            (allowsEverything, isShort, rules) = (rule.allow, false, [])
        } else if rule.allow {
            if !allowsEverything { merge(rule) }
        } else if allowsEverything {
            // "All but": a list of what is allowed can't say that.
            (allowsEverything, isShort) = (false, true)
        } else {
            remove(rule)
        }
    }

    private mutating func merge(_ rule: CgroupDeviceRule) {
        guard let index = rules.firstIndex(where: { $0.isSameDevice(as: rule) }) else { return rules.append(rule) }
        rules[index].access = "rwm".filter { rules[index].access.contains($0) || rule.access.contains($0) }
    }

    private mutating func remove(_ rule: CgroupDeviceRule) {
        for index in rules.indices.reversed()
        where rules[index].overlaps(rule) && rules[index].access.contains(where: rule.access.contains) {
            // Of a wider rule all goes, as what is left of it can't be said.
            if !rule.covers(rules[index]) { isShort = true }
            rules[index].access.removeAll { rule.access.contains($0) }
            if rules[index].access.isEmpty { rules.remove(at: index) }
        }
    }

    /// The list; without the rules that systemd has no words for.
    var entries: [Entry] {
        rules.compactMap { rule in rule.path.map { Entry(path: $0, access: rule.access) } }
    }
}

extension CgroupDeviceRule {
    fileprivate func isSameDevice(as other: Self) -> Bool {
        kind == other.kind && major == other.major && minor == other.minor
    }

    fileprivate func overlaps(_ other: Self) -> Bool {
        kind == other.kind && (major == nil || other.major == nil || major == other.major)
            && (minor == nil || other.minor == nil || minor == other.minor)
    }

    fileprivate func covers(_ other: Self) -> Bool {
        kind == other.kind && (major == nil || major == other.major) && (minor == nil || minor == other.minor)
    }

    /// systemd's word for the devices; nil for one minor number of every major one.
    fileprivate var path: String? {
        let name = kind == .block ? "block" : "char"
        switch (major, minor) {
        case (let major?, let minor?): return "/dev/\(name)/\(major):\(minor)"
        case (let major?, nil): return "\(name)-\(major)"
        case (nil, nil): return "\(name)-*"
        case (nil, _?): return nil
        }
    }
}
