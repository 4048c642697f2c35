internal import JSON
internal import Support

extension ShimRequest {
    /// Reads a frame's payload.
    ///
    /// - Parameter id: gets the number that the reply repeats; that of a refusal too, where it could be read.
    /// - Throws: for a verb or a member that is unknown or of the wrong type, with its name.
    public static func parse(_ payload: [UInt8], id: inout Int) throws -> ShimRequest {
        var members = Members()
        defer { id = members.id }
        try JSONReader.document(payload) { reader in
            try reader.object { name, reader in try members.read(name, &reader) }
        }
        return try members.request()
    }
}

/// All members that a request may have.
private struct Members {
    var id = 0
    var verb = ""
    var name = ProcessName("")
    var settings: ContainerSettings?
    var process: [UInt8]?
    var terminal = false
    var input = false
    var output = true
    var errors = true
    var inputOnce = false
    var slow = AttachSettings.Slow.drop
    var signal: Int32 = 0
    var rows: UInt16 = 0
    var columns: UInt16 = 0

    mutating func read(_ member: String, _ reader: inout JSONReader) throws {
        switch member {
        case "id": id = try reader.integer()
        case "verb": verb = try reader.string()
        case "container": name.container = try reader.string()
        case "exec": name.exec = try reader.string()
        case "settings": settings = try ContainerSettings(&reader)
        case "process": process = try reader.raw()
        case "signal": signal = try reader.integer()
        case "rows": rows = try reader.integer()
        case "columns": columns = try reader.integer()
        case "slow":
            let text = try reader.string()
            guard let known = AttachSettings.Slow(rawValue: text) else { throw reader.failure("unknown value \(text)") }
            slow = known
        default: try readFlag(member, &reader)
        }
    }

    private mutating func readFlag(_ member: String, _ reader: inout JSONReader) throws {
        switch member {
        case "terminal": terminal = try reader.bool()
        case "input": input = try reader.bool()
        case "output": output = try reader.bool()
        case "errors": errors = try reader.bool()
        case "inputOnce": inputOnce = try reader.bool()
        default: throw reader.failure("unknown member")
        }
    }

    func request() throws -> ShimRequest {
        switch verb {
        case "state": return .state
        case "subscribe": return .subscribe
        case "shutdown": return .shutdown
        case "create":
            guard let settings else { throw RuntimeError(.invalidArgument, "create: settings is missing") }
            return .create(settings)
        default: return try named()
        }
    }

    /// The requests about one process.
    private func named() throws -> ShimRequest {
        guard !name.container.isEmpty else { throw RuntimeError(.invalidArgument, "\(verb): container is missing") }
        switch verb {
        case "start": return .start(name)
        case "signal": return .signal(name, signal)
        case "exec":
            guard let process, name.exec != nil else {
                throw RuntimeError(.invalidArgument, "exec: exec and process are needed")
            }
            return .exec(ExecSettings(name: name, process: process, terminal: terminal, input: input))
        case "attach":
            return .attach(
                AttachSettings(
                    name: name, output: output, errors: errors, input: input, inputOnce: inputOnce, slow: slow))
        case "resize": return .resize(name, rows: rows, columns: columns)
        case "closeInput": return .closeInput(name)
        case "wait": return .wait(name)
        case "forget": return .forget(name)
        case "delete": return .delete(container: name.container)
        default: throw RuntimeError(.unsupported, "shim protocol: unknown verb \(verb)")
        }
    }
}
