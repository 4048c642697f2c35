internal import CLinux
internal import Glibc
internal import Linux
internal import Support

extension Cgroup {
    /// Puts limits into force; of a group that has processes already too (an update).
    ///
    /// - Throws: ``RuntimeError`` naming the field of config.json, the file and the value: `unsupported` where this
    ///   host lacks the controller or the file.
    public func apply(_ resources: CgroupResources) throws {
        let plan = try CgroupPlan(resources, unified: isUnified)
        if let limit = plan.checkedLimit { try checkUse(limit) }
        try perform(plan.writes)
        if !plan.deviceRules.isEmpty, let folder = unifiedFolder {
            try attempt("linux.resources.devices: filter devices of cgroup \(folder.path)") {
                try DeviceProgram(rules: plan.deviceRules).attach(to: folder.path)
            }
        }
    }

    private func checkUse(_ limit: Int64) throws {
        guard let folder = folder(of: "memory"), let use = Int64(try readSmall("\(folder.path)/memory.current")) else {
            return
        }
        if use > limit {
            throw RuntimeError(
                .invalidState, "linux.resources.memory.limit: \(limit) is below the \(use) bytes in use")
        }
    }

    private func perform(_ writes: [CgroupWrite]) throws {
        var writer = FileWriter()
        var index = 0
        while index < writes.count {
            let write = writes[index]
            let next = index + 1 < writes.count ? writes[index + 1] : nil
            // Raising both limits of v1 needs the one of memory and swap first, lowering them the other order.
            if write.file == "memory.limit_in_bytes", let next, next.file == "memory.memsw.limit_in_bytes" {
                do {
                    try perform(write, &writer)
                } catch  where (error as? RuntimeError)?.code == .invalidArgument {
                    try perform(next, &writer)
                    try perform(write, &writer)
                    index += 2
                    continue
                }
            } else {
                try perform(write, &writer)
            }
            index += 1
        }
    }

    private func perform(_ write: CgroupWrite, _ writer: inout FileWriter) throws {
        guard let folder = folder(of: write.controller) else {
            if write.mayBeMissing { return }
            throw RuntimeError(.unsupported, "\(write.field): this host has no cgroup controller \(write.controller)")
        }
        do throws(SystemCallError) {
            try writer.write(write.value, to: "\(folder.path)/\(write.file)")
        } catch  where error.errno == ENOENT {
            if let other = write.alternative {
                return try perform(
                    CgroupWrite(write.controller, other.file, other.value, field: write.field), &writer)
            }
            if write.mayBeMissing { return }
            throw RuntimeError(.unsupported, "\(write.field): \(missing(write, folder))", cause: error)
        } catch {
            throw RuntimeError(
                error.runtimeCode, "\(write.field): set \(write.file) to \"\(write.value)\"", cause: error)
        }
    }

    /// Tells a missing controller from a missing file.
    private func missing(_ write: CgroupWrite, _ folder: Folder) -> String {
        if isUnified, let there = try? readSmall("\(folder.path)/cgroup.controllers"),
            !there.split(separator: " ").contains(Substring(write.controller)), write.controller != "cgroup"
        {
            return "controller \(write.controller) is not handed down to this cgroup"
        }
        return "this kernel has no \(write.file)"
    }

    /// Writes values to files, one write(2) each, keeping the last file open: device rules share one.
    private struct FileWriter: ~Copyable {
        private var path = ""
        private var file: Descriptor?

        mutating func write(_ value: String, to path: String) throws(SystemCallError) {
            if path != self.path || file == nil {
                file = nil
                file = try Descriptor.open(path, O_WRONLY)
                self.path = path
            }
            guard let raw = file?.rawValue else { return }
            var value = value
            let result = value.withUTF8 { Glibc.write(raw, $0.baseAddress, $0.count) }
            if result < 0 { throw SystemCallError("write", errno: errno, subject: path) }
        }
    }
}
