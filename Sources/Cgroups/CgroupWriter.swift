internal import Glibc
internal import Linux
internal import Support

/// Performs a plan's writes in one group's folders.
///
/// The kernel checks some values against each other (memory and memory with swap, quota, period and burst), so that
/// the order that works depends on what stands there. A write that is refused as invalid is tried again after the
/// others of its controller; it is an error when it is refused then too.
struct CgroupWriter: ~Copyable {
    private let group: Cgroup
    private let remembers: Bool
    private var former: [CgroupWrite] = []
    private var path = ""
    private var file: Descriptor?

    /// - Parameter remembers: keep what stood in the files, for ``restore()``.
    init(_ group: Cgroup, remembers: Bool) {
        self.group = group
        self.remembers = remembers
    }

    /// Performs the writes in order; those that stood before an error stay until ``restore()``.
    mutating func perform(_ writes: [CgroupWrite]) throws {
        var refused: [CgroupWrite] = []
        for (index, write) in writes.enumerated() {
            if let failure = attempted(write) {
                guard failure.code == .invalidArgument else { throw failure }
                refused.append(write)
            }
            let isLast = index + 1 == writes.count || writes[index + 1].controller != write.controller
            if isLast && !refused.isEmpty {
                if let failure = performInAnyOrder(&refused) { throw failure }
            }
        }
    }

    /// Writes back what stood before, the last change first.
    ///
    /// - Returns: the fields for which that failed.
    mutating func restore() -> [String] {
        var writes = Array(former.reversed())
        former = []
        _ = performInAnyOrder(&writes)
        return writes.map(\.field)
    }

    /// Performs the writes again and again until all are done or none makes progress; leaves those that failed.
    private mutating func performInAnyOrder(_ writes: inout [CgroupWrite]) -> RuntimeError? {
        while !writes.isEmpty {
            var left: [CgroupWrite] = []
            var first: RuntimeError?
            for write in writes {
                guard let failure = attempted(write) else { continue }
                left.append(write)
                first = first ?? failure
            }
            if left.count == writes.count { return first }
            writes = left
        }
        return nil
    }

    /// Performs one write; nil where it is done.
    private mutating func attempted(_ write: CgroupWrite) -> RuntimeError? {
        guard let folder = group.folder(of: write.controller) else {
            if write.mayBeMissing { return nil }
            return RuntimeError(.unsupported, "\(write.field): this host has no cgroup controller \(write.controller)")
        }
        let target = "\(folder.path)/\(write.file)"
        let before = remembers ? write.undo((try? readSmall(target)) ?? nil) : nil
        guard let failure = put(write.value, to: target) else {
            if let before { former.append(before) }
            return nil
        }
        guard failure.errno == ENOENT else {
            return RuntimeError(
                failure.runtimeCode, "\(write.field): set \(write.file) to \"\(write.value)\"\(use(write, failure))",
                cause: failure)
        }
        if let other = write.alternative {
            return attempted(CgroupWrite(write.controller, other.file, other.value, field: write.field))
        }
        if write.mayBeMissing { return nil }
        return RuntimeError(.unsupported, "\(write.field): \(missing(write, folder))", cause: failure)
    }

    /// One write(2), keeping the last file open: device rules share one.
    private mutating func put(_ value: String, to target: String) -> SystemCallError? {
        if target != path || file == nil {
            file = nil
            do throws(SystemCallError) {
                file = try Descriptor.open(target, O_WRONLY)
            } catch {
                return error
            }
            path = target
        }
        guard let raw = file?.rawValue else { return nil }
        var value = value
        let result = value.withUTF8 { Glibc.write(raw, $0.baseAddress, $0.count) }
        return result < 0 ? SystemCallError("write", errno: errno, subject: target) : nil
    }

    /// Tells a missing controller from a missing file.
    private func missing(_ write: CgroupWrite, _ folder: Cgroup.Folder) -> String {
        if group.isUnified, let there = try? readSmall("\(folder.path)/cgroup.controllers"),
            !there.split(separator: " ").contains(Substring(write.controller)), write.controller != "cgroup"
        {
            return "controller \(write.controller) is not handed down to this cgroup"
        }
        return "this kernel has no \(write.file)"
    }

    /// What is in use, where v1's kernel refuses a limit of memory for it.
    private func use(_ write: CgroupWrite, _ failure: SystemCallError) -> String {
        guard failure.errno == EBUSY, write.file == "memory.limit_in_bytes",
            let folder = group.folder(of: "memory")?.path, let now = try? readSmall("\(folder)/memory.usage_in_bytes")
        else { return "" }
        return " (\(now) bytes are in use)"
    }
}
