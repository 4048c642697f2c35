internal import ArgumentParser
internal import ContainerService
internal import OCISpec
internal import ProcessIO
internal import RegistryClient
internal import Support

/// `hako login`.
struct LoginCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login", abstract: "Log in to a registry.",
        discussion: """
            The login is checked, then kept where docker keeps it: in a credential helper where config.json names one, else in
            that file, $DOCKER_CONFIG/config.json or ~/.docker/config.json. Without SERVER: Docker Hub.
            Examples:
              hako login registry.example.com
              pass show registry | hako login --username me --password-stdin registry.example.com
            """)

    @OptionGroup var globals: GlobalOptions

    @Option(name: [.short, .long], help: "The user's name.")
    var username: String?

    @Option(
        name: [.short, .long], help: "The password; other users of the host can see it, --password-stdin is better.")
    var password: String?

    @Flag(help: "Take the password from the standard input.")
    var passwordStdin = false

    @Argument(help: "The registry, such as registry.example.com or 127.0.0.1:5000.")
    var server: String?

    func run() throws {
        let registry = try RegistryName.parse(server)
        let path = DockerConfiguration.standardPath
        try waitFor {
            let client = RegistryClient(options: RegistryAccess.options(warn: Console.warn))
            let result: Result<Void, any Error>
            do { result = .success(try await logIn(registry, client, path)) } catch { result = .failure(error) }
            await client.shutdown()
            return try result.get()
        }
    }

    private func logIn(_ registry: String, _ client: RegistryClient, _ path: String) async throws {
        if username == nil, password == nil, !passwordStdin,
            let known = try await DockerConfiguration(path: path).credential(for: registry)
        {
            Console.line("Authenticating with existing credentials...")
            if (try? await client.verify(known, for: registry)) != nil {
                Console.line("Login Succeeded")
                return
            }
            Console.error("warning: the login that is kept for \(registry) is refused")
        }
        let login = try ask(registry)
        let kept = try await client.verify(login, for: registry)
        if case .file(let file) = try await DockerConfiguration.keep(kept, for: registry, in: path) {
            Console.error(
                "warning: the login is kept unencrypted in \(file); a credential helper (credsStore) avoids that")
        }
        Console.line("Login Succeeded")
    }

    /// The login from options, the standard input or a person.
    private func ask(_ registry: String) throws -> RegistryCredential {
        if password != nil, passwordStdin {
            throw RuntimeError(.invalidArgument, "--password and --password-stdin are mutually exclusive")
        }
        if passwordStdin {
            guard let username, !username.isEmpty else {
                throw RuntimeError(.invalidArgument, "--password-stdin needs --username")
            }
            return RegistryCredential(user: username, password: try Prompt.passwordOfInput())
        }
        if password != nil {
            Console.error("warning: --password can be seen by others; use --password-stdin")
        }
        let user = try username ?? Prompt.line("Username: ")
        guard !user.isEmpty else { throw RuntimeError(.invalidArgument, "a username is needed") }
        let secret = try password ?? Prompt.secret("Password: ")
        guard !secret.isEmpty else { throw RuntimeError(.invalidArgument, "a password is needed") }
        return RegistryCredential(user: user, password: secret)
    }
}

/// `hako logout`.
struct LogoutCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logout", abstract: "Forget the login for a registry.", discussion: "Without SERVER: Docker Hub.")

    @OptionGroup var globals: GlobalOptions

    @Argument(help: "The registry.")
    var server: String?

    func run() throws {
        let registry = try RegistryName.parse(server)
        let path = DockerConfiguration.standardPath
        let wasThere = try waitFor { try await DockerConfiguration.forget(registry, in: path) }
        Console.line(wasThere ? "Removing login credentials for \(registry)" : "Not logged in to \(registry)")
    }
}

/// The name of a registry as people type it to `login`.
enum RegistryName {
    /// `https://host:5000/v2/` → `host:5000`; nothing is Docker Hub.
    static func parse(_ text: String?) throws -> String {
        guard let text, !text.isEmpty else { return "docker.io" }
        let name = DockerConfiguration.registryName(text)
        guard let reference = try? ImageReference("\(name)/login"), reference.registry == name else {
            throw RuntimeError(
                .invalidArgument,
                "\"\(text)\" names no registry; expected HOST or HOST:PORT (a name without a dot needs a port)")
        }
        return name
    }
}
