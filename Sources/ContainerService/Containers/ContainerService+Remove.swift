internal import Glibc
internal import Linux
internal import Support

extension ContainerService {
    /// Removes a container.
    ///
    /// - Parameters:
    ///   - force: kill it first where it runs.
    /// - Throws: `invalidState` where it runs and `force` is not set.
    public func remove(_ reference: String, force: Bool) throws {
        let record = try store.find(reference)
        try attempt("remove container \(record.name)") {
            let folder = store.folder(of: record.id)
            var lock = try OwnerLock(folder)
            if lock == nil {
                if !force { throw try refusal(record.lifecycle) }
                lock = try takeFromOwner(record)
            }
            guard let lock, let now = try store.read(record.id) else { return }
            let container = OwnedContainer(now, lock)
            try perform(container.record.lifecycle.handle(.remove(force: force)), on: container)
        }
    }

    /// Removes a container that this program looks after.
    public func remove(_ container: OwnedContainer) throws {
        try perform(container.record.lifecycle.handle(.remove(force: true)), on: container)
    }

    /// Puts right what programs left that died while they looked after a container: kills and deletes what the runtime
    /// has, unmounts, and marks it exited, or removes it where it was to remove itself.
    ///
    /// - Returns: the names of those containers, and what could not be put right.
    @discardableResult
    public func recover() throws -> (recovered: [String], failures: [any Error]) {
        var recovered: [String] = []
        var failures: [any Error] = []
        for id in try store.identifiers() {
            do {
                if let name = try recover(id) { recovered.append(name) }
            } catch {
                failures.append(RuntimeError(.internal, "recover container \(id.prefix(12))", cause: error))
            }
        }
        return (recovered, failures)
    }

    private func recover(_ id: String) throws -> String? {
        let folder = store.folder(of: id)
        // The record tells at once of most containers that nobody needs to look after them.
        if let record = try store.read(id), !record.lifecycle.needsOwner || record.isLookedAfterByShim { return nil }
        guard access(folder, F_OK) == 0, let lock = try OwnerLock(folder) else { return nil }
        guard let record = try store.read(id) else {
            // Between its folder and its first record, or its record's and its folder's removal.
            try removeFiles(id)
            return nil
        }
        guard record.lifecycle.needsOwner else { return nil }
        let container = OwnedContainer(record, lock)
        try perform(container.record.lifecycle.handle(.ownerDied(at: Self.now())), on: container)
        return record.name
    }

    /// Kills a container that another program looks after and waits until that program is done with it; nil where it
    /// has removed the container altogether.
    private func takeFromOwner(_ record: ContainerRecord) throws -> OwnerLock? {
        let folder = store.folder(of: record.id)
        for attempt in 0..<200 {
            // Not there yet or no more: the next round looks again.
            if attempt % 50 == 0 { try? runtime.kill(record.id, signal: SIGKILL) }
            usleep(50_000)
            if access(folder, F_OK) != 0 { return nil }
            if let lock = try OwnerLock(folder) { return lock }
        }
        throw RuntimeError(.timeout, "the program that looks after it did not let go within 10 s")
    }

    /// Why a container that another program looks after can't just be removed.
    private func refusal(_ lifecycle: ContainerLifecycle) throws -> RuntimeError {
        var changed = lifecycle
        _ = try changed.handle(.remove(force: false))
        return RuntimeError(.invalidState, "another program looks after it: remove it by force")
    }
}
