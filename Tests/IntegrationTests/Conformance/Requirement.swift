import Testing

/// The requirements of the OCI runtime specification that a test shows, by their ids in docs/compat/requirements.txt.
///
/// dev/compat-table reads the trait from the sources and joins it with the results of a run. An id that ends in `*`
/// stands for those that a parameterised test's first argument completes, so that each case has its own result.
struct Requirement: TestTrait {
    let ids: [String]

    /// Shown with every issue of the test: what is broken then.
    var comments: [Comment] { ids.map { "runtime-spec requirement \($0)" } }
}

extension Trait where Self == Requirement {
    /// Marks a test as the proof of these requirements.
    static func requirement(_ ids: String...) -> Self { Requirement(ids: ids) }
}

extension Integration.NativeRuntime {
    /// One test for each MUST and SHOULD of the specification that Linux can show.
    @Suite(.serialized) enum Conformance {}
}

/// A change of a test's configuration.
typealias Change = @Sendable (inout Document) -> Void

extension RuntimeFixture {
    /// A container of `script` whose configuration `change` has been through.
    convenience init(_ script: String, _ change: Change) throws {
        try self.init(script)
        change(&config)
    }

    /// `create` fails, says why, and makes no container.
    func expectRefused(_ reason: Comment? = nil, at location: SourceLocation = #_sourceLocation) throws {
        try bundle.write()
        let outcome = try call(["create", "--bundle", bundle.folder, id])
        #expect(outcome.code != 0, reason, sourceLocation: location)
        #expect(!outcome.timedOut, reason, sourceLocation: location)
        #expect(!outcome.errors.isEmpty, "an error without words", sourceLocation: location)
        #expect(try call(["state", id]).code != 0, "there is a container", sourceLocation: location)
    }

    /// Runs to the end and returns the trimmed output; an error of the runtime is the test's.
    func runText(at location: SourceLocation = #_sourceLocation) throws -> String {
        let outcome = try run()
        #expect(outcome.code == 0, "\(outcome)", sourceLocation: location)
        return outcome.text
    }
}
