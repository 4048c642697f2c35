internal import Glibc
internal import Linux
internal import Support

/// A process as other programs on the machine can tell whether it still runs.
struct LeaseOwner: Equatable {
    let boot: String
    /// The pid namespace; a pid says something in its own one only.
    let space: Int64
    let process: ProcessIdentity

    static func own() throws -> LeaseOwner {
        LeaseOwner(boot: try currentBoot(), space: currentSpace(), process: try ProcessIdentity(of: getpid()))
    }

    /// Whether the process may still run, and what it leased must be kept.
    func mayLive(boot: String, space: Int64) -> Bool {
        self.boot == boot && (self.space != space || process.isAlive)
    }

    static func currentBoot() throws -> String { try readText("/proc/sys/kernel/random/boot_id") }

    static func currentSpace() -> Int64 {
        var status = stat()
        return stat("/proc/self/ns/pid", &status) == 0 ? Int64(status.st_ino) : 0
    }
}

/// Leases: what a program brings in and no name refers to yet is kept from collection.
extension Metadata {
    /// How long a lease lasts after the last item was put under it, in seconds. Its owner's death ends it earlier.
    static let leaseLife: Int64 = 24 * 3600

    /// Takes a lease for this process.
    public func takeLease() throws -> Int64 {
        let owner = try LeaseOwner.own()
        return try change("take a lease", durable: false) { connection in
            try connection.run(
                "INSERT INTO leases(boot, space, pid, started, expires) VALUES(?, ?, ?, ?, ?)",
                [
                    .text(owner.boot), .integer(owner.space), .integer(Int64(owner.process.pid)),
                    .integer(Int64(truncatingIfNeeded: owner.process.startTime)),
                    .integer(Self.now() + Self.leaseLife),
                ])
            return connection.lastRow
        }
    }

    /// Puts items under leases; when this returns, no collection removes what is there of them.
    public func protect(_ items: [String], leases: [Int64]) throws {
        try change("keep \(items.count) items", durable: false) { connection in
            for lease in leases {
                for item in items {
                    try connection.run(
                        "INSERT OR IGNORE INTO leased(lease, item) SELECT id, ? FROM leases WHERE id = ?",
                        [.text(item), .integer(lease)])
                }
                try connection.run(
                    "UPDATE leases SET expires = ? WHERE id = ?",
                    [.integer(Self.now() + Self.leaseLife), .integer(lease)])
            }
        }
    }

    /// Ends a lease.
    public func endLease(_ lease: Int64) throws {
        try change("end a lease", durable: false) { connection in
            try connection.run("DELETE FROM leases WHERE id = ?", [.integer(lease)])
        }
    }

    /// Removes the leases of processes that are gone, and those that have run out.
    static func dropDeadLeases(_ connection: Connection) throws {
        let (boot, space) = (try LeaseOwner.currentBoot(), LeaseOwner.currentSpace())
        var dead: [Int64] = []
        try connection.query("SELECT id, boot, space, pid, started, expires FROM leases") { row in
            let owner = LeaseOwner(
                boot: row.text(1), space: row.integer(2),
                process: ProcessIdentity(
                    pid: Int32(truncatingIfNeeded: row.integer(3)),
                    startTime: UInt64(bitPattern: row.integer(4))))
            if row.integer(5) < now() || !owner.mayLive(boot: boot, space: space) { dead.append(row.integer(0)) }
        }
        for lease in dead { try connection.run("DELETE FROM leases WHERE id = ?", [.integer(lease)]) }
    }
}
