internal import JSON
internal import Linux
internal import OCISpec
internal import Support

extension RuntimeProgram {
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
        let rows = records.map { Row($0, Lifecycle.status(of: $0, states)) }
        Output.print(format == "json" ? Row.json(rows) : Row.table(rows))
    }
}

/// A container as `list` shows it: fields and form are runc's.
private struct Row {
    let record: ContainerRecord
    let status: ContainerState.Status
    var pid: Int32 { status == .stopped ? 0 : record.process?.pid ?? 0 }
    let owner: String

    init(_ record: ContainerRecord, _ status: ContainerState.Status) {
        self.record = record
        self.status = status
        owner = userName(record.owner)
    }

    static func json(_ rows: [Row]) -> [UInt8] {
        JSONWriter.text { writer in
            // Go's encoder has null for a list that nothing was put into.
            if rows.isEmpty { return writer.null() }
            writer.array { array in for row in rows { row.write(to: &array) } }
        } + [UInt8(ascii: "\n")]
    }

    private func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("ociVersion", RuntimeConfiguration.currentVersion)
            object.member("id", record.id)
            object.member("pid", pid)
            object.member("status", status.rawValue)
            object.member("bundle", record.bundle)
            object.member("rootfs", record.rootfs)
            object.member("created", record.created)
            if !record.annotations.isEmpty { object.member("annotations", record.annotations) }
            object.member("owner", owner)
        }
    }

    /// Columns of at least twelve characters, three of them blank; the last is not padded.
    static func table(_ rows: [Row]) -> [UInt8] {
        let cells =
            [["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]]
            + rows.map { row in
                [
                    row.record.id, String(row.pid), row.status.rawValue, row.record.bundle, row.record.created,
                    row.owner,
                ]
            }
        let widths = (0..<5).map { column in max(12, (cells.map { $0[column].count }.max() ?? 0) + 3) }
        let lines = cells.map { line in
            zip(line, widths + [0]).map { cell, width in
                cell + String(repeating: " ", count: max(0, width - cell.count))
            }.joined() + "\n"
        }
        return Array(lines.joined().utf8)
    }
}

/// The user's name on this host; `#UID` where it has none.
private func userName(_ uid: UInt32) -> String {
    let passwd = (try? readText("/etc/passwd")) ?? ""
    for line in passwd.split(separator: "\n") {
        let fields = line.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false)
        if fields.count == 4, fields[2] == String(uid) { return String(fields[0]) }
    }
    return "#\(uid)"
}
