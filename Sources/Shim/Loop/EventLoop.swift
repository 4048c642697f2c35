internal import Glibc
internal import Linux

/// Something that waits for a descriptor.
protocol EventSource: AnyObject {
    /// What to wait on; negative while there is nothing.
    var descriptor: Int32 { get }
    /// `POLLIN`, `POLLOUT`; 0 leaves the descriptor out of the wait, its end included.
    var interests: Int32 { get }
    /// Called when one of them has come, or the other side has gone.
    func ready(_ events: Int32)
}

/// One thread's wait for all descriptors of the shim: some ten, for which poll(2) is as fast as any other way.
final class EventLoop {
    private var sources: [any EventSource] = []
    private var entries: [pollfd] = []

    func add(_ source: any EventSource) { sources.append(source) }

    func remove(_ source: any EventSource) { sources.removeAll { $0 === source } }

    /// Waits for one of the sources, at most `milliseconds` (-1: for ever), and calls those that are ready.
    func turn(milliseconds: Int32) throws(SystemCallError) {
        entries.removeAll(keepingCapacity: true)
        for source in sources {
            let interests = source.interests
            entries.append(pollfd(fd: interests == 0 ? -1 : source.descriptor, events: Int16(interests), revents: 0))
        }
        if try check("poll", "", { poll(&entries, nfds_t(entries.count), milliseconds) }) == 0 { return }
        let waited = sources
        for (source, entry) in zip(waited, entries) where entry.revents != 0 {
            // An earlier one may have removed it, with all that it belongs to, or made it give its descriptor up.
            guard sources.contains(where: { $0 === source }), source.descriptor == entry.fd else { continue }
            source.ready(Int32(entry.revents))
        }
    }
}

/// Makes reads and writes of a descriptor fail with EAGAIN where they would wait.
func setNonblocking(_ descriptor: Int32) throws(SystemCallError) {
    try check("fcntl", "O_NONBLOCK") { fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) }
}
