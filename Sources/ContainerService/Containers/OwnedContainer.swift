internal import Linux

/// A container that this program looks after: it holds the owner lock, and alone changes the record.
public final class OwnedContainer {
    /// What it is and how it goes.
    public internal(set) var record: ContainerRecord
    /// The master of its terminal, from start until someone takes it.
    var master: SharedDescriptor?
    let lock: OwnerLock

    init(_ record: ContainerRecord, _ lock: OwnerLock) {
        self.record = record
        self.lock = lock
    }
}
