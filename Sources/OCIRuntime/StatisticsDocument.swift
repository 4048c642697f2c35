internal import Cgroups
internal import JSON

extension CgroupStatistics {
    /// Writes the object that runc prints: names, order, and what is left out when it is 0.
    func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("cpu") { cpu.write(to: &$0) }
            object.member("cpuset") { (cpuset ?? Cpuset()).write(to: &$0) }
            object.member("memory") { memory.write(to: &$0) }
            object.member("pids") { writer in
                writer.object { object in
                    object.member("current", present(pids.current))
                    object.member("limit", present(pids.limit))
                }
            }
            object.member("blkio") { blockIO.write(to: &$0) }
            object.member("hugetlb") { writer in
                writer.object { object in
                    for (size, counter) in hugepages.sorted(by: { $0.key < $1.key }) {
                        object.member(size) { counter.write(to: &$0, withLimit: false) }
                    }
                }
            }
            object.member("intel_rdt") { $0.object { _ in } }
            object.member("network_interfaces") { $0.null() }
        }
    }
}

/// Go's omitempty.
private func present(_ value: UInt64) -> UInt64? { value == 0 ? nil : value }

extension JSONWriter {
    fileprivate mutating func member(_ name: String, numbers: [some FixedWidthInteger]) {
        if numbers.isEmpty { return }
        member(name) { writer in writer.array { array in for number in numbers { array.integer(number) } } }
    }

    fileprivate mutating func member(_ name: String, pressure: CgroupStatistics.Pressure?) {
        guard let pressure else { return }
        member(name) { writer in
            writer.object { object in
                object.member("some") { pressure.some.write(to: &$0) }
                object.member("full") { pressure.full.write(to: &$0) }
            }
        }
    }
}

extension CgroupStatistics.Pressure.Line {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { object in
            for (name, average) in zip(["avg10", "avg60", "avg300"], averages) {
                object.member(name) { $0.raw(Array(average.utf8)) }
            }
            object.member("total", total)
        }
    }
}

extension CgroupStatistics.Counter {
    fileprivate func write(to writer: inout JSONWriter, withLimit: Bool = true) {
        writer.object { object in
            if withLimit { object.member("limit", limit) }
            object.member("usage", present(usage))
            object.member("max", present(peak))
            object.member("failcnt", failures)
        }
    }
}

extension CgroupStatistics.CPU {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("usage") { writer in
                writer.object { object in
                    object.member("total", present(total))
                    object.member("percpu", numbers: perProcessor)
                    object.member("percpu_kernel", numbers: perProcessorKernel)
                    object.member("percpu_user", numbers: perProcessorUser)
                    object.member("kernel", kernel)
                    object.member("user", user)
                }
            }
            object.member("throttling") { writer in
                writer.object { object in
                    object.member("periods", present(periods))
                    object.member("throttledPeriods", present(throttledPeriods))
                    object.member("throttledTime", present(throttledTime))
                }
            }
            object.member("psi", pressure: pressure)
        }
    }
}

extension CgroupStatistics.Cpuset {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("cpus", numbers: cpus)
            for (index, name) in Self.flagNames.enumerated() {
                if index == 1 { object.member("mems", numbers: mems) }
                object.member(name, flags[name] ?? 0)
            }
        }
    }
}

extension CgroupStatistics.Memory {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("cache", present(cache))
            object.member("usage") { usage.write(to: &$0) }
            object.member("swap") { swap.write(to: &$0) }
            object.member("kernel") { kernel.write(to: &$0) }
            object.member("kernelTCP") { kernelTCP.write(to: &$0) }
            if !raw.isEmpty {
                object.member("raw") { writer in
                    writer.object { object in
                        for (name, value) in raw.sorted(by: { $0.key < $1.key }) { object.member(name, value) }
                    }
                }
            }
            object.member("psi", pressure: pressure)
        }
    }
}

extension CgroupStatistics.BlockIO {
    private static let names: [(kind: Kind, name: String)] = [
        (.bytes, "ioServiceBytesRecursive"), (.operations, "ioServicedRecursive"), (.queued, "ioQueueRecursive"),
        (.serviceTime, "ioServiceTimeRecursive"), (.waitTime, "ioWaitTimeRecursive"),
        (.merged, "ioMergedRecursive"), (.time, "ioTimeRecursive"), (.sectors, "sectorsRecursive"),
    ]

    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { object in
            for (kind, name) in Self.names {
                guard let entries = counts[kind], !entries.isEmpty else { continue }
                object.member(name) { writer in
                    writer.array { array in for entry in entries { entry.write(to: &array) } }
                }
            }
            object.member("psi", pressure: pressure)
        }
    }
}

extension CgroupStatistics.BlockIO.Entry {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("major", present(major))
            object.member("minor", present(minor))
            if !operation.isEmpty { object.member("op", operation) }
            object.member("value", present(value))
        }
    }
}
