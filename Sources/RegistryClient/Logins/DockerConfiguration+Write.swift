internal import Glibc
internal import JSON
internal import Linux
internal import Support

extension DockerConfiguration {
    /// Where a login went.
    public enum Keeper: Sendable, Equatable {
        /// The file itself, unencrypted.
        case file(String)
        /// A program.
        case program(String)
    }

    /// Keeps a login: in the program that the file names for it, else in the file.
    ///
    /// The file is changed atomically, has mode 0600 afterwards and is otherwise left as it is, byte for byte.
    public static func keep(_ login: RegistryCredential, for registry: String, in path: String) async throws -> Keeper {
        let server = serverName(registry)
        if let helper = try DockerConfiguration(path: path).helper(for: registry) {
            try await helper.store(login, for: server)
            // An entry without a login shows other tools that there is one; a password must not stay beside it.
            try change(path) { edit in
                for name in try edit.names(at: ["auths"]) where registryName(name) == registry {
                    _ = try edit.remove(["auths", name])
                }
                try edit.set(["auths", server], to: Array("{}".utf8))
                return true
            }
            return .program(helper.program)
        }
        try change(path) { edit in
            for name in try edit.names(at: ["auths"]) where registryName(name) == registry && name != server {
                _ = try edit.remove(["auths", name])
            }
            try edit.set(["auths", server], to: entry(login))
            return true
        }
        return .file(path)
    }

    /// Forgets a registry's login wherever it is kept; false where there was none.
    public static func forget(_ registry: String, in path: String) async throws -> Bool {
        let configuration = try DockerConfiguration(path: path)
        var wasThere = configuration.hasLogin(registry)
        if let helper = configuration.helper(for: registry) {
            wasThere = try await helper.erase(serverName(registry)) || wasThere
        }
        guard try content(path) != nil else { return wasThere }
        try change(path) { edit in
            var isChanged = false
            for name in try edit.names(at: ["auths"]) where registryName(name) == registry {
                isChanged = try edit.remove(["auths", name]) || isChanged
            }
            return isChanged
        }
        return wasThere
    }

    private static func entry(_ login: RegistryCredential) -> [UInt8] {
        JSONWriter.text { writer in
            writer.object { object in
                object.member("auth", Base64.encode("\(login.user):\(login.password)"))
                object.member("identitytoken", login.identityToken)
            }
        }
    }

    /// Reads, changes and replaces the file, under a lock on its folder; `body` says whether it changed anything.
    private static func change(_ path: String, _ body: (inout JSONEdit) throws -> Bool) throws {
        try attempt("change logins \(path)") {
            // A link stays one: what it leads to is replaced.
            let target = realpath(path, nil).map { raw in
                defer { free(raw) }
                return String(cString: raw)
            }
            let file = target ?? path
            let folder = parentPath(file)
            try makeDirectories(folder, mode: 0o700)
            let lock = SharedDescriptor(try Descriptor.open(folder, O_RDONLY | O_DIRECTORY))
            defer { withExtendedLifetime(lock) {} }
            try check("flock", folder) { flock(lock.rawValue, LOCK_EX) }
            let before = try content(file)
            var edit = try JSONEdit(before ?? [])
            guard try body(&edit), edit.bytes != before else { return }
            try writeAtomically(edit.bytes, to: file, mode: 0o600)
        }
    }
}
