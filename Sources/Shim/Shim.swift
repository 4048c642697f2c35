internal import Glibc
internal import Linux
internal import ProcessIO
internal import ShimProtocol
internal import Support

/// What one shim process does: the containers of its folder, their exec sessions, and the clients that ask about them.
///
/// One thread, one loop. Nothing here waits for a client, for the runtime or for a container.
final class Shim {
    /// How many exec sessions that have ended are remembered.
    private static let rememberedExecs = 32

    let settings: ShimSettings
    let folder: ShimFolder
    let loop = EventLoop()
    let scratch = Scratch()
    let calls: RuntimeCalls
    var processes: [ProcessName: SupervisedProcess] = [:]
    private(set) var clients: [ClientConnection] = []
    /// A client has asked the shim to end.
    var isEnding = false
    private var endedExecs: [ProcessName] = []
    /// Records that a full disk has refused.
    private var unwritten: [ExitRecord] = []
    private var idleSince: Int?

    init(_ settings: ShimSettings, _ folder: ShimFolder) throws {
        self.settings = settings
        self.folder = folder
        calls = RuntimeCalls(settings, folder)
        loop.add(
            try SignalSource([SIGCHLD, SIGTERM]) { [unowned self] signal in
                if signal == SIGCHLD { reap() } else if everythingHasEnded { isEnding = true }
            })
        loop.add(try Listener(at: folder.socket) { [unowned self] socket in accept(socket) })
    }

    /// Creates the first container, tells `report` how that went, and goes on until nothing is left to do.
    func run(_ report: @escaping (ShimReply) -> Void) throws {
        try create(settings.container) { [unowned self] result in
            switch result {
            case .success(let pid): report(ShimReply(id: 0, pid: pid))
            case .failure(let error):
                report(ShimReply(id: 0, error: error))
                isEnding = true
            }
        }
        while !isEnding {
            try loop.turn(milliseconds: patience())
            writeRecords()
        }
    }

    // MARK: Ends

    /// Takes the ends of all children that have ended.
    private func reap() {
        var status: Int32 = 0
        while true {
            let pid = waitpid(-1, &status, WNOHANG)
            if pid <= 0 { return }
            let ending = ExitStatus(waitStatus: status)
            if calls.ended(pid, ending) { continue }
            if let process = processes.values.first(where: { $0.pid == pid && $0.status != .exited }) {
                ended(process, ending)
            }
        }
    }

    /// Records a process's end and tells it.
    func ended(_ process: SupervisedProcess, _ ending: ExitStatus) {
        if process.isStarting {
            process.endSeen = ending
            return
        }
        let record = process.finish(ending)
        if process.name.exec == nil {
            unwritten.append(record)
            writeRecords()
        } else {
            remember(process.name)
        }
        process.announce(record)
        broadcast(.exited(record))
    }

    private func writeRecords() {
        unwritten.removeAll { record in
            (try? writeAtomically(record.json() + [0x0a], to: folder.exitRecord(record.process.container))) != nil
        }
    }

    /// Keeps the newest exec sessions that have ended, so that any number of them takes the same memory.
    private func remember(_ name: ProcessName) {
        endedExecs.append(name)
        if endedExecs.count > Self.rememberedExecs { forget(endedExecs.removeFirst()) }
    }

    /// Drops all that is known of a process that doesn't run.
    func forget(_ name: ProcessName) {
        guard let process = processes.removeValue(forKey: name) else { return }
        endedExecs.removeAll { $0 == name }
        for source in process.sources { loop.remove(source) }
        for client in process.clients { client.attached = nil }
    }

    // MARK: Rest

    /// Whether no process lives and no record waits for its disk.
    var everythingHasEnded: Bool {
        unwritten.isEmpty && !calls.areUnderWay && processes.values.allSatisfy { $0.status == .exited || $0.pid == nil }
    }

    /// For how many milliseconds the loop may wait; sets `isEnding` when the shim has waited long enough for somebody.
    private func patience() -> Int32 {
        if !unwritten.isEmpty { return 1000 }
        guard everythingHasEnded && clients.isEmpty else {
            idleSince = nil
            return -1
        }
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let now = time.tv_sec * 1000 + time.tv_nsec / 1_000_000
        let since = idleSince ?? now
        idleSince = since
        let rest = since + settings.lingerSeconds * 1000 - now
        if rest <= 0 { isEnding = true }
        return Int32(clamping: max(0, rest))
    }

    // MARK: Clients

    private func accept(_ socket: SharedDescriptor) {
        guard clients.count < Listener.maximumClients,
            let client = try? ClientConnection(socket, self, scratch)
        else { return }
        clients.append(client)
        loop.add(client)
    }

    /// Tells every client that asked for events.
    func broadcast(_ event: ShimEvent) {
        let payload = event.json()
        for client in clients where client.isSubscribed { client.send(.event, payload) }
    }
}

extension Shim: ClientConnection.Receiver {
    func ended(_ client: ClientConnection) {
        clients.removeAll { $0 === client }
        loop.remove(client)
        for process in processes.values { process.detach(client) }
        client.attached = nil
    }
}
