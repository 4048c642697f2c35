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
        let states = states.entered()
        if arguments.has("quiet") {
            var names = ""
            try states.forEachRecord { names += "\($0.id)\n" }
            return Output.print(names)
        }
        var (users, rows): (UserNames, [Row]) = (UserNames(), [])
        try states.forEachRecord { rows.append(Row($0, Lifecycle.status(of: $0, states), owner: users[$0.owner])) }
        Output.print(format == "json" ? Row.json(rows) : Row.table(rows))
    }
}

/// A container as `list` shows it: fields and form are runc's.
private struct Row {
    private let id, bundle, rootfs, created, owner: String
    private let annotations: [String: String]
    private let status: ContainerState.Status
    private let pid: Int32

    init(_ record: ContainerRecord, _ status: ContainerState.Status, owner: String) {
        (id, bundle, rootfs, created) = (record.id, record.bundle, record.rootfs, record.created)
        (annotations, self.owner, self.status) = (record.annotations, owner, status)
        pid = status == .stopped ? 0 : record.process?.pid ?? 0
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
            object.member("id", id)
            object.member("pid", pid)
            object.member("status", status.rawValue)
            object.member("bundle", bundle)
            object.member("rootfs", rootfs)
            object.member("created", created)
            if !annotations.isEmpty { object.member("annotations", annotations) }
            object.member("owner", owner)
        }
    }

    /// Columns of at least twelve characters, three of them blank; the last is not padded.
    static func table(_ rows: [Row]) -> [UInt8] {
        let cells =
            [["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"].map(Cell.init)] + rows.map(\.cells)
        let widths = (0..<5).map { column in max(12, (cells.map { $0[column].width }.max() ?? 0) + 3) } + [0]
        var text: [UInt8] = []
        for line in cells {
            for (cell, width) in zip(line, widths) {
                text += cell.text.utf8
                text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: max(0, width - cell.width)))
            }
            text.append(UInt8(ascii: "\n"))
        }
        return text
    }

    private var cells: [Cell] {
        [id, String(pid), status.rawValue, bundle, created, owner].map(Cell.init)
    }
}

/// A field of the table and how many characters it has.
private struct Cell {
    let text: String
    let width: Int

    init(_ text: String) {
        self.text = text
        width = text.unicodeScalars.count
    }
}

/// The users' names on this host, each looked up once; `#UID` where there is none.
private struct UserNames {
    private var known: [(uid: UInt32, name: String)] = []

    subscript(uid: UInt32) -> String {
        mutating get {
            if let found = known.first(where: { $0.uid == uid }) { return found.name }
            let name = Self.name(uid)
            known.append((uid, name))
            return name
        }
    }

    private static func name(_ uid: UInt32) -> String {
        let passwd = (try? readText("/etc/passwd")) ?? ""
        for line in passwd.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false)
            if fields.count == 4, fields[2] == String(uid) { return String(fields[0]) }
        }
        return "#\(uid)"
    }
}
