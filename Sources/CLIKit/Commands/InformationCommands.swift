internal import ArgumentParser
internal import ContainerService
internal import Glibc
internal import Support

/// `hako version`.
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Print the version.", discussion: "Fields for --format: Version, Os, Arch.")

    @OptionGroup var globals: GlobalOptions

    @Option(help: ArgumentHelp("json or a template.", valueName: "form"))
    var format: String?

    func run() throws {
        var listing = Listing([.init("Version"), .init("Os"), .init("Arch")])
        listing.rows = [[hakoVersion, "linux", machineName]]
        if format == nil {
            Console.line("hako version \(hakoVersion), linux/\(machineName)")
        } else {
            try listing.print(format: format)
        }
    }
}

/// `hako info`.
struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Print what this installation and this host are like.",
        discussion: """
            Fields for --format: Version, Root, State, Runtime, RuntimeVersion, Containers, Running, Images, Kernel,
            Architecture, Cgroups.
            """)

    @OptionGroup var globals: GlobalOptions

    @Option(help: ArgumentHelp("json or a template.", valueName: "form"))
    var format: String?

    func run() throws {
        let engine = try Engine(globals)
        let records = try engine.containers.list()
        let version = (try? engine.runtime.version()) ?? "unknown"
        let facts = [
            ("Version", hakoVersion), ("Root", engine.folders.root), ("State", engine.folders.state),
            ("Runtime", engine.runtime.path), ("RuntimeVersion", version), ("Containers", "\(records.count)"),
            ("Running", "\(records.filter(\.isRunning).count)"), ("Images", "\(try engine.images.list().count)"),
            ("Kernel", kernelRelease), ("Architecture", machineName), ("Cgroups", Self.cgroups),
        ]
        if format == nil {
            for (name, value) in facts { Console.line("\(name): \(value)") }
            return
        }
        var listing = Listing(facts.map { .init($0.0) })
        listing.rows = [facts.map(\.1)]
        try listing.print(format: format)
    }

    private static var cgroups: String {
        if access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0 { return "v2" }
        return access("/sys/fs/cgroup/unified", F_OK) == 0 ? "v1 and v2 (hybrid)" : "v1"
    }
}

/// The kernel's release.
var kernelRelease: String { systemName(\.release) }

/// The architecture as images name it.
var machineName: String {
    switch systemName(\.machine) {
    case "x86_64": "amd64"
    case "aarch64": "arm64"
    case let other: other
    }
}

private func systemName<T>(_ field: KeyPath<utsname, T>) -> String {
    var names = utsname()
    uname(&names)
    return withUnsafeBytes(of: names[keyPath: field]) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
