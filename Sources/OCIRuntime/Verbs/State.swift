internal import JSON
internal import Linux
internal import OCISpec
internal import Support

extension RuntimeProgram {
    /// Prints the specification's state with runc's further members, which podman and containerd read.
    func state(_ arguments: Arguments, _ states: StateDirectory) throws {
        let record = try states.load(try arguments.only("container ID"))
        let status = Lifecycle.status(of: record, states)
        let text = JSONWriter.text(indent: 2) { writer in
            writer.object { object in
                object.member("ociVersion", RuntimeConfiguration.currentVersion)
                object.member("id", record.id)
                object.member("pid", status == .stopped ? 0 : record.process?.pid ?? 0)
                object.member("status", status.rawValue)
                object.member("bundle", record.bundle)
                object.member("rootfs", record.rootfs)
                object.member("created", record.created)
                if !record.annotations.isEmpty { object.member("annotations", record.annotations) }
                object.member("owner", "")
            }
        }
        Output.print(text + [UInt8(ascii: "\n")])
    }
}
