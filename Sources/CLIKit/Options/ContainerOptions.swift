internal import ArgumentParser

/// The options of `run`, `create` and `spec` that say what the container shall be; docker's names.
struct ContainerOptions: ParsableArguments {
    @Option(help: "Name of the container.")
    var name: String?

    @Flag(name: [.short, .long], help: "Pass the standard input on.")
    var interactive = false

    @Flag(name: [.short, .long], help: "Run on a terminal.")
    var tty = false

    @Option(
        name: [.customShort("e"), .long],
        help: ArgumentHelp("Set an environment variable; NAME alone takes it from here.", valueName: "name=value"))
    var env: [String] = []

    @Option(help: ArgumentHelp("Set the environment variables of a file, one a line.", valueName: "file"))
    var envFile: [String] = []

    @Option(name: [.customShort("w"), .long], help: ArgumentHelp("Working folder.", valueName: "dir"))
    var workdir: String?

    @Option(
        name: [.customShort("u"), .long],
        help: ArgumentHelp("Who runs it, by names of the image or numbers.", valueName: "user[:group]"))
    var user: String?

    @Option(
        name: [.customShort("v"), .long],
        help: ArgumentHelp(
            "Mount a folder of the host, or a named volume, with options such as ro, rw, rslave.",
            valueName: "src:dst[:options]"))
    var volume: [String] = []

    @Option(help: ArgumentHelp("Mount an empty file system in memory.", valueName: "dst[:options]"))
    var tmpfs: [String] = []

    @Option(name: [.customShort("h"), .long], help: ArgumentHelp("Host name.", valueName: "name"))
    var hostname: String?

    @Option(help: ArgumentHelp("none: loopback only (default); host: the host's network.", valueName: "mode"))
    var network: String?

    @Option(help: .hidden)
    var net: String?

    @Flag(help: "Make the root read-only.")
    var readOnly = false

    @Option(help: ArgumentHelp("Replace the image's entrypoint; empty takes it away.", valueName: "program"))
    var entrypoint: String?

    @Option(name: [.customShort("l"), .long], help: ArgumentHelp("Set a label.", valueName: "name=value"))
    var label: [String] = []

    @Option(help: ArgumentHelp("Signal that asks the program to stop.", valueName: "signal"))
    var stopSignal: String?

    @OptionGroup(title: "Limits")
    var limits: LimitOptions

    @OptionGroup(title: "Security")
    var security: SecurityOptions

    @OptionGroup(title: "Image")
    var image: ImageOptions
}

/// Limits of a container.
struct LimitOptions: ParsableArguments {
    @Option(name: [.customShort("m"), .long], help: ArgumentHelp("Memory, such as 64m or 1g.", valueName: "bytes"))
    var memory: String?

    @Option(
        help: ArgumentHelp("Memory and swap together; -1 for no limit (default: twice the memory).", valueName: "bytes")
    )
    var memorySwap: String?

    @Option(help: ArgumentHelp("Memory that reclaim tries to keep to.", valueName: "bytes"))
    var memoryReservation: String?

    @Option(help: ArgumentHelp("Processors, such as 1.5.", valueName: "number"))
    var cpus: String?

    @Option(
        name: [.customShort("c"), .long],
        help: ArgumentHelp("Relative share of the processors, 1024 being the usual one.", valueName: "number"))
    var cpuShares: String?

    @Option(help: ArgumentHelp("Which processors, such as 0-1,3.", valueName: "list"))
    var cpusetCpus: String?

    @Option(help: ArgumentHelp("Which memory nodes.", valueName: "list"))
    var cpusetMems: String?

    @Option(help: ArgumentHelp("Number of processes and threads; -1 for no limit.", valueName: "number"))
    var pidsLimit: String?

    @Option(help: ArgumentHelp("Limit of each process, such as nofile=1024:2048.", valueName: "name=soft[:hard]"))
    var ulimit: [String] = []
}

/// What a container may do.
struct SecurityOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Add a capability, such as NET_ADMIN, or ALL.", valueName: "name"))
    var capAdd: [String] = []

    @Option(help: ArgumentHelp("Take a capability away, or ALL.", valueName: "name"))
    var capDrop: [String] = []

    @Option(
        help: ArgumentHelp("no-new-privileges, seccomp=unconfined or seccomp=FILE.", valueName: "option"))
    var securityOpt: [String] = []

    @Flag(help: "Everything the host's root can do, devices included.")
    var privileged = false
}

/// How an image is got.
struct ImageOptions: ParsableArguments {
    @Option(help: ArgumentHelp("When to pull: missing (default), always or never.", valueName: "when"))
    var pull: String?

    @Option(help: ArgumentHelp("Platform, such as linux/arm64/v8.", valueName: "os/arch[/variant]"))
    var platform: String?
}
