internal import ContentStore
internal import OCISpec

/// What a step's result depends on, in one digest. Each field goes in with its length, so that no two lists of fields
/// are the same bytes.
struct CacheKey {
    private var hash = ContentHash()
    /// Raised when a step comes to mean something else.
    private static let version = "1"

    init(_ kind: String) {
        add("hako-build", Self.version)
        add("kind", kind)
    }

    mutating func add(_ name: String, _ value: String) {
        let bytes = Array(value.utf8)
        hash.update(Array("\(name.utf8.count):\(name)=\(bytes.count):".utf8))
        hash.update(bytes)
    }

    mutating func add(_ name: String, _ values: [String]) {
        add(name, "\(values.count)")
        for value in values { add(name, value) }
    }

    func finish() throws -> String { try hash.digest().hex }
}
