public import Cgroups
public import Linux
public import OCISpec

/// What an isolation is asked to execute in a container that is there.
public struct ExecRequest {
    /// The container's id.
    public var id: String
    /// The bundle's absolute path.
    public var bundle: String
    /// What the container was created with, whatever its bundle says now.
    public var configuration: RuntimeConfiguration
    /// The process that `launch` made, which stands for the container.
    public var container: ProcessIdentity
    /// The program, its user, rights and limits.
    public var process: RuntimeConfiguration.Process
    /// How the process enters the container's cgroup, or one below it.
    public var cgroup: CgroupEntry
    /// Unix socket that the terminal's master goes to, where `process.terminal` is true.
    public var consoleSocket: SharedDescriptor?
    /// The caller relays the terminal's output itself: line feeds come to it unchanged.
    public var relaysConsole: Bool
    /// How many descriptors from 3 on the program keeps.
    public var preservedDescriptors: Int

    /// Describes a program to execute.
    public init(
        id: String, bundle: String, configuration: RuntimeConfiguration, container: ProcessIdentity,
        process: RuntimeConfiguration.Process, cgroup: CgroupEntry, consoleSocket: SharedDescriptor?,
        relaysConsole: Bool, preservedDescriptors: Int
    ) {
        self.id = id
        self.bundle = bundle
        self.configuration = configuration
        self.container = container
        self.process = process
        self.cgroup = cgroup
        self.consoleSocket = consoleSocket
        self.relaysConsole = relaysConsole
        self.preservedDescriptors = preservedDescriptors
    }
}
