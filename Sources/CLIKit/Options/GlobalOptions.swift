internal import ArgumentParser

/// The options that every command has; they may stand before the command too.
struct GlobalOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Folder of images, containers and volumes (HAKO_ROOT).", valueName: "dir"))
    var root: String?

    @Option(help: ArgumentHelp("Folder of what runs, emptied by a reboot (HAKO_STATE).", valueName: "dir"))
    var state: String?

    @Option(
        help: ArgumentHelp(
            "How roots are made from layers: overlay or native (HAKO_STORAGE_DRIVER); by default what works here.",
            valueName: "name"))
    var storageDriver: String?

    @Option(
        help: ArgumentHelp("OCI runtime: a path, or a name looked up beside hako and in PATH.", valueName: "program"))
    var runtime: String?
}
