import Foundation
import Testing

extension Integration.NativeRuntime {
    /// Each error is told on stderr in words that name the fault, with a code that is not 0, and leaves nothing behind.
    @Suite(.serialized) struct Errors {
        private func refused(
            _ outcome: Outcome, naming words: String..., at location: SourceLocation = #_sourceLocation
        ) {
            #expect(outcome.code != 0, sourceLocation: location)
            #expect(!outcome.timedOut, sourceLocation: location)
            let said = outcome.errors.lowercased()
            #expect(
                words.contains { said.contains($0) }, "expected one of \(words) in \(outcome)", sourceLocation: location
            )
        }

        @Test func `a missing bundle`() throws {
            let container = try RuntimeFixture("")
            defer { container.finish() }
            let outcome = try container.call(["create", "--bundle", "/not/there", container.id])
            refused(outcome, naming: "no such file", "not found")
        }

        @Test func `a bundle without config.json`() throws {
            let container = try RuntimeFixture("")
            defer { container.finish() }
            let outcome = try container.call(["create", "--bundle", container.bundle.folder, container.id])
            refused(outcome, naming: "config.json", "specification")
        }

        @Test func `a mount that fails while a hook needs the process`() throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            container.config["mounts"].elements.append([
                "destination": "/etc/passwd", "type": "bind", "source": "/tmp", "options": ["bind"],
            ])
            let words = "sleep 0.3; pid=$(sed 's/.*\"pid\": *\\([0-9]*\\).*/\\1/'); exec readlink /proc/$pid/ns/net"
            container.config["hooks"] = [
                "prestart": [["path": "/bin/sh", "args": ["sh", "-c", .string(words)], "env": ["PATH=/usr/bin:/bin"]]]
            ]
            try container.bundle.write()
            refused(try container.run(), naming: "not a directory")
        }

        @Test func `a configuration that is no JSON`() throws {
            let container = try RuntimeFixture("")
            defer { container.finish() }
            let file = container.bundle.folder + "/config.json"
            try "{\"ociVersion\": \"1.0.2\", ".write(toFile: file, atomically: false, encoding: .utf8)
            let outcome = try container.call(["create", "--bundle", container.bundle.folder, container.id])
            refused(outcome, naming: "unexpected", "expected", "ends", "parse")
        }

        @Test func `a field of the wrong type is named`() throws {
            let container = try RuntimeFixture("")
            defer { container.finish() }
            container.config["process"]["args"] = "not a list"
            refused(try container.run(), naming: "process.args", "args")
        }

        @Test func `a required field that is missing is named`() throws {
            let container = try RuntimeFixture("")
            defer { container.finish() }
            container.config["process"]["args"] = nil
            refused(try container.run(), naming: "args")
        }

        @Test func `a missing root`() throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            container.config["root"]["path"] = "nowhere"
            refused(try container.run(), naming: "nowhere")
        }

        @Test func `a missing program`() throws {
            let container = try RuntimeFixture("")
            defer { container.finish() }
            container.config["process"]["args"] = ["/not/there"]
            refused(try container.run(), naming: "no such file", "not found")
        }

        @Test func `a program that is not executable`() throws {
            let container = try RuntimeFixture("")
            defer { container.finish() }
            container.config["process"]["args"] = ["/etc/passwd"]
            refused(try container.run(), naming: "permission denied")
        }

        @Test func `a capability that doesn't exist`() throws {
            let container = try RuntimeFixture("grep CapEff /proc/self/status")
            defer { container.finish() }
            container.config["process"]["capabilities"] = Bundle.capabilities(["CAP_FLY"])
            let outcome = try container.run()
            // The specification lets a runtime refuse it or go on with a warning that names it.
            #expect(outcome.errors.contains("CAP_FLY"), "\(outcome)")
        }

        @Test func `a namespace that doesn't exist`() throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            container.config["linux"]["namespaces"].elements.append(["type": "dream"])
            refused(try container.run(), naming: "dream")
        }

        @Test func `a mount whose source is missing`() throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            container.config["mounts"].elements.append([
                "destination": "/data", "type": "bind", "source": "/not/there", "options": ["bind"],
            ])
            refused(try container.run(), naming: "/not/there")
        }

        @Test func `a system call's name that doesn't exist is passed over`() throws {
            let container = try RuntimeFixture("echo ran")
            defer { container.finish() }
            container.config["linux"]["seccomp"] = [
                "defaultAction": "SCMP_ACT_ALLOW",
                "syscalls": [["names": ["call_of_tomorrow"], "action": "SCMP_ACT_ERRNO"]],
            ]
            #expect(try container.run().text == "ran")
        }

        @Test func `an action of seccomp that doesn't exist`() throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            container.config["linux"]["seccomp"] = ["defaultAction": "SCMP_ACT_DREAM"]
            refused(try container.run(), naming: "scmp_act_dream", "seccomp")
        }

        @Test func `a flag that doesn't exist`() throws {
            let container = try RuntimeFixture("")
            defer { container.finish() }
            refused(try container.call(["create", "--no-such-flag", container.id]), naming: "no-such-flag")
        }

        @Test func `a verb that doesn't exist`() throws {
            let container = try RuntimeFixture("")
            defer { container.finish() }
            let outcome = try container.call(["dance", container.id])
            #expect(outcome.code != 0)
            #expect((outcome.errors + outcome.output).contains("dance"))
        }

        @Test(arguments: [["state"], ["start"], ["kill"], ["delete"]])
        func `an id that nobody has`(verb: [String]) throws {
            let container = try RuntimeFixture("")
            defer { container.finish() }
            let outcome = try container.call(verb + ["hako-test-nobody"] + (verb == ["kill"] ? ["TERM"] : []))
            refused(outcome, naming: "does not exist", "not found", "no such container")
        }

        @Test(arguments: ["../escape", "", "a/b", ".."]) func `an id that is no name`(id: String) throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            try container.bundle.write()
            let outcome = try container.call(["create", "--bundle", container.bundle.folder, id])
            #expect(outcome.code != 0)
            #expect(!outcome.errors.isEmpty)
        }

        @Test func `an id that is taken`() throws {
            let container = try RuntimeFixture("sleep 60")
            defer { container.finish() }
            _ = try container.create()
            let outcome = try container.call(["create", "--bundle", container.bundle.folder, container.id])
            refused(outcome, naming: "exist")
            #expect(container.status == "created", "the first container was harmed")
        }

        @Test func `a container that is started twice`() throws {
            let container = try RuntimeFixture("sleep 60")
            defer { container.finish() }
            _ = try container.startContainer()
            refused(try container.call(["start", container.id]), naming: "running", "state", "started")
        }

        @Test func `a signal that doesn't exist`() throws {
            let container = try RuntimeFixture("sleep 60")
            defer { container.finish() }
            _ = try container.startContainer()
            refused(try container.call(["kill", container.id, "SIGDREAM"]), naming: "signal")
            #expect(container.status == "running")
        }

        @Test func `a terminal without a console socket`() throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            container.config["process"]["terminal"] = true
            try container.bundle.write()
            let outcome = try container.call(["create", "--bundle", container.bundle.folder, container.id])
            refused(outcome, naming: "console")
        }

        @Test func `errors go to the log as JSON`() throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            let log = container.bundle.folder + "/log"
            let create = ["create", "--bundle", "/not/there", container.id]
            #expect(try container.call(["--log", log, "--log-format", "json"] + create).code != 0)
            let lines = (readText(log) ?? "").split(separator: "\n").compactMap { Document(json: String($0)) }
            let error = lines.first { $0["level"].text == "error" }
            #expect(error?["msg"].text?.isEmpty == false)
            #expect(error?["time"].text?.contains("T") == true)
        }

        @Test func `errors go to the log as text, quoted`() throws {
            let container = try RuntimeFixture("sleep 60")
            defer { container.finish() }
            _ = try container.startContainer()
            let log = container.bundle.folder + "/log"
            let kill = ["--debug", "--log", log, "--log-format", "text", "kill", container.id, "SIGDREAM"]
            #expect(try container.call(kill).code != 0)
            let line = readText(log)?.split(separator: "\n").first { $0.contains("level=error") } ?? ""
            #expect(line.hasPrefix("time=\""), "\(line)")
            #expect(line.contains("level=error msg=\"unknown signal \\\"SIGDREAM\\\"\""), "\(line)")
        }
    }
}
