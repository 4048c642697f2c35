internal import Glibc
internal import Linux
internal import Metadata
internal import Support
internal import Synchronization

/// Keeps from collection what its holder brings in and no name refers to yet. Ends with this object, and with the
/// process however it ends.
public final class Lease: Sendable {
    private let store: ContentStore
    private let number: Int64

    init(_ store: ContentStore) throws {
        self.store = store
        number = try store.metadata().takeLease()
        store.leases.withLock { $0[number] = [] }
    }

    deinit {
        _ = store.leases.withLock { $0.removeValue(forKey: number) }
        // One that stays in the database dies with the process.
        try? store.metadata().endLease(number)
    }
}

extension ContentStore {
    /// Takes a lease; waits only for a collection that is running.
    ///
    /// What is asked of this object while it is held (``ingest(_:)``, ``write(_:_:)``) and whatever is named to
    /// ``protect(_:)`` stays, whether it is there already or comes in.
    public func lease() throws -> Lease {
        try attempt("use content store \(path)") { try Lease(self) }
    }

    /// Keeps items, present or not, as long as the leases live that are held through this object; without any does nothing.
    ///
    /// - Parameter items: digests, and unpacked layers as `Metadata.layerItem` writes them.
    public func protect(_ items: [String]) throws {
        let (fresh, held) = leases.withLock { leases in
            (items.filter { item in leases.values.contains { !$0.contains(item) } }, Array(leases.keys))
        }
        if fresh.isEmpty || held.isEmpty { return }
        try metadata().protect(fresh, leases: held)
        leases.withLock { leases in
            for lease in held { leases[lease]?.formUnion(fresh) }
        }
    }
}
