/// One device rule: an element of `linux.resources.devices`.
public struct CgroupDeviceRule: Sendable, Equatable {
    /// Which devices: `a`ll, `b`lock or `c`haracter.
    public enum Kind: String, Sendable {
        case all = "a", block = "b", character = "c"
    }

    /// Allowed or forbidden.
    public var allow: Bool
    /// Which kind; `all` means every device, whatever the numbers say.
    public var kind: Kind
    /// The major number; nil is any.
    public var major: Int64?
    /// The minor number; nil is any.
    public var minor: Int64?
    /// Some of `rwm`: reading, writing, making nodes.
    public var access: String

    /// A rule.
    public init(allow: Bool, kind: Kind, major: Int64? = nil, minor: Int64? = nil, access: String = "rwm") {
        self.allow = allow
        self.kind = kind
        self.major = major
        self.minor = minor
        self.access = access
    }

    /// What every container may use (runtime specification, "Default Devices"): making nodes, and null, zero,
    /// full, random, urandom, tty, console, ptmx and the terminals of devpts. Put them behind the container's own rules.
    public static let defaults: [CgroupDeviceRule] =
        [
            CgroupDeviceRule(allow: true, kind: .character, access: "m"),
            CgroupDeviceRule(allow: true, kind: .block, access: "m"),
        ]
        + ([(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1), (5, 2), (136, nil)] as [(Int64, Int64?)])
        .map { CgroupDeviceRule(allow: true, kind: .character, major: $0.0, minor: $0.1) }

    /// The line that devices.allow and devices.deny take.
    var line: String {
        if kind == .all { return "a" }
        let number = { (value: Int64?) in value.map { "\($0)" } ?? "*" }
        return "\(kind.rawValue) \(number(major)):\(number(minor)) \(access)"
    }

    /// `rwm` as BPF_DEVCG_ACC_* bits: 1 make, 2 read, 4 write.
    var accessBits: UInt32 {
        (access.contains("m") ? 1 : 0) | (access.contains("r") ? 2 : 0) | (access.contains("w") ? 4 : 0)
    }
}
