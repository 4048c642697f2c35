/// A verb of the command line: its words for the help and its options.
struct Verb: Sendable {
    let name: String
    let usage: String
    let help: String
    let options: [Option]
    /// What follows the container's id is a command and its arguments, not options.
    var takesCommand = false
    /// The exit code of a failure in the verb itself; one in its command line is 1.
    var failureCode: Int32 = 1

    static let bundle = Option(
        "bundle", short: "b", value: "DIR", "the bundle's folder (default: the working directory)")
    static let creation: [Option] = [
        bundle,
        Option("console-socket", value: "PATH", "Unix socket that receives the terminal's master"),
        Option("pid-file", value: "PATH", "write the process's pid here"),
        Option("preserve-fds", value: "N", "descriptors 3 to 3+N-1 are passed to the process"),
        Option("no-pivot", "refused: the root is always made by pivot_root"),
        Option("no-new-keyring", "accepted: the session keyring is new either way"),
    ]

    static let execution: [Option] = [
        Option("process", short: "p", value: "FILE", "the process as JSON (- is stdin) in place of a command"),
        Option("tty", short: "t", "give the process a terminal"),
        Option("user", short: "u", value: "UID[:GID]", "user and group inside the container"),
        Option("additional-gids", short: "g", value: "GID", "a further group (repeatable)"),
        Option("env", short: "e", value: "NAME=VALUE", "add to the environment (repeatable)"),
        Option("cwd", value: "DIR", "the working directory inside the container"),
        Option("cap", short: "c", value: "CAP", "add a capability (repeatable)"),
        Option("no-new-privs", "forbid the process to gain privileges"),
        Option("apparmor", value: "PROFILE", "the process's AppArmor profile"),
        Option("process-label", value: "LABEL", "the process's SELinux label"),
        Option("cgroup", value: "[CONTROLLER:]PATH", "a cgroup below the container's that is there (repeatable)"),
        Option("ignore-paused", "exec into a paused container; the process runs when it is resumed"),
        Option("detach", short: "d", "return when the program has been executed"),
        Option("pid-file", value: "PATH", "write the process's pid here"),
        Option("console-socket", value: "PATH", "Unix socket that receives the terminal's master (with -t -d)"),
        Option("preserve-fds", value: "N", "descriptors 3 to 3+N-1 are passed to the process"),
    ]

    /// What checkpoint and restore share.
    private static let checkpointing: [Option] = [
        Option("image-path", value: "DIR", "the images' folder (default checkpoint)"),
        Option("work-path", value: "DIR", "the folder of criu's log (default: the images')"),
        Option("tcp-established", "keep established TCP connections"),
        Option("ext-unix-sk", "allow Unix sockets that are connected to outside"),
        Option("shell-job", "allow a terminal that is the caller's"),
        Option("lazy-pages", "bring memory over when it is touched"),
        Option("file-locks", "keep file locks"),
        Option("manage-cgroups-mode", value: "MODE", "soft, full, strict or ignore (default soft)"),
        Option("empty-ns", value: "network", "make this namespace empty"),
        Option("auto-dedup", "drop pages from parent images that are written again"),
    ]

    /// Every verb, in the order of the help.
    static let all: [Verb] = [
        Verb(
            name: "create", usage: "[options] ID", help: "make a container from a bundle; it waits for start",
            options: creation),
        Verb(name: "start", usage: "ID", help: "execute the program of a created container", options: []),
        Verb(
            name: "run", usage: "[options] ID", help: "create, start, wait, delete; exits with the program's code",
            options: creation + [
                Option("detach", short: "d", "do not wait for the container"),
                Option("keep", "do not delete the container when it has ended"),
            ]),
        Verb(
            name: "exec", usage: "[options] ID COMMAND [ARGUMENT...]", help: "execute a program in a container",
            options: execution, takesCommand: true, failureCode: 255),
        Verb(name: "state", usage: "ID", help: "print a container's state as JSON", options: []),
        Verb(
            name: "kill", usage: "[options] ID [SIGNAL]", help: "send a signal (default TERM)",
            options: [Option("all", short: "a", "to every process of the container")]),
        Verb(
            name: "delete", usage: "[options] ID", help: "remove a container that has stopped",
            options: [Option("force", short: "f", "kill it first; a container that does not exist is no error")]),
        Verb(
            name: "list", usage: "[options]", help: "print the containers below --root",
            options: [
                Option("format", short: "f", value: "table|json", "the form (default table)"),
                Option("quiet", short: "q", "ids only"),
            ]),
        Verb(
            name: "ps", usage: "[options] ID [PS-OPTIONS]", help: "print a container's processes, by the host's ps",
            options: [Option("format", short: "f", value: "table|json", "the form (default table)")],
            takesCommand: true),
        Verb(name: "pause", usage: "ID", help: "stop every process of a container until resume", options: []),
        Verb(name: "resume", usage: "ID", help: "let a paused container run on", options: []),
        Verb(
            name: "update", usage: "[options] ID", help: "change the limits of a container", options: resourceOptions),
        Verb(
            name: "events", usage: "[options] ID", help: "print what a container uses, and when it runs out of memory",
            options: [
                Option("interval", value: "DURATION", "time between two statistics (default 5s)"),
                Option("stats", "print the statistics once"),
            ]),
        Verb(
            name: "checkpoint", usage: "[options] ID", help: "write a running container's state to files, by criu",
            options: checkpointing + [
                Option("parent-path", value: "DIR", "an earlier pre-dump's images, relative to --image-path"),
                Option("leave-running", "the container runs on"),
                Option("pre-dump", "write memory only; the container runs on"),
                Option("tcp-skip-in-flight", "pass over TCP connections that are not established yet"),
                Option("page-server", value: "ADDRESS:PORT", "send memory pages there"),
                Option("status-fd", value: "N", "gets a byte when a lazy checkpoint can be connected to"),
            ]),
        Verb(
            name: "restore", usage: "[options] ID", help: "make a container from a checkpoint, by criu",
            options: checkpointing + [
                bundle,
                Option("console-socket", value: "PATH", "Unix socket that receives the terminal's master"),
                Option("pid-file", value: "PATH", "write the process's pid here"),
                Option("detach", short: "d", "do not wait for the container"),
                Option("no-subreaper", "accepted: this program reaps its own child only"),
                Option("no-pivot", "accepted: criu makes the root"),
                Option("lsm-profile", value: "NAME", "the security module's profile, as criu has it"),
                Option("lsm-mount-context", value: "CONTEXT", "the SELinux context of mounts"),
            ]),
        Verb(
            name: "spec", usage: "[options]", help: "write an example config.json into the bundle",
            options: [bundle, Option("rootless", "for an ordinary user: a user namespace with the caller's id")]),
        Verb(name: "features", usage: "", help: "print what this runtime supports as JSON", options: []),
    ]

    private static let resourceOptions: [Option] = [
        Option("resources", short: "r", value: "FILE|-", "linux.resources as JSON; the other options are ignored"),
        Option("blkio-weight", value: "N", "share of block devices, 10 to 1000"),
        Option("cpu-period", value: "MICROSECONDS", "period of the quota"),
        Option("cpu-quota", value: "MICROSECONDS", "processor time in each period; -1 is no limit"),
        Option("cpu-burst", value: "MICROSECONDS", "what may be saved up beyond the quota"),
        Option("cpu-share", value: "N", "share of the processors, 1024 being the usual one"),
        Option("cpu-rt-period", value: "MICROSECONDS", "real-time period (cgroup v1)"),
        Option("cpu-rt-runtime", value: "MICROSECONDS", "real-time scheduling in each period (cgroup v1)"),
        Option("cpuset-cpus", value: "LIST", "processors, such as 0-3,7"),
        Option("cpuset-mems", value: "LIST", "memory nodes"),
        Option("cpu-idle", value: "0|1", "1: only what nobody else wants"),
        Option("memory", value: "BYTES", "limit of memory, such as 64m; -1 is no limit"),
        Option("memory-reservation", value: "BYTES", "soft limit of memory"),
        Option("memory-swap", value: "BYTES", "limit of memory and swap together; -1 is no limit"),
        Option("kernel-memory", value: "BYTES", "ignored, as by the kernel"),
        Option("kernel-memory-tcp", value: "BYTES", "ignored, as by runc"),
        Option("pids-limit", value: "N", "number of tasks; -1 is no limit"),
        Option("l3-cache-schema", value: "TEXT", "schema of the L3 cache, where the container has linux.intelRdt"),
        Option("mem-bw-schema", value: "TEXT", "schema of memory bandwidth, where it has linux.intelRdt"),
    ]

    /// Options before the verb.
    static let global: [Option] = [
        Option("root", value: "DIR", "state directory (default /run/hako; an ordinary user's: $XDG_RUNTIME_DIR/hako)"),
        Option("log", value: "FILE", "append errors to this file"),
        Option("log-format", value: "text|json", "the form of --log's lines (default text)"),
        Option("debug", "accepted: there is nothing between quiet and an error"),
        Option("rootless", value: "BOOL|auto", "go without a cgroup where none may be made (default auto)"),
        Option("systemd-cgroup", "containers are scopes of systemd's; linux.cgroupsPath is SLICE:PREFIX:NAME"),
        Option("version", short: "v", "print the version"),
        Option("help", short: "h", "print this help, or a verb's after it"),
    ]
}

extension Verb {
    /// The help of the whole program.
    static func help(program: String) -> String {
        """
        \(program): an OCI container runtime (runtime-spec 1.3)

        usage: \(program) [global options] VERB [options] ID

        A bundle is a folder with a config.json and a root file system. Example:
          mkdir -p bundle/rootfs && tar -xf rootfs.tar -C bundle/rootfs
          \(program) spec -b bundle && \(program) run -b bundle demo

        verbs:
        \(all.map { row($0.name + " " + $0.usage, $0.help) }.joined(separator: "\n"))

        global options:
        \(rows(global))

        """
    }

    /// The help of one verb.
    func help(program: String) -> String {
        let table = options.isEmpty ? "" : "\noptions:\n\(Self.rows(options))\n"
        return "usage: \(program) [global options] \(name) \(usage)\n\n\(help)\n\(table)"
    }

    private static func rows(_ options: [Option]) -> String {
        options.map { option in
            let short = option.short.map { "-\($0), " } ?? "    "
            return row("\(short)--\(option.name)\(option.value.map { " \($0)" } ?? "")", option.help)
        }.joined(separator: "\n")
    }

    private static func row(_ left: String, _ right: String) -> String {
        "  \(left)\(String(repeating: " ", count: max(1, 32 - left.count)))\(right)"
    }
}
