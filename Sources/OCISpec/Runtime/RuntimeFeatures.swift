public import JSON

/// What `features` prints: what a runtime can do (features.md). Written only.
public struct RuntimeFeatures: Sendable, Equatable {
    /// The oldest version of the specification that is understood.
    public var ociVersionMin = "1.0.0"
    /// The newest version of the specification that is understood.
    public var ociVersionMax = RuntimeConfiguration.currentVersion
    /// The hooks that are run.
    public var hooks: [String] = []
    /// The mount options that are known.
    public var mountOptions: [String] = []
    /// The kinds of namespace.
    public var namespaces: [String] = []
    /// The capabilities that are known.
    public var capabilities: [String] = []
    /// cgroup support by name: `v1`, `v2`, `systemd`, `systemdUser`, `rdma`.
    public var cgroup: [String: Bool] = [:]
    /// Seccomp actions; empty where there is no seccomp.
    public var seccompActions: [String] = []
    /// Seccomp operators.
    public var seccompOperators: [String] = []
    /// Seccomp architectures.
    public var seccompArchitectures: [String] = []
    /// Seccomp flags that are known.
    public var seccompKnownFlags: [String] = []
    /// Those of them that the running kernel has.
    public var seccompSupportedFlags: [String] = []
    /// Whether AppArmor profiles are applied, where the kernel has AppArmor.
    public var apparmor = false
    /// Whether SELinux labels are applied, where the kernel has SELinux.
    public var selinux = false
    /// Whether linux.intelRdt is applied, with all of its fields.
    public var intelRdt = false
    /// The modes of linux.memoryPolicy that are known.
    public var memoryPolicyModes: [String] = []
    /// The flags of linux.memoryPolicy that are known.
    public var memoryPolicyFlags: [String] = []
    /// Whether id-mapped mounts are made.
    public var idmap = false
    /// Whether linux.netDevices are moved.
    public var netDevices = false
    /// Further facts, such as the program's version.
    public var annotations: [String: String] = [:]

    /// A runtime that can do nothing.
    public init() {}

    /// Writes the object.
    public func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("ociVersionMin", ociVersionMin)
            object.member("ociVersionMax", ociVersionMax)
            object.member("hooks", hooks)
            object.member("mountOptions", mountOptions)
            object.member("linux") { linux in linux.object { writeLinux(to: &$0) } }
            object.member("annotations", unlessEmpty: annotations)
        }
    }

    private func writeLinux(to object: inout JSONWriter) {
        object.member("namespaces", namespaces)
        object.member("capabilities", capabilities)
        object.member("cgroup") { writer in
            writer.object { members in
                for (name, has) in cgroup.sorted(by: { $0.key < $1.key }) { members.member(name, has) }
            }
        }
        object.member("seccomp") { writer in
            writer.object { members in
                members.member("enabled", !seccompActions.isEmpty)
                members.member("actions", unlessEmpty: seccompActions)
                members.member("operators", unlessEmpty: seccompOperators)
                members.member("archs", unlessEmpty: seccompArchitectures)
                members.member("knownFlags", unlessEmpty: seccompKnownFlags)
                members.member("supportedFlags", unlessEmpty: seccompSupportedFlags)
            }
        }
        enabled("apparmor", apparmor, &object)
        enabled("selinux", selinux, &object)
        object.member("intelRdt") { writer in
            writer.object { members in
                for name in ["enabled", "schemata", "monitoring"] { members.member(name, intelRdt) }
            }
        }
        object.member("memoryPolicy") { writer in
            writer.object { members in
                members.member("modes", unlessEmpty: memoryPolicyModes)
                members.member("flags", unlessEmpty: memoryPolicyFlags)
            }
        }
        object.member("mountExtensions") { writer in writer.object { enabled("idmap", idmap, &$0) } }
        enabled("netDevices", netDevices, &object)
    }

    private func enabled(_ name: String, _ on: Bool, _ object: inout JSONWriter) {
        object.member(name) { writer in writer.object { $0.member("enabled", on) } }
    }

    /// The text; `indent` spaces a level, compact where it is 0.
    public func json(indent: Int = 0) -> [UInt8] {
        JSONWriter.text(indent: indent) { writer in write(to: &writer) }
    }
}
