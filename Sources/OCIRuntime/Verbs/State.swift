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

    /// Prints the containers as a table, as JSON, or their ids.
    func list(_ arguments: Arguments, _ states: StateDirectory) throws {
        let format = arguments["format"] ?? "table"
        guard format == "table" || format == "json" else {
            throw RuntimeError(.invalidArgument, "option --format: \"\(format)\" is neither table nor json")
        }
        // One that is deleted meanwhile is left out.
        let records = try states.list().compactMap { try? states.load($0) }
        if arguments.has("quiet") {
            return Output.print(records.map { "\($0.id)\n" }.joined())
        }
        let rows = records.map { (record: $0, status: Lifecycle.status(of: $0, states)) }
        format == "json" ? printJSON(rows) : printTable(rows)
    }

    private func printJSON(_ rows: [(record: ContainerRecord, status: ContainerState.Status)]) {
        let text = JSONWriter.text { writer in
            writer.array { array in
                for row in rows {
                    array.object { object in
                        object.member("ociVersion", RuntimeConfiguration.currentVersion)
                        object.member("id", row.record.id)
                        object.member("pid", row.status == .stopped ? 0 : row.record.process?.pid ?? 0)
                        object.member("status", row.status.rawValue)
                        object.member("bundle", row.record.bundle)
                        object.member("rootfs", row.record.rootfs)
                        object.member("created", row.record.created)
                        object.member("owner", row.record.owner == 0 ? "root" : String(row.record.owner))
                    }
                }
            }
        }
        Output.print(text + [UInt8(ascii: "\n")])
    }

    private func printTable(_ rows: [(record: ContainerRecord, status: ContainerState.Status)]) {
        let table =
            [["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]]
            + rows.map { row in
                let pid = row.status == .stopped ? 0 : row.record.process?.pid ?? 0
                return [
                    row.record.id, String(pid), row.status.rawValue, row.record.bundle, row.record.created,
                    row.record.owner == 0 ? "root" : String(row.record.owner),
                ]
            }
        let widths = (0..<6).map { column in table.map { $0[column].count }.max() ?? 0 }
        for row in table {
            let cells = zip(row, widths).map { cell, width in
                cell + String(repeating: " ", count: width + 2 - cell.count)
            }
            Output.print(cells.joined() + "\n")
        }
    }
}
