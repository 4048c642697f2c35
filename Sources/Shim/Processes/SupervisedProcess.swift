internal import Glibc
internal import Linux
internal import ProcessIO
internal import ShimProtocol

/// A container's first process, or one executed in a container: its streams, its clients, its end.
final class SupervisedProcess {
    let name: ProcessName
    let terminal: Bool
    let log: ContainerLog?
    var status = ShimState.Status.created
    var pid: Int32?
    var startedAt: String?
    private(set) var exit: ExitRecord?
    /// The runtime is being asked to start it; an end that is seen meanwhile is kept in `endSeen`.
    var isStarting = false
    var endSeen: ExitStatus?
    /// The counter of the kernel's kills for want of memory.
    var memoryKills: MemoryKills?
    /// The document of an exec session that is not started.
    var execDocument: [UInt8]?

    private var input: InputSink?
    /// Input that came before there was anybody to read it.
    private var earlyInput: [UInt8] = []
    private var earlyInputEnds = false
    let expectsInput: Bool
    private(set) var outputs: [OutputSource] = []
    private(set) var clients: [ClientConnection] = []
    /// Who waits for the end, and the number of their request.
    var waiters: [(client: ClientConnection, id: Int)] = []
    private var master: SharedDescriptor?
    private var size: TerminalSize?

    init(_ name: ProcessName, terminal: Bool, input: Bool, log: ContainerLog? = nil) {
        self.name = name
        expectsInput = input || terminal
        self.terminal = terminal
        self.log = log
    }

    /// Whether a client that must get everything has not taken its share.
    var outputIsStalled: Bool { status != .exited && clients.contains { $0.stallsOutput } }

    /// Whether more input should wait where it comes from.
    var inputIsFull: Bool { input?.isFull ?? (earlyInput.count >= InputSink.bound) }

    /// Gives input to the process; one that has none lets it go.
    func write(_ bytes: [UInt8]) {
        if let input { input.append(bytes) } else if expectsInput && status == .created { earlyInput += bytes }
    }

    /// Ends its input.
    func endInput() {
        if let input { input.end() } else { earlyInputEnds = true }
    }

    /// The shim's ends, to wait for.
    var sources: [any EventSource] { outputs + (input.map { [$0] } ?? []) }

    /// Takes the shim's ends of the process's pipes.
    func connect(input: InputSink?, outputs: [OutputSource]) {
        self.input = input
        self.outputs = outputs
        input?.append(earlyInput)
        if earlyInputEnds { input?.end() }
        earlyInput = []
    }

    /// Takes the master of its terminal.
    func connect(master: SharedDescriptor, _ scratch: Scratch) throws(SystemCallError) {
        self.master = master
        connect(
            input: try InputSink(master, isTerminal: true),
            outputs: [try OutputSource(.output, master, of: self, scratch)])
        try size?.apply(to: master.rawValue)
    }

    /// Sets the size of its terminal, now or as soon as there is one.
    func resize(_ size: TerminalSize) throws(SystemCallError) {
        self.size = size
        if let master { try size.apply(to: master.rawValue) }
    }

    /// Gives output to the log and to the clients.
    func deliver(_ bytes: UnsafeRawBufferPointer, _ stream: LogStream) {
        log?.append(bytes, stream)
        for client in clients {
            guard let wanted = client.attachment, stream == .output ? wanted.output : wanted.errors else { continue }
            client.send(stream == .output ? .output : .errors, bytes)
        }
    }

    /// One of the streams has come to its end.
    func outputEnded(_ source: OutputSource) { log?.finish(source.stream) }

    /// Adds a client; one of a process that has ended gets what others got at the end.
    func attach(_ client: ClientConnection, _ settings: AttachSettings) {
        client.attached = self
        client.attachment = settings
        clients.append(client)
        if let exit { tellEnd(exit, to: client) }
    }

    func detach(_ client: ClientConnection) {
        clients.removeAll { $0 === client }
        waiters.removeAll { $0.client === client }
        if client.attachment?.inputOnce == true { endInput() }
    }

    /// Reads the rest of the output and makes the record of the end; nobody is told yet.
    func finish(_ ending: ExitStatus) -> ExitRecord {
        for output in outputs { output.drain() }
        for stream in [LogStream.output, .errors] { log?.finish(stream) }
        input?.close()
        var signal: Int32?
        if case .signalled(let number) = ending { signal = number }
        return ExitRecord(
            process: name, pid: pid ?? 0, code: ending.code, signal: signal,
            oomKilled: memoryKills?.haveHappened ?? false,
            startedAt: startedAt, finishedAt: Timestamp.now().text())
    }

    /// Tells attached and waiting clients. A container's record is on the disk.
    func announce(_ record: ExitRecord) {
        exit = record
        status = .exited
        for client in clients { tellEnd(record, to: client) }
        for waiter in waiters { waiter.client.send(.reply, ShimReply(id: waiter.id, exit: record).json()) }
        waiters = []
    }

    private func tellEnd(_ record: ExitRecord, to client: ClientConnection) {
        client.send(.outputEnd)
        if !client.isSubscribed { client.send(.event, ShimEvent.exited(record).json()) }
    }

    /// What the state shows of it.
    var summary: ShimState.Process { ShimState.Process(name: name, status: status, pid: pid, exit: exit) }
}
