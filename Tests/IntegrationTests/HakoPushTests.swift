import Foundation
import Testing

extension Integration.HakoRun {
    @Suite(.serialized) struct Pushing {
        @Test func `an image is pushed, mounted and read by skopeo`() throws {
            let registry = try RegistryFixture()
            defer { registry.finish() }
            let first = try registry.name("a/box:1")
            let pushed = try registry.call(["push", first])
            #expect(pushed.code == 0, "\(pushed)")
            #expect(pushed.lines.first == "The push refers to repository [\(registry.address)/a/box]")
            let digest = try #require(
                Document(json: readText(registry.hako.images.folder + "/busybox/index.json") ?? "")?["manifests"]
                    .elements.first?["digest"].text)
            #expect(pushed.lines.last?.hasPrefix("1: digest: \(digest) size: ") == true, "\(pushed)")
            #expect(pushed.errors.contains(": Pushed"), "\(pushed)")
            let again = try registry.call(["push", first])
            #expect(again.errors.contains(": Layer already exists") && !again.errors.contains(": Pushed"), "\(again)")
            let second = try registry.name("b/box:1")
            let mounted = try registry.call(["push", second])
            #expect(mounted.errors.contains(": Mounted from a/box"), "\(mounted)")
            let copy = registry.hako.home + "/copy"
            let copied = try IntegrationTests.run(
                ["skopeo", "copy", "--src-tls-verify=false", "docker://\(second)", "oci:\(copy):1"])
            #expect(copied.code == 0, "\(copied)")
            #expect(readText(copy + "/index.json")?.contains(digest) == true)
            let quiet = try registry.call(["push", "--quiet", second])
            #expect(quiet.text == second && quiet.errors.isEmpty, "\(quiet)")
        }

        @Test func `what skopeo pushed is pulled`() throws {
            let registry = try RegistryFixture()
            defer { registry.finish() }
            let name = "\(registry.address)/sk/box:1"
            let pushed = try IntegrationTests.run([
                "skopeo", "copy", "--dest-tls-verify=false", "oci:\(registry.hako.images.folder)/busybox:latest",
                "docker://\(name)",
            ])
            #expect(pushed.code == 0, "\(pushed)")
            #expect(try registry.call(["pull", name]).code == 0)
        }

        @Test func `every tag is pushed`() throws {
            let registry = try RegistryFixture()
            defer { registry.finish() }
            for tag in ["1", "2"] { _ = try registry.name("all/box:\(tag)") }
            let pushed = try registry.call(["push", "--all-tags", "\(registry.address)/all/box"])
            #expect(pushed.code == 0, "\(pushed)")
            let tags = try IntegrationTests.run(["curl", "-s", "http://\(registry.address)/v2/all/box/tags/list"])
            #expect(tags.text.contains(#""1","2""#) || tags.text.contains(#""2","1""#), "\(tags)")
            let both = try registry.call(["push", "-a", "\(registry.address)/all/box:1"])
            #expect(both.code == 1 && both.errors.contains("--all-tags"), "\(both)")
        }

        @Test func `an index is pushed with the platforms that are here`() throws {
            let registry = try RegistryFixture()
            defer { registry.finish() }
            let made = registry.hako.home + "/made"
            try TestImages.make([made, "busybox", "--index"])
            let name = try registry.name("multi/box:1", from: made + "/busybox")
            let pushed = try registry.call(["push", name])
            #expect(pushed.code == 0, "\(pushed)")
            #expect(pushed.errors.contains("not pushed: linux/arm64"), "\(pushed)")
            let read = try IntegrationTests.run(["skopeo", "inspect", "--tls-verify=false", "docker://\(name)"])
            #expect(read.code == 0, "\(read)")
            let other = try registry.call(["push", "--platform", "linux/arm64", name])
            #expect(other.code == 1 && other.errors.contains("linux/arm64"), "\(other)")
        }

        @Test func `a name that isn't here and a registry that isn't there`() throws {
            let registry = try RegistryFixture()
            defer { registry.finish() }
            let absent = try registry.call(["push", "\(registry.address)/no/box"])
            #expect(absent.code == 1 && absent.errors.contains("no such image here"), "\(absent)")
            let name = try registry.name("gone/box:1")
            TestImages.stopRegistry(registry.folder)
            let silent = try registry.call(["push", name])
            #expect(silent.code == 1 && silent.errors.contains("registry \(registry.address): connect"), "\(silent)")
        }
    }

    @Suite(.serialized) struct LoggingIn {
        @Test func `a password is checked, kept, used and forgotten`() throws {
            let registry = try RegistryFixture(["--htpasswd", "me:secret"])
            defer { registry.finish() }
            let name = try registry.name("private/box:1")
            let refused = try registry.call(["push", name])
            #expect(refused.code == 1 && refused.errors.contains("hako login \(registry.address)"), "\(refused)")
            var input = Job.Options()
            input.input = "wrong\n"
            let wrong = try registry.call(["login", "-u", "me", "--password-stdin", registry.address], input)
            #expect(wrong.code == 1 && wrong.errors.contains("incorrect username or password"), "\(wrong)")
            #expect(readText(registry.configuration + "/config.json") == nil)
            input.input = "secret\n"
            let login = try registry.call(["login", "-u", "me", "--password-stdin", registry.address], input)
            #expect(login.code == 0 && login.text == "Login Succeeded", "\(login)")
            #expect(!login.errors.contains("secret"))
            let again = try registry.call(["login", registry.address])
            #expect(again.text.hasPrefix("Authenticating with existing credentials"), "\(again)")
            #expect(try registry.call(["push", name]).code == 0)
            // docker's own tools use the same file.
            let read = try IntegrationTests.run([
                "skopeo", "inspect", "--authfile", registry.configuration + "/config.json", "--tls-verify=false",
                "docker://\(name)",
            ])
            #expect(read.code == 0, "\(read)")
            let out = try registry.call(["logout", registry.address])
            #expect(out.text == "Removing login credentials for \(registry.address)", "\(out)")
            #expect(try registry.call(["logout", registry.address]).text.hasPrefix("Not logged in"))
            #expect(try registry.call(["push", name]).code == 1)
        }

        @Test func `tokens of a token server`() throws {
            let registry = try RegistryFixture(tokens: "me:secret")
            defer { registry.finish() }
            let name = try registry.name("private/box:1")
            let refused = try registry.call(["push", name])
            #expect(refused.code == 1 && refused.errors.contains("hako login \(registry.address)"), "\(refused)")
            var input = Job.Options()
            input.input = "secret"
            let login = try registry.call(["login", "-u", "me", "--password-stdin", registry.address], input)
            #expect(login.code == 0, "\(login)")
            let kept = readText(registry.configuration + "/config.json") ?? ""
            #expect(
                kept.contains("identitytoken") && !kept.contains(Data("me:secret".utf8).base64EncodedString()),
                "\(kept)")
            let before = registry.tokenRequests.count
            let pushed = try registry.call(["push", name])
            #expect(pushed.code == 0, "\(pushed)")
            #expect(
                registry.tokenRequests.dropFirst(before).map { $0.prefix(5) } == ["POST "], "\(registry.tokenRequests)")
            // Everybody may pull.
            #expect(try registry.call(["logout", registry.address]).code == 0)
            #expect(try registry.call(["pull", name]).code == 0)
        }

        @Test func `a credential helper keeps the login`() throws {
            let registry = try RegistryFixture(["--htpasswd", "me:secret"])
            defer { registry.finish() }
            let programs = registry.hako.home + "/bin"
            try FileManager.default.createDirectory(atPath: programs, withIntermediateDirectories: true)
            let helper = programs + "/docker-credential-file"
            try """
            #!/bin/sh
            f=${0%/*}/kept
            case $1 in
            get) read -r server; [ -e "$f" ] && cat "$f" && exit 0; echo "credentials not found in native keychain"; exit 1;;
            store) cat >"$f";;
            erase) rm "$f";;
            esac

            """.write(toFile: helper, atomically: false, encoding: .utf8)
            #expect(chmod(helper, 0o755) == 0)
            let file = registry.configuration + "/config.json"
            try "{\n\t\"credsStore\": \"file\"\n}\n".write(toFile: file, atomically: false, encoding: .utf8)
            var options = Job.Options()
            options.environment["PATH"] = programs + ":/usr/bin:/bin"
            options.input = "secret"
            let login = try registry.call(["login", "-u", "me", "--password-stdin", registry.address], options)
            #expect(login.code == 0 && !login.errors.contains("unencrypted"), "\(login)")
            #expect(readText(programs + "/kept")?.contains(registry.address) == true)
            #expect(readText(file)?.contains("secret") == false && readText(file)?.contains("credsStore") == true)
            let name = try registry.name("private/box:1")
            #expect(try registry.call(["push", name], options).code == 0)
            let without = try registry.call(["push", name])
            #expect(without.errors.contains("docker-credential-file: not in PATH"), "\(without)")
            #expect(try registry.call(["logout", registry.address], options).text.hasPrefix("Removing"))
            #expect(!FileManager.default.fileExists(atPath: programs + "/kept"))
        }

        @Test func `a login needs somebody to ask`() throws {
            let registry = try RegistryFixture()
            defer { registry.finish() }
            let asked = try registry.call(["login", registry.address])
            #expect(asked.code == 1 && asked.errors.contains("--password-stdin"), "\(asked)")
            let both = try registry.call(["login", "-u", "a", "-p", "b", "--password-stdin", registry.address])
            #expect(both.code == 1 && both.errors.contains("mutually exclusive"), "\(both)")
        }
    }

    @Suite(.serialized) struct Trusting {
        @Test func `an authority of one's own`() throws {
            let registry = try RegistryFixture(["--tls"])
            defer { registry.finish() }
            let name = try registry.name("tls/box:1")
            let plain = try registry.call(["push", name])
            #expect(plain.code == 1 && plain.errors.contains("HTTPS"), "\(plain)")
            try registry.certificate("ca.crt", as: "ca.crt")
            let pushed = try registry.call(["push", name])
            #expect(pushed.code == 0, "\(pushed)")
            #expect(try registry.call(["pull", name]).code == 0)
        }

        @Test func `a certificate by nobody known is refused`() throws {
            let registry = try RegistryFixture(["--tls"])
            defer { registry.finish() }
            let name = try registry.name("tls/box:1")
            let place = "\(registry.folder)/certs.d/\(registry.address)"
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            func configure(_ text: String) throws {
                try "server = \"https://\(registry.address)\"\n\(text)\n".write(
                    toFile: place + "/hosts.toml", atomically: false, encoding: .utf8)
            }
            try configure("")
            let unknown = try registry.call(["push", name])
            #expect(unknown.code == 1 && unknown.errors.contains("unknown authority"), "\(unknown)")
            try configure("skip_verify = true")
            #expect(try registry.call(["push", name]).code == 0)
            try configure("ca = \"\(registry.folder)/tls/ca.crt\"")
            #expect(try registry.call(["push", name]).code == 0)
            try configure("ca = \"none.crt\"")
            let missing = try registry.call(["push", name])
            #expect(missing.code == 1 && missing.errors.contains("none.crt"), "\(missing)")
        }

        @Test func `a client's certificate and a password`() throws {
            let registry = try RegistryFixture(["--tls", "--client-ca", "--htpasswd", "me:secret"])
            defer { registry.finish() }
            let name = try registry.name("tls/box:1")
            try registry.certificate("ca.crt", as: "ca.crt")
            let nobody = try registry.call(["push", name])
            #expect(nobody.code == 1 && nobody.errors.contains("client's certificate"), "\(nobody)")
            try registry.certificate("client.cert", as: "client.cert")
            try registry.certificate("client.key", as: "client.key")
            var input = Job.Options()
            input.input = "secret"
            let login = try registry.call(["login", "-u", "me", "--password-stdin", registry.address], input)
            #expect(login.code == 0, "\(login)")
            let pushed = try registry.call(["push", name])
            #expect(pushed.code == 0, "\(pushed)")
        }

        @Test func `a mirror stands in`() throws {
            let registry = try RegistryFixture()
            defer { registry.finish() }
            let place = registry.folder + "/certs.d/registry.example"
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            try """
            server = "http://127.0.0.1:1"
            [host."http://127.0.0.1:2"]
            [host."http://\(registry.hako.images.registry)"]
            capabilities = ["pull", "resolve"]
            """.write(toFile: place + "/hosts.toml", atomically: false, encoding: .utf8)
            let pulled = try registry.call(["pull", "registry.example/busybox"])
            #expect(pulled.code == 0, "\(pulled)")
            let pushed = try registry.call(["push", "registry.example/busybox"])
            #expect(pushed.code == 1 && pushed.errors.contains("127.0.0.1:2"), "\(pushed)")
        }
    }
}
