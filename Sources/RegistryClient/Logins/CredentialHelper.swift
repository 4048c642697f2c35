internal import Dispatch
internal import JSON
internal import Support

/// A program `docker-credential-NAME` that keeps logins (the protocol of docker's credential helpers): the verb is its
/// argument, a registry's name or a login its input, a login its output.
struct CredentialHelper: Sendable {
    let name: String
    /// Seconds that it may take; it may ask its user for a passphrase.
    var timeout: Double = 120
    /// Where the program is looked for; nil is PATH.
    var folders: String?

    /// The most that is read of its answer.
    static let maximumBytes = 64 << 10
    /// The user's name that marks a password as a token kept from a login.
    private static let tokenUser = "<token>"

    var program: String { "docker-credential-\(name)" }

    /// The login kept for a server; nil where there is none.
    func get(_ server: String) async throws -> RegistryCredential? {
        let answer = try await run("get", Array(server.utf8))
        if answer.code != 0 {
            if answer.says("credentials not found") { return nil }
            throw refusal("get", answer)
        }
        let (user, secret) = try attempt(program) { try Self.parse(answer.output) }
        if secret.isEmpty { return nil }
        return user == Self.tokenUser
            ? RegistryCredential(user: "", password: "", identityToken: secret)
            : RegistryCredential(user: user, password: secret)
    }

    /// Keeps a login.
    func store(_ login: RegistryCredential, for server: String) async throws {
        let document = JSONWriter.text { writer in
            writer.object { object in
                object.member("ServerURL", server)
                object.member("Username", login.identityToken == nil ? login.user : Self.tokenUser)
                object.member("Secret", login.identityToken ?? login.password)
            }
        }
        let answer = try await run("store", document)
        if answer.code != 0 { throw refusal("store", answer) }
    }

    /// Forgets a login; true where there was one.
    func erase(_ server: String) async throws -> Bool {
        guard try await get(server) != nil else { return false }
        let answer = try await run("erase", Array(server.utf8))
        if answer.code != 0, !answer.says("credentials not found") { throw refusal("erase", answer) }
        return true
    }

    /// Runs the program on a thread that may wait.
    private func run(_ verb: String, _ input: [UInt8]) async throws -> HelperProgram.Answer {
        let program = try HelperProgram(program, folders: folders, timeout: timeout, limit: Self.maximumBytes)
        return try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { try program.run([verb], input: input) })
            }
        }
    }

    /// What it wrote says why; a login's secret is never in an answer that fails.
    private func refusal(_ verb: String, _ answer: HelperProgram.Answer) -> RuntimeError {
        let said = plainText(String(decoding: answer.output, as: UTF8.self)).drop { $0 == " " }
        return RuntimeError(
            .unavailable, "\(program) \(verb): it ended with code \(answer.code)\(said.isEmpty ? "" : ": \(said)")")
    }

    private static func parse(_ bytes: [UInt8]) throws -> (String, String) {
        var user = ""
        var secret = ""
        try JSONReader.document(bytes) { reader in
            try reader.object { key, value in
                switch key {
                case "Username": user = try value.string()
                case "Secret": secret = try value.string()
                default: try value.skip()
                }
            }
        }
        return (user, secret)
    }
}
