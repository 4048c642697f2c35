public import Cgroups
public import Linux
public import OCISpec

/// What differs between the ways to isolate a container; everything else (verbs, state, lifecycle, cgroups, hooks'
/// order) is `OCIRuntime`'s and shared.
///
/// Every isolation leaves one process waiting at the start socket after ``launch(_:observer:)``, and that process's
/// end is the container's end.
public protocol Isolation: Sendable {
    /// The word that chooses it: `native`, `sandbox`, `microvm`, `unikernel`.
    static var name: String { get }

    /// Throws when a field of the configuration can't be honoured, naming it, before anything is made.
    func validate(_ configuration: RuntimeConfiguration) throws

    /// Makes the container's first process and leaves it waiting.
    ///
    /// Nothing of it is left when this throws: the process has been killed and reaped.
    /// - Returns: the process's pid as the caller sees it, a child of the caller.
    func launch(_ request: LaunchRequest, observer: inout some LaunchObserver) throws -> Int32

    /// Throws when a field of a process for ``exec(_:)`` can't be honoured, naming it.
    func validate(_ process: RuntimeConfiguration.Process) throws

    /// Executes a further program in a container, as confined as the first.
    ///
    /// Returns once the program has been executed (or, where the isolation runs it elsewhere, has been started);
    /// nothing of it is left when this throws.
    /// - Returns: a child of the caller whose end and exit status are the program's.
    func exec(_ request: ExecRequest) throws -> Int32

    /// Writes the state of a container's processes to files; unless told otherwise they have ended then.
    func checkpoint(_ request: CheckpointRequest) throws

    /// Makes a container's processes again as they were when they were checkpointed, running.
    ///
    /// Nothing of them is left when this throws.
    /// - Returns: the first process's pid as the caller sees it, a child of the caller.
    func restore(_ request: RestoreRequest, observer: inout some LaunchObserver) throws -> Int32

    /// What `features` says of this isolation (features.md of the runtime specification).
    var features: RuntimeFeatures { get }
}

/// What an isolation is asked to launch.
public struct LaunchRequest {
    /// The container's id, unique below the runtime's root.
    public var id: String
    /// The bundle's absolute path.
    public var bundle: String
    /// The bundle's config.json.
    public var configuration: RuntimeConfiguration
    /// How the process enters its cgroup.
    public var cgroup: CgroupEntry
    /// Where the process waits for `start`: a listening socket. Nil makes it run at once.
    public var startSocket: SharedDescriptor?
    /// Unix socket that the terminal's master goes to; nil where there is no terminal.
    public var consoleSocket: SharedDescriptor?
    /// The caller relays the terminal's output itself: line feeds come to it unchanged.
    public var relaysConsole: Bool
    /// How many descriptors from 3 on the process keeps.
    public var preservedDescriptors: Int

    /// Describes a launch.
    public init(
        id: String, bundle: String, configuration: RuntimeConfiguration, cgroup: CgroupEntry,
        startSocket: SharedDescriptor?, consoleSocket: SharedDescriptor?, relaysConsole: Bool,
        preservedDescriptors: Int
    ) {
        self.id = id
        self.bundle = bundle
        self.configuration = configuration
        self.cgroup = cgroup
        self.startSocket = startSocket
        self.consoleSocket = consoleSocket
        self.relaysConsole = relaysConsole
        self.preservedDescriptors = preservedDescriptors
    }
}

/// The host's side of a launch: called in the runtime's process while the container's is being set up.
public protocol LaunchObserver {
    /// Something in the configuration has no effect and need not have one: tell the caller, and go on.
    mutating func warn(_ text: String)

    /// Something could not be granted that callers ask for as a matter of course: a line for a log, not for a person.
    mutating func note(_ text: String)

    /// The process exists and may be building its root already: run `createRuntime` hooks.
    /// The process does not leave the host's root, nor report ready, before this returns.
    mutating func processMade(_ pid: Int32) throws

    /// The container is set up and waits: write the record. The process dies if the caller does not return from this.
    mutating func processReady(_ pid: Int32) throws
}
