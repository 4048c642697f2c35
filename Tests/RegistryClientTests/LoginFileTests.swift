import Glibc
import Linux
import Support
import Testing

@testable import RegistryClient

@Suite struct LoginFileTests {
    /// A folder with a `config.json`, and in it programs that keep logins.
    final class Home {
        let folder = "/tmp/hako-login-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        var path: String { "\(folder)/config.json" }

        init(_ text: String? = nil) throws {
            try makeDirectories(folder)
            if let text { try writeAtomically(Array(text.utf8), to: path, mode: 0o644) }
        }

        deinit { try? removeTree(folder) }

        var text: String { (try? readText(path)) ?? "" }

        func helper(_ script: String) throws -> CredentialHelper {
            try writeAtomically(
                Array("#!/bin/sh\n\(script)\n".utf8), to: "\(folder)/docker-credential-test", mode: 0o755)
            var helper = CredentialHelper(name: "test")
            helper.folders = folder
            helper.timeout = 20
            return helper
        }
    }

    @Test func loginsAreRead() async throws {
        let text = #"""
            {"auths":{"https://index.docker.io/v1/":{"auth":"dXNlcjpwYXNz"},"127.0.0.1:5000":{"username":"a","password":"b"},
            "empty.example":{},"token.example":{"auth":"dTo=","identitytoken":"t"}},"HttpHeaders":{"a":"b"},
            "credHelpers":{"gcr.io":"gcloud"}}
            """#
        let file = try DockerConfiguration(path: "x", bytes: Array(text.utf8))
        #expect(try await file.credential(for: "docker.io") == RegistryCredential(user: "user", password: "pass"))
        #expect(try await file.credential(for: "127.0.0.1:5000")?.password == "b")
        #expect(try await file.credential(for: "empty.example") == nil)
        #expect(try await file.credential(for: "token.example")?.identityToken == "t")
        #expect(file.helper(for: "gcr.io")?.program == "docker-credential-gcloud")
        #expect(file.helper(for: "docker.io") == nil)
        #expect(try await DockerConfiguration(path: "/nonexistent/config.json").credential(for: "docker.io") == nil)
        for (bad, part) in [
            (#"{"auths":{"h":{"auth":"%%"}}}"#, "auths.h.auth"), (#"{"credsStore":"../x"}"#, "credsStore"),
        ] {
            let error = #expect(throws: RuntimeError.self) {
                _ = try DockerConfiguration(path: "f", bytes: Array(bad.utf8))
            }
            #expect(error?.description.contains(part) == true)
        }
    }

    @Test func everythingElseStaysAsItIs() async throws {
        let home = try Home(
            "{\n\t\"psFormat\" : \"x\",\n\t\"auths\": {\n\t\t\"a.example\": {\n\t\t\t\"auth\": \"eDp5\"\n\t\t}\n\t},\r\n  \"z\":[1, 2.50]\n}\n\n"
        )
        let before = home.text
        let login = RegistryCredential(user: "me", password: "secret")
        #expect(try await DockerConfiguration.keep(login, for: "b.example:5000", in: home.path) == .file(home.path))
        let added = "\"eDp5\"\n\t\t},\n\t\t\"b.example:5000\": {\"auth\":\"bWU6c2VjcmV0\"}\n\t},\r\n"
        #expect(home.text == before.replacing("\"eDp5\"\n\t\t}\n\t},\r\n", with: added), "\(home.text)")
        var status = stat()
        #expect(stat(home.path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(try await DockerConfiguration(path: home.path).credential(for: "b.example:5000") == login)
        #expect(try await DockerConfiguration.forget("b.example:5000", in: home.path))
        #expect(home.text == before)
        #expect(try await !DockerConfiguration.forget("b.example:5000", in: home.path))
        #expect(try directoryEntries(home.folder) == ["config.json"])
    }

    @Test(arguments: [
        "{}", "", "{ \"auths\": {} }", "{\"auths\":null}", "{\"x\":1}",
        "{\"auths\":{\"docker.io\":{\"auth\":\"eDp5\"}}}",
    ])
    func docksIntoEveryFile(text: String) async throws {
        let home = try Home(text)
        let token = RegistryCredential(user: "me", password: "", identityToken: "t")
        _ = try await DockerConfiguration.keep(token, for: "docker.io", in: home.path)
        #expect(try await DockerConfiguration(path: home.path).credential(for: "docker.io") == token)
        #expect(home.text.contains("https://index.docker.io/v1/") && !home.text.contains("\"docker.io\""))
        #expect(text.contains("x") == false || text.contains("docker") || home.text.contains("\"x\":1"))
        #expect(try await DockerConfiguration.forget("docker.io", in: home.path))
        #expect(try await DockerConfiguration(path: home.path).credential(for: "docker.io") == nil)
    }

    @Test func aLinkStaysALink() async throws {
        let home = try Home()
        try writeAtomically(Array("{}".utf8), to: "\(home.folder)/real.json", mode: 0o644)
        #expect(symlink("real.json", home.path) == 0)
        _ = try await DockerConfiguration.keep(
            RegistryCredential(user: "a", password: "b"), for: "c.example", in: home.path)
        var status = stat()
        #expect(lstat(home.path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
        #expect(try readText("\(home.folder)/real.json").contains("c.example"))
    }

    @Test func brokenFilesAreNotOverwritten() async throws {
        let home = try Home("{\"auths\": ")
        await #expect(throws: RuntimeError.self) {
            _ = try await DockerConfiguration.keep(
                RegistryCredential(user: "a", password: "b"), for: "c.example", in: home.path)
        }
        #expect(home.text == "{\"auths\": ")
    }

    @Test func helpersKeepLogins() async throws {
        let home = try Home()
        let helper = try home.helper(
            """
            f="${0%/*}/kept"
            case $1 in
            get) read -r s; if [ -e "$f" ]; then cat "$f"; else echo "credentials not found in native keychain"; exit 1; fi;;
            store) cat > "$f";;
            erase) rm "$f";;
            esac
            """)
        #expect(try await helper.get("r.example") == nil)
        #expect(try await !helper.erase("r.example"))
        let login = RegistryCredential(user: "me", password: "sec\"ret")
        try await helper.store(login, for: "r.example")
        #expect(try await helper.get("r.example") == login)
        let token = RegistryCredential(user: "", password: "", identityToken: "t")
        try await helper.store(token, for: "r.example")
        #expect(try await helper.get("r.example") == token)
        #expect(try await helper.erase("r.example"))
        #expect(try await helper.get("r.example") == nil)
    }

    @Test func helpersAreBounded() async throws {
        let home = try Home()
        for (script, part) in [
            ("exec cat /dev/zero", "an answer of more than 65536 bytes"), ("echo no; exit 3", "code 3: no"),
            ("echo '{\"Username\": 7}'", "Username"), ("exec </dev/null; exit 0", "expected an object"),
        ] {
            let helper = try home.helper(script)
            let error = await #expect(throws: RuntimeError.self) { _ = try await helper.get("r") }
            #expect(error?.description.contains(part) == true, "\(error.map(\.description) ?? "")")
        }
        _ = try home.helper("exec sleep 60")
        let slow = CredentialHelper(name: "test", timeout: 0.3, folders: home.folder)
        let error = await #expect(throws: RuntimeError.self) { _ = try await slow.get("r") }
        #expect(error?.code == .timeout)
        let missing = CredentialHelper(name: "none", folders: home.folder)
        let absent = await #expect(throws: RuntimeError.self) { _ = try await missing.get("r") }
        #expect(absent?.description.contains("docker-credential-none: not in PATH") == true)
    }
}
