import Foundation
import Glibc
import Testing

extension Integration.NativeRuntime {
    /// What a caller's own side sees: paths it names, its environment, its standard descriptors.
    @Suite(.serialized) struct Caller {
        @Test(arguments: ["create", "run"])
        func `a relative pid file is the caller's, not the image's`(verb: String) throws {
            let container = try RuntimeFixture("exec sleep 60")
            defer { container.finish() }
            try container.bundle.write()
            let detach = verb == "run" ? ["--detach"] : []
            let outcome = try container.call([verb, "--pid-file", "pid"] + detach + [container.id])
            #expect(outcome.code == 0, "\(outcome)")
            let pid = try #require(try container.stateDocument()["pid"].number)
            #expect(readText(container.bundle.folder + "/pid") == "\(pid)")
            #expect(!FileManager.default.fileExists(atPath: container.bundle.rootfs + "/pid"))
        }

        @Test func `hooks on the host work in the bundle`() throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            container.config["hooks"]["createRuntime"] = [["path": "/bin/sh", "args": ["sh", "-c", "pwd >here"]]]
            #expect(try container.run().code == 0)
            #expect(readTrimmed(container.bundle.folder + "/here") == container.bundle.folder)
        }

        @Test func `a hook without an environment gets the caller's`() throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            let log = container.bundle.folder + "/log"
            let hook: Document = ["path": "/bin/sh", "args": ["sh", "-c", .string("echo $MARK $OWN >>\(log)")]]
            var withOwn = hook
            withOwn["env"] = ["OWN=own"]
            container.config["hooks"]["createRuntime"] = .array([hook, withOwn])
            let outcome = try container.run(Job.Options(environment: ["MARK": "caller"]))
            #expect(outcome.code == 0, "\(outcome)")
            #expect(readTrimmed(log) == "caller\nown")
        }

        @Test func `the host's environment does not reach a hook inside`() throws {
            let container = try RuntimeFixture("cat /tmp/log")
            defer { container.finish() }
            container.config["hooks"]["startContainer"] = [
                ["path": "/bin/sh", "args": ["sh", "-c", "echo \"<$MARK>\" >/tmp/log"]]
            ]
            #expect(try container.run(Job.Options(environment: ["MARK": "caller"])).text == "<>")
        }

        @Test func `a hook inside without an environment gets the program's`() throws {
            let container = try RuntimeFixture("cat /tmp/log")
            defer { container.finish() }
            container.config["hooks"]["startContainer"] = [
                ["path": "/bin/sh", "args": ["sh", "-c", "echo $WORD $HOME >/tmp/log"]]
            ]
            #expect(try container.run().text == "from the bundle /root")
        }

        @Test(.enabled(if: Machine.program("setpriv") != nil, "needs setpriv"))
        func `the caller's groups are kept where the annotation says so`() throws {
            let container = try RuntimeFixture("grep Groups: /proc/self/status")
            defer { container.finish() }
            container.config["annotations"] = ["run.oci.keep_original_groups": "1"]
            try container.bundle.write()
            let outcome = try run(
                ["/usr/bin/setpriv", "--groups", "5,77", Machine.runtime, "--root", container.state, "run", "--bundle"]
                    + [container.bundle.folder, container.id])
            #expect(outcome.text.split(whereSeparator: \.isWhitespace) == ["Groups:", "5", "77"], "\(outcome)")
        }

        @Test func `SIGKILL ends every process where the pid namespace is the host's`() throws {
            let container = try RuntimeFixture("sleep 61 & echo $! >/child; exec sleep 60")
            defer { container.finish() }
            container.config["linux"]["namespaces"].elements.removeAll { $0["type"].text == "pid" }
            _ = try container.startContainer()
            let file = container.bundle.rootfs + "/child"
            #expect(eventually { Int32(readTrimmed(file) ?? "") != nil })
            let child = try #require(Int32(readTrimmed(file) ?? ""))
            #expect(try container.call(["kill", container.id, "KILL"]).code == 0)
            #expect(
                eventually { Glibc.kill(child, 0) != 0 || (readText("/proc/\(child)/stat") ?? "").contains(") Z ") })
        }

        @Test(arguments: ["in the foreground", "detached"])
        func `run has poststart hooks too`(kind: String) throws {
            let container = try RuntimeFixture("exec sleep \(kind == "detached" ? 60 : 0.2)")
            defer { container.finish() }
            let mark = container.bundle.folder + "/poststart"
            container.config["hooks"]["poststart"] = [["path": "/bin/touch", "args": ["touch", .string(mark)]]]
            try container.bundle.write()
            let detach = kind == "detached" ? ["--detach"] : []
            #expect(try container.call(["run"] + detach + [container.id]).code == 0)
            #expect(FileManager.default.fileExists(atPath: mark))
        }

        @Test func `a poststart hook that fails ends what run started`() throws {
            let container = try RuntimeFixture("exec sleep 60")
            defer { container.finish() }
            container.config["hooks"]["poststart"] = [["path": "/bin/false"]]
            try container.bundle.write()
            let outcome = try container.call(["run", "--detach", container.id])
            #expect(outcome.code == 1)
            #expect(container.status == nil)
        }

        @Test(arguments: ["create", "exec"])
        func `standard descriptors can be opened by the user`(verb: String) throws {
            let program = "echo through >/dev/stderr && stat -L -c %u /proc/self/fd/2"
            let container = try RuntimeFixture(verb == "create" ? program : "exec sleep 60")
            defer { container.finish() }
            container.config["process"]["user"] = ["uid": 1000, "gid": 1000]
            let outcome: Outcome
            if verb == "create" {
                outcome = try container.run()
            } else {
                _ = try container.startContainer()
                outcome = try container.call(["exec", container.id] + Bundle.script(program))
            }
            #expect(outcome.errors.contains("through"), "\(outcome)")
            #expect(outcome.text == "1000")
        }

        @Test func `an empty HOME counts as none`() throws {
            let container = try RuntimeFixture("echo $HOME")
            defer { container.finish() }
            container.config["process"]["env"] = ["PATH=/bin", "HOME=/somewhere", "HOME="]
            #expect(try container.run().text == "/root")
        }

        @Test func `an unknown log format is refused without a log too`() throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            let outcome = try container.call(["--log-format", "yaml", "list"])
            #expect(outcome.code == 1)
            #expect(outcome.errors.contains("log-format"))
        }
    }
}
