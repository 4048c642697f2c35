internal import Support

/// What criu says: an answer to the request, or a notice on the way to it (`criu_resp` of its rpc.proto).
struct CRIUAnswer: Equatable {
    static let notice = 6

    var kind = 0
    var succeeded = false
    /// The script's name and the process of a notice.
    var script = ""
    var pid: Int32 = 0
    var errorNumber: Int32 = 0
    var tracksMemory = false
    var isLazy = false

    init(_ bytes: [UInt8]) throws(RuntimeError) {
        var reader = MessageReader(bytes)
        while let (field, value) = try reader.next() {
            switch field {
            case 1: kind = value.number ?? 0
            case 2: succeeded = value.number == 1
            case 4: if let number = try Self.fields(value)[1]?.number { pid = Int32(truncatingIfNeeded: number) }
            case 5: try takeNotice(value)
            case 7: errorNumber = Int32(truncatingIfNeeded: value.number ?? 0)
            case 8: try takeFeatures(value)
            default: continue
            }
        }
    }

    private mutating func takeNotice(_ value: MessageReader.Value) throws(RuntimeError) {
        let fields = try Self.fields(value)
        script = fields[1]?.text ?? ""
        pid = Int32(truncatingIfNeeded: fields[2]?.number ?? 0)
    }

    private mutating func takeFeatures(_ value: MessageReader.Value) throws(RuntimeError) {
        let fields = try Self.fields(value)
        tracksMemory = fields[1]?.number == 1
        isLazy = fields[2]?.number == 1
    }

    private static func fields(_ value: MessageReader.Value) throws(RuntimeError) -> [UInt64: MessageReader.Value] {
        var reader = MessageReader(value.block ?? [])
        var all: [UInt64: MessageReader.Value] = [:]
        while let (field, value) = try reader.next() { all[field] = value }
        return all
    }
}
