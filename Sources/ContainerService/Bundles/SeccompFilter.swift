internal import JSON
internal import OCISpec
internal import Seccomp
internal import Support

/// The system-call filter of a container.
enum SeccompFilter {
    /// The filter for a container with these capabilities; nil for none.
    static func make(
        _ wanted: ContainerSpecification.Security.Seccomp, capabilities: [String]
    ) throws -> RuntimeConfiguration.Seccomp? {
        switch wanted {
        case .unconfined: return nil
        case .standard:
            return try attempt("default seccomp profile") {
                try convert(DefaultProfile.make(capabilities: Set(capabilities)))
            }
        case .profile(let bytes):
            return try attempt("seccomp profile") {
                try JSONReader.document(bytes) { reader in try RuntimeConfiguration.Seccomp(from: &reader) }
            }
        }
    }

    private static func convert(_ profile: SeccompProfile) throws -> RuntimeConfiguration.Seccomp {
        var filter = RuntimeConfiguration.Seccomp(defaultAction: try known(profile.defaultAction))
        filter.defaultErrnoRet = profile.defaultErrnoRet
        filter.architectures = try profile.architectures.map { try known($0) }
        filter.flags = try profile.flags.map { try known($0) }
        filter.syscalls = try profile.rules.map { rule in
            .init(
                names: rule.names, action: try known(rule.action), errnoRet: rule.errnoRet,
                args: try rule.args.map { comparison in
                    .init(
                        index: comparison.index, value: comparison.value, valueTwo: comparison.valueTwo,
                        op: try known(comparison.op))
                })
        }
        return filter
    }

    private static func known<T: RawRepresentable>(_ text: String) throws -> T where T.RawValue == String {
        guard let value = T(rawValue: text) else {
            throw RuntimeError(.internal, "\(text) is not in the specification")
        }
        return value
    }
}
