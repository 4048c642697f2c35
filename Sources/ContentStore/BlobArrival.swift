internal import Glibc
internal import Linux

/// A blob on its way into the store, for whoever unpacks it meanwhile.
///
/// The bytes go from the socket into the blob's file once; readers follow them in the file, whose pages are still in
/// memory, so that a fast download needs no buffer and a resumed one is read from its first byte like any other. The
/// end is told to nobody before the digest has been verified.
public final class BlobArrival: Sendable {
    struct State {
        var file: SharedDescriptor?
        var count: Int64 = 0
        /// Raised when the bytes begin anew.
        var generation = 0
        var isVerified = false
        var failure: (any Error)?
    }

    let state = Monitor(State())

    /// A blob of which nothing is known yet; pass it to whoever brings the blob in.
    public init() {}

    /// Says that the blob won't come; ``BlobReader/read(into:)`` throws `error`.
    public func fail(_ error: any Error) {
        state.update { if $0.failure == nil { $0.failure = error } }
    }

    /// Says that the bytes in `file` are those of the blob, `count` of them so far.
    func begin(_ file: SharedDescriptor, count: Int64, isVerified: Bool = false) {
        state.update { state in
            if state.file != nil { state.generation += 1 }
            (state.file, state.count, state.isVerified) = (file, count, isVerified)
        }
    }

    func advance(to count: Int64) {
        state.update { $0.count = count }
    }

    /// Says that the bytes so far were the wrong ones.
    func restart() {
        state.update { state in
            state.generation += 1
            state.count = 0
        }
    }

    func verified() {
        state.update { $0.isVerified = true }
    }
}

/// The bytes that were read are not the blob's: it is being brought in anew. Read it again with another reader.
public struct BlobRestarted: Error {}

/// Reads a blob from its first byte while it arrives. One thread reads; any may cancel.
public final class BlobReader: Sendable {
    private struct Place {
        var generation: Int
        var position: Int64 = 0
        var isCancelled = false
    }

    private let arrival: BlobArrival
    private let place: Monitor<Place>

    /// Starts at the first byte, whether there is one yet or not.
    public init(_ arrival: BlobArrival) {
        self.arrival = arrival
        place = Monitor(Place(generation: arrival.state.update { $0.generation }))
    }

    /// Fills `target` from its start with at least one byte and returns how many; waits where there is none yet. 0 is
    /// the end of a blob whose digest fits.
    ///
    /// - Throws: ``BlobRestarted``; what the arrival failed with; `CancellationError` after ``cancel()``.
    public func read(into target: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            let place = place.update { $0 }
            let part: (file: SharedDescriptor, count: Int)? = try arrival.state.wait { state in
                if self.place.update({ $0.isCancelled }) { throw CancellationError() }
                if state.generation != place.generation { throw BlobRestarted() }
                if let file = state.file, place.position < state.count {
                    return .done((file, Int(min(state.count - place.position, Int64(target.count)))))
                }
                if state.isVerified { return .done(nil) }
                if let failure = state.failure { throw failure }
                return .notYet
            }
            guard let part else { return 0 }
            let count = try checkCount("pread", "blob") {
                pread(part.file.rawValue, target.baseAddress, part.count, Int(place.position))
            }
            // None: the file was cut for a new beginning since; the generation tells.
            if count == 0 { continue }
            self.place.update { $0.position += Int64(count) }
            return count
        }
    }

    /// Whether the bytes read so far turned out not to be the blob's.
    public var isStale: Bool {
        let generation = place.update { $0.generation }
        return arrival.state.update { $0.generation != generation }
    }

    /// Waits until the digest of the bytes read is known; true where they were not the blob's and it comes anew.
    ///
    /// - Throws: what the arrival failed with.
    public func waitForVerdict() throws -> Bool {
        let generation = place.update { $0.generation }
        return try arrival.state.wait { state in
            if state.generation != generation { return .done(true) }
            if state.isVerified { return .done(false) }
            if let failure = state.failure { throw failure }
            return .notYet
        }
    }

    /// Makes a ``read(into:)`` that waits, and every later one, throw.
    public func cancel() {
        place.update { $0.isCancelled = true }
        arrival.state.update { _ in }
    }
}
