internal import CLinux
internal import Glibc
internal import Linux
internal import OCISpec
internal import Support

/// What the kernel's security modules are to call the process: AppArmor's profile and SELinux's context.
///
/// A label for a module that this kernel has not enabled is an error, as with runc: the caller counts on confinement.
struct SecurityLabels {
    private let profile: String?
    private let context: String?

    /// Throws where a label's module is not enabled, naming the field.
    init(_ process: RuntimeConfiguration.Process) throws(RuntimeError) {
        profile = try Self.label(process.apparmorProfile, "process.apparmorProfile")
        context = try Self.label(process.selinuxLabel, "process.selinuxLabel")
        if let profile, !SecurityModule.appArmor.isEnabled {
            throw RuntimeError(
                .unsupported, "process.apparmorProfile \(profile): AppArmor is not enabled in this kernel")
        }
        if let context, !SecurityModule.selinux.isEnabled {
            throw RuntimeError(.unsupported, "process.selinuxLabel \(context): SELinux is not enabled in this kernel")
        }
    }

    /// An empty text is none. Control characters would end the label early, in the kernel's eyes.
    private static func label(_ text: String?, _ field: String) throws(RuntimeError) -> String? {
        guard let text, !text.isEmpty else { return nil }
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            throw RuntimeError(.invalidArgument, "\(field): control characters in the label")
        }
        return text
    }

    /// Opens the files that the labels are written to. Call this in the process that will execute, while its mount
    /// namespace is still the host's: afterwards /proc is the container's to forge (CVE-2019-16884, CVE-2025-52881).
    func open() throws -> PendingLabels {
        guard profile != nil || context != nil else { return PendingLabels(writes: []) }
        let attributes = try ProcessAttributes()
        var writes: [PendingLabels.Write] = []
        if let context {
            let file = try attempt("process.selinuxLabel \(context)") {
                // For the session keyring, which this process makes; execve(2) resets it.
                try attributes.open("attr/keycreate").writeAll(Array(context.utf8), "attr/keycreate")
                return try attributes.open("attr/exec")
            }
            writes.append(
                PendingLabels.Write(
                    file: SharedDescriptor(file), text: context, field: "process.selinuxLabel \(context)"))
        }
        if let profile {
            let file = try attempt("process.apparmorProfile \(profile)") {
                // Linux before 5.1 has the one file for whichever module is there.
                try attributes.openIfPresent("attr/apparmor/exec") ?? attributes.open("attr/exec")
            }
            writes.append(
                PendingLabels.Write(
                    file: SharedDescriptor(file), text: "exec \(profile)",
                    field: "process.apparmorProfile \(profile)"))
        }
        return PendingLabels(writes: writes)
    }
}

/// Labels on their way into the kernel: their files are open.
struct PendingLabels {
    fileprivate struct Write {
        let file: SharedDescriptor
        let text: String
        let field: String
    }

    fileprivate let writes: [Write]

    /// The files' descriptors, which must stay open until then.
    var descriptors: [Int32] { writes.map(\.file.rawValue) }

    /// Sets the labels that the next execve(2) of this process takes on.
    func apply() throws {
        for label in writes {
            let bytes = Array(label.text.utf8)
            try attempt(label.field) {
                _ = try checkCount("write", label.text) {
                    bytes.withUnsafeBytes { write(label.file.rawValue, $0.baseAddress, $0.count) }
                }
            }
        }
    }
}

/// The calling thread's folder in the host's procfs, proven to be procfs.
private struct ProcessAttributes: ~Copyable {
    private let proc: RootDirectory

    init() throws {
        let folder = try Descriptor.open("/proc", CL_O_PATH | O_DIRECTORY)
        try Self.prove(folder)
        proc = RootDirectory(folder, shown: "/proc")
    }

    private static func prove(_ folder: borrowing Descriptor) throws {
        let raw = folder.rawValue
        var (type, flags) = (0, 0)
        var status = stat()
        let rootOfProcfs: UInt = 1
        try check("fstatfs", "/proc") { cl_fstatfs(raw, &type, &flags) }
        try check("fstat", "/proc") { fstat(raw, &status) }
        guard type == CL_PROC_SUPER_MAGIC, status.st_ino == rootOfProcfs else {
            throw RuntimeError(.permissionDenied, "/proc is not a procfs: refusing to write a label to it")
        }
    }

    borrowing func open(_ path: String) throws(SystemCallError) -> Descriptor {
        try proc.open("thread-self/\(path)", O_WRONLY, resolve: CL_RESOLVE_NO_XDEV)
    }

    borrowing func openIfPresent(_ path: String) throws(SystemCallError) -> Descriptor? {
        do throws(SystemCallError) {
            return try open(path)
        } catch  where error.errno == ENOENT {
            return nil
        }
    }
}

/// A security module of the kernel that labels processes.
enum SecurityModule {
    case appArmor, selinux

    /// Whether it is enabled in the running kernel, by the files that its own tools look at.
    var isEnabled: Bool {
        switch self {
        case .appArmor: return (try? readText("/sys/module/apparmor/parameters/enabled"))?.first == "Y"
        case .selinux:
            var (type, flags) = (0, 0)
            return cl_statfs("/sys/fs/selinux", &type, &flags) == 0 && type == CL_SELINUX_MAGIC
        }
    }
}

extension RuntimeConfiguration.Mount {
    /// The options with `linux.mountLabel`, where the file system takes an SELinux context: all that the container has
    /// of its own but procfs, sysfs, cgroups and mqueue, as runc has it.
    func options(labelled label: String?) -> [String] {
        guard let label, !label.isEmpty, !options.contains("bind"), !options.contains("rbind") else { return options }
        switch type {
        case nil, "", "none", "bind", "proc", "sysfs", "cgroup", "cgroup2", "mqueue": return options
        default: return options + ["context=\(label)"]
        }
    }
}
