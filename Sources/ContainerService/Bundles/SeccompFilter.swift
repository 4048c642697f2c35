internal import OCISpec
internal import JSON
internal import Support

/// The system-call filter of a container.
enum SeccompFilter {
    static func make(
        _ wanted: ContainerSpecification.Security.Seccomp, capabilities: [String]
    ) throws -> RuntimeConfiguration.Seccomp? {
        switch wanted {
        case .standard: return nil
        case .unconfined: return nil
        case .profile(let bytes):
            return try attempt("seccomp profile") {
                try JSONReader.document(bytes) { reader in try RuntimeConfiguration.Seccomp(from: &reader) }
            }
        }
    }
}
