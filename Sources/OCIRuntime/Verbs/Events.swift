internal import CLinux
internal import Cgroups
internal import Glibc
internal import JSON
internal import Linux
internal import OCISpec
internal import Support

extension RuntimeProgram {
    /// Prints a line of JSON for the statistics of every interval and for each time memory ran out, until the
    /// container's end; with --stats one line.
    func events(_ arguments: Arguments, _ states: StateDirectory) throws {
        let id = try arguments.only("container ID")
        let interval = try Quantity.milliseconds(arguments["interval"] ?? "5s", option: "interval")
        guard interval > 0 else {
            throw RuntimeError(.invalidArgument, "option --interval: duration interval must be greater than 0")
        }
        let record = try states.load(id)
        guard Lifecycle.status(of: record, states) != .stopped, let process = record.process else {
            throw RuntimeError(.invalidState, "container with id \(id) is not running")
        }
        if arguments.has("stats") { return Output.print(Event.statistics(id, try record.cgroup.statistics())) }
        try follow(record, process, interval: interval)
    }

    private func follow(_ record: ContainerRecord, _ process: ProcessIdentity, interval: Int) throws {
        var watch = try OutOfMemoryWatch(record.cgroup)
        let ended = Descriptor(owning: try check("pidfd_open", "\(process.pid)") { cl_pidfd_open(process.pid, 0) })
        var next = milliseconds() + interval
        // Looked at after the pidfd was opened: a later process of the same number is not followed.
        while process.isAlive {
            let ready = try wait(watch, ended, until: next)
            if ready.memory {
                for _ in 0..<(try watch.take()) { Output.print(Event.outOfMemory(record.id)) }
            }
            if ready.end { return }
            if milliseconds() >= next {
                // The group may go with the container at any time: that is the end and no error.
                guard let statistics = try? record.cgroup.statistics() else { return }
                Output.print(Event.statistics(record.id, statistics))
                next += interval
            }
        }
    }

    private func wait(
        _ watch: borrowing OutOfMemoryWatch, _ ended: borrowing Descriptor, until next: Int
    ) throws(SystemCallError) -> (memory: Bool, end: Bool) {
        var entries = [
            pollfd(fd: watch.descriptor.rawValue, events: watch.pollEvents, revents: 0),
            pollfd(fd: ended.rawValue, events: Int16(POLLIN), revents: 0),
        ]
        try check("poll") { poll(&entries, 2, Int32(clamping: max(0, next - milliseconds()))) }
        return (entries[0].revents & watch.pollEvents != 0, entries[1].revents != 0)
    }

    /// The monotonic clock.
    private func milliseconds() -> Int {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return now.tv_sec * 1000 + now.tv_nsec / 1_000_000
    }
}

/// The lines of `events`, in runc's form.
enum Event {
    static func statistics(_ id: String, _ statistics: CgroupStatistics) -> [UInt8] {
        line("stats", id) { object in object.member("data") { statistics.write(to: &$0) } }
    }

    static func outOfMemory(_ id: String) -> [UInt8] {
        line("oom", id) { _ in }
    }

    private static func line(_ type: String, _ id: String, _ data: (inout JSONWriter) -> Void) -> [UInt8] {
        JSONWriter.text { writer in
            writer.object { object in
                object.member("type", type)
                object.member("id", id)
                data(&object)
            }
        } + [UInt8(ascii: "\n")]
    }
}
