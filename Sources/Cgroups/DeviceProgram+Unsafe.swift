internal import CLinux
internal import Glibc
internal import Linux

extension DeviceProgram {
    /// Loads the program and makes it the group's only device program of ours.
    ///
    /// The new one is attached before the old ones go, so that an update leaves no gap.
    func attach(to path: String) throws(SystemCallError) {
        let folder = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
        let loaded = try check("bpf", "BPF_PROG_LOAD cgroup_device") {
            // SAFETY: the array lives over the call, which copies the instructions.
            instructions.withUnsafeBufferPointer { cl_bpf_load_device($0.baseAddress, UInt32($0.count)) }
        }
        let program = Descriptor(owning: loaded)
        var old = [UInt32](repeating: 0, count: 64)
        let raw = folder.rawValue
        let count = try check("bpf", "BPF_PROG_QUERY \(path)") {
            cl_bpf_query_device(raw, &old, 64)
        }
        try check("bpf", "BPF_PROG_ATTACH \(path)") { cl_bpf_attach_device(raw, program.rawValue) }
        for identifier in old.prefix(Int(count)) {
            let previous = cl_bpf_program_by_id(identifier)
            if previous < 0 { continue }
            let previousProgram = Descriptor(owning: previous)
            try check("bpf", "BPF_PROG_DETACH \(path)") { cl_bpf_detach_device(raw, previousProgram.rawValue) }
        }
    }
}
