internal import Glibc
internal import Linux
internal import Support

/// A daemon's containers: each running one is looked after by a shim, whose end of it this watches.
///
/// Nothing is known here alone: records, the shims' sockets and their exit records are enough for the next daemon to go on.
/// Calls block; use them from threads of one's own.
public final class ContainerSupervisor: Sendable {
    let services: [String: ContainerService]
    let defaultRuntime: String
    let events: EventLog
    let shimProgram: String
    let warn: @Sendable (String) -> Void
    private let cells = Monitor<[String: ContainerCell]>([:])

    init(
        services: [String: ContainerService], defaultRuntime: String, events: EventLog, shimProgram: String,
        warn: @escaping @Sendable (String) -> Void
    ) {
        self.services = services
        self.defaultRuntime = defaultRuntime
        self.events = events
        self.shimProgram = shimProgram
        self.warn = warn
    }

    /// The service over the container's runtime.
    func service(_ record: ContainerRecord) throws -> ContainerService {
        try service(runtime: record.specification.runtime)
    }

    func service(runtime: String?) throws -> ContainerService {
        let name = runtime ?? defaultRuntime
        guard let service = services[name] else {
            let known = services.keys.sorted().joined(separator: ", ")
            throw RuntimeError(.invalidArgument, "unknown or invalid runtime name: \(name) (there are: \(known))")
        }
        return service
    }

    // MARK: Finding

    /// Every container, oldest first.
    public func list() -> [ContainerRecord] {
        let all = cells.update { Array($0.values) }
        return all.map(\.record).sorted { ($0.created, $0.id) < ($1.created, $1.id) }
    }

    /// The container that a name, an id or the unique beginning of one means.
    public func find(_ reference: String) throws -> ContainerRecord { try cell(reference).record }

    func cell(_ reference: String) throws -> ContainerCell {
        let all = cells.update { $0 }
        if let cell = all[reference] { return cell }
        let name = reference.hasPrefix("/") ? String(reference.dropFirst()) : reference
        if let named = all.values.first(where: { $0.record.name == name }) { return named }
        let matches = reference.isEmpty ? [] : all.values.filter { $0.id.hasPrefix(reference) }
        if matches.count > 1 {
            throw RuntimeError(.invalidArgument, "multiple IDs found with provided prefix: \(reference)")
        }
        guard let match = matches.first else { throw RuntimeError(.notFound, "No such container: \(reference)") }
        return match
    }

    func add(_ cell: ContainerCell) { cells.update { $0[cell.id] = cell } }

    func drop(_ cell: ContainerCell) {
        cells.update { $0[cell.id] = nil }
        cell.state.update { $0.isRemoved = true }
    }

    /// Tells an event of a container.
    func tell(_ action: String, _ record: ContainerRecord, _ more: [String: String] = [:]) {
        var attributes = record.specification.labels
        attributes["image"] = record.specification.image
        attributes["name"] = record.name
        events.add(Event(.container, action, record.id, attributes.merging(more) { $1 }))
    }

    // MARK: Making

    /// Makes a container that can be started.
    ///
    /// - Parameter volumes: places that get a volume of their own where nothing is mounted on them.
    public func create(
        _ wanted: ContainerSpecification, image: ContainerImage, volumes: [String] = []
    ) throws -> ContainerRecord {
        var specification = wanted
        let taken = Set(wanted.mounts.map(\.destination))
        for place in volumes.sorted() where !taken.contains(place) {
            specification.mounts.append(
                .init(source: .volume(name: ContainerNames.identifier()), destination: place))
        }
        let service = try service(runtime: specification.runtime)
        let made = try service.create(specification, image: image, supervised: true)
        let cell = ContainerCell(made.record, made.lock)
        add(cell)
        let record = cell.record
        tell("create", record)
        return record
    }

    /// Takes over what an earlier daemon left: running containers go on, those that ended meanwhile are taken note of.
    ///
    /// Called once, before any other call.
    public func recover() throws {
        guard let any = services[defaultRuntime] else { return }
        for failure in try any.recover().failures { warn("\(failure)") }
        for record in try any.list() where record.supervision != nil {
            do {
                guard let lock = try OwnerLock(any.store.folder(of: record.id)) else {
                    warn("container \(record.name): another program looks after it")
                    continue
                }
                let cell = ContainerCell(record, lock)
                add(cell)
                if record.isRunning { try takeOver(cell) } else { restartAtBoot(cell) }
            } catch { warn("recover container \(record.name): \(error)") }
        }
    }
}
