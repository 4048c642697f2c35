import Foundation
import Testing

extension Integration {
    /// hako-shim with hako-native: what a daemon relies on.
    @Suite(.serialized, .enabled(if: Machine.hasShim, Machine.needsPrograms))
    struct Shim {
        private func name(_ shim: ShimFixture, exec: String? = nil) -> Document {
            exec.map { ["container": .string(shim.id), "exec": .string($0)] } ?? ["container": .string(shim.id)]
        }

        /// Attaches, starts, and gives the connection.
        private func run(_ shim: ShimFixture, input: Bool = false) throws -> ShimConnection {
            let client = try shim.connect()
            var attach = name(shim)
            attach["input"] = .boolean(input)
            try client.ask("attach", attach)
            try client.ask("start", name(shim))
            return client
        }

        /// Prepares an exec session, attaches to it and starts it.
        private func exec(_ shim: ShimFixture, _ id: String, _ script: String, terminal: Bool = false) throws
            -> ShimConnection
        {
            let client = try shim.connect()
            var session = name(shim, exec: id)
            session["process"] = [
                "args": ["sh", "-c", .string(script)], "cwd": "/", "env": ["PATH=/bin"], "terminal": .boolean(terminal),
                "user": ["uid": 0, "gid": 0],
            ]
            session["terminal"] = .boolean(terminal)
            session["input"] = true
            try client.ask("exec", session)
            var attach = name(shim, exec: id)
            attach["input"] = true
            try client.ask("attach", attach)
            try client.ask("start", name(shim, exec: id))
            return client
        }

        @Test(arguments: [0, 7, 255]) func `the exit code is on the disk before it is told`(code: Int) throws {
            let shim = try ShimFixture("echo out; echo no >&2; exit \(code)")
            defer { shim.finish() }
            try shim.start()
            #expect((shim.report["pid"].number ?? 0) > 0)
            let end = try run(shim).converse()
            #expect(shim.exit["code"].number == code)
            #expect(end.exit["code"].number == code)
            #expect((end.output, end.errors, end.outputEnded) == ("out\n", "no\n", true))
            #expect((shim.logged(), shim.logged("stderr")) == ("out\n", "no\n"))
            #expect(shim.exit["signal"] == .null)
            #expect(try #require(shim.exit["startedAt"].text) < #require(shim.exit["finishedAt"].text))
            let late = try shim.connect()
            #expect(try late.ask("wait", name(shim))["exit"]["code"].number == code)
        }

        @Test func `a signal that ended it is recorded`() throws {
            let shim = try ShimFixture("echo up; sleep 600")
            defer { shim.finish() }
            try shim.start()
            let client = try run(shim)
            _ = client.converse { $0.output == "up\n" }
            var signal = name(shim)
            signal["signal"] = 9
            try client.ask("signal", signal)
            #expect(client.converse().exit["code"].number == 137)
            #expect(shim.exit["signal"].number == 9)
            #expect(shim.exit["oomKilled"] == .boolean(false))
        }

        @Test func `a death for want of memory is recorded`() throws {
            let shim = try ShimFixture("dd if=/dev/zero of=/dev/null bs=200M count=1; exit 3")
            shim.container.config["process"]["args"] = ["dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1"]
            shim.container.config["linux"]["resources"] = ["memory": ["limit": 20_000_000, "swap": 20_000_000]]
            defer { shim.finish() }
            try shim.start()
            #expect(try run(shim).converse().exit["oomKilled"] == .boolean(true))
            #expect(shim.exit["oomKilled"] == .boolean(true))
        }

        @Test func `input reaches the process, and its end too`() throws {
            let shim = try ShimFixture("cat; echo done")
            defer { shim.finish() }
            try shim.start(input: true)
            let client = try run(shim, input: true)
            let text = String(repeating: "0123456789abcdef\n", count: 20_000)
            for start in stride(from: 0, to: text.utf8.count, by: 50_000) {
                client.type(String(text.dropFirst(start).prefix(50_000)))
            }
            client.endInput()
            #expect(client.converse().output == text + "done\n")
        }

        @Test func `without an input the process reads the end of a file`() throws {
            let shim = try ShimFixture("cat; echo done")
            defer { shim.finish() }
            try shim.start()
            #expect(try run(shim).converse().output == "done\n")
        }

        @Test func `a terminal has a size, before the start and after`() throws {
            let shim = try ShimFixture("stty size; read x; stty size; tty; exit 4")
            defer { shim.finish() }
            try shim.start(terminal: true)
            let other = try shim.connect()
            var size = name(shim)
            (size["rows"], size["columns"]) = (33, 99)
            try other.ask("resize", size)
            let client = try run(shim, input: true)
            _ = client.converse { $0.output.hasSuffix("33 99\r\n") }
            size["rows"] = 44
            try other.ask("resize", size)
            client.type("\n")
            let end = client.converse()
            #expect(end.output.contains("44 99\r\n/dev/pts/0\r\n"))
            #expect(end.exit["code"].number == 4)
        }

        @Test func `exec sessions have streams, terminals and codes of their own`() throws {
            let shim = try ShimFixture("sleep 600")
            defer { shim.finish() }
            try shim.start()
            let client = try run(shim)
            let plain = try exec(shim, "plain", "echo no >&2; cat; exit 5")
            plain.type("abc")
            plain.endInput()
            let end = plain.converse()
            #expect((end.output, end.errors, end.exit["code"].number) == ("abc", "no\n", 5))
            #expect(end.exit["exec"].text == "plain")
            let terminal = try exec(shim, "terminal", "tty; kill -9 $$", terminal: true).converse()
            #expect(terminal.output.hasPrefix("/dev/pts/"))
            #expect(terminal.exit["signal"].number == 9)
            let long = try exec(shim, "long", "echo up; sleep 600")
            _ = long.converse { $0.output == "up\n" }
            var signal = name(shim, exec: "long")
            signal["signal"] = 15
            try client.ask("signal", signal)
            #expect(long.converse().exit["code"].number == 143)
            #expect(shim.exit == .null)
            #expect(shim.logged() == "", "the output of an exec session is in no log")
        }

        @Test func `an exec that can't be is told with the runtime's words`() throws {
            let shim = try ShimFixture("sleep 600")
            defer { shim.finish() }
            try shim.start()
            let client = try run(shim)
            var session = name(shim, exec: "bad")
            session["process"] = ["args": ["/bin/nothing"], "cwd": "/", "user": ["uid": 0, "gid": 0]]
            try client.ask("exec", session)
            let error = try client.call("start", name(shim, exec: "bad"))["error"]
            #expect(error["message"].text?.contains("/bin/nothing") == true, "\(error)")
            #expect(try client.call("start", name(shim, exec: "bad"))["error"]["code"].text == "notFound")
        }

        @Test func `a container that can't be is told, and the shim is gone`() throws {
            let shim = try ShimFixture("true")
            shim.container.config["process"]["args"] = ["/bin/nothing"]
            defer { shim.finish() }
            try shim.start()
            #expect(shim.report["error"]["message"].text?.contains("/bin/nothing") == true, "\(shim.report)")
        }

        @Test func `many execs leave the shim as it was`() throws {
            let shim = try ShimFixture("sleep 600")
            defer { shim.finish() }
            try shim.start()
            let client = try run(shim)
            let descriptors = "/proc/\(try #require(shim.pid))/fd"
            func once(_ number: Int) throws {
                let code = try exec(shim, "e\(number)", "exit 6").converse().exit["code"].number
                #expect(code == 6)
            }
            for number in 0..<40 { try once(number) }
            let before = try FileManager.default.contentsOfDirectory(atPath: descriptors).count
            for number in 40..<80 { try once(number) }
            let after = try FileManager.default.contentsOfDirectory(atPath: descriptors).count
            #expect(after <= before + 1)
            #expect(try client.ask("state", [:])["state"]["processes"].elements.count == 33)
        }

        @Test func `a client that takes nothing is dropped, and neither the container nor another notices`() throws {
            let lines = 400_000
            let shim = try ShimFixture("seq \(lines)")
            shim.container.config["process"]["args"] = ["/bin/busybox", "seq", .string("\(lines)")]
            defer { shim.finish() }
            try shim.start()
            let stalled = try shim.connect()
            try stalled.ask("attach", name(shim))
            let end = try run(shim).converse()
            #expect(end.exit["code"].number == 0)
            #expect(end.output.split(separator: "\n").count == lines)
            #expect(stalled.converse().wasDropped)
            #expect(shim.logged().split(separator: "\n").count == lines)
        }

        @Test func `a client that must not lose anything makes the output wait`() throws {
            let lines = 400_000
            let shim = try ShimFixture("true")
            shim.container.config["process"]["args"] = ["/bin/busybox", "seq", .string("\(lines)")]
            defer { shim.finish() }
            try shim.start()
            let patient = try shim.connect()
            var attach = name(shim)
            attach["slow"] = "wait"
            try patient.ask("attach", attach)
            try patient.ask("start", name(shim))
            usleep(300_000)
            #expect(shim.exit == .null, "it waits")
            let end = patient.converse()
            #expect(end.output.split(separator: "\n").count == lines)
            #expect(end.exit["code"].number == 0)
        }

        @Test func `a client that vanishes changes nothing, unless it was the input`() throws {
            let shim = try ShimFixture("cat; echo done")
            defer { shim.finish() }
            try shim.start(input: true)
            var client: ShimConnection? = try run(shim, input: true)
            client?.type("first\n")
            client = nil
            var second: ShimConnection? = try shim.connect()
            var attach = name(shim)
            (attach["input"], attach["inputOnce"]) = (true, true)
            try second?.ask("attach", attach)
            second?.type("second\n")
            #expect(eventually { shim.logged() == "first\nsecond\n" })
            #expect(shim.exit == .null)
            second = nil
            #expect(eventually { shim.exit["code"].number == 0 })
            #expect(shim.logged() == "first\nsecond\ndone\n")
        }

        @Test func `a signal to the shim doesn't end it, and the record is there without anybody`() throws {
            let shim = try ShimFixture("echo up; sleep 0.5; exit 9")
            defer { shim.finish() }
            try shim.start()
            _ = try run(shim).converse { $0.output == "up\n" }
            let pid = try #require(shim.pid)
            for signal in [SIGTERM, SIGHUP, SIGINT] { kill(pid, signal) }
            #expect(eventually { shim.exit["code"].number == 9 })
            #expect(getsid(pid) == pid, "a session of its own")
        }

        @Test func `shutdown is refused before the end and done after it`() throws {
            let shim = try ShimFixture("read x")
            defer { shim.finish() }
            try shim.start(input: true, linger: 600)
            let client = try run(shim, input: true)
            #expect(try client.call("shutdown", [:])["error"]["code"].text == "invalidState")
            client.endInput()
            _ = client.converse()
            try client.ask("delete", name(shim))
            try client.ask("shutdown", [:])
            #expect(eventually { shim.pid == nil })
        }

        @Test func `a second container lives beside the first`() throws {
            let shim = try ShimFixture("sleep 600")
            let other = try RuntimeFixture("echo two; exit 2")
            defer { other.finish() }
            defer { shim.finish() }
            try shim.start()
            let client = try run(shim)
            try other.bundle.write()
            let log: Document = ["driver": "none", "path": "", "maximumFiles": 1]
            let settings: Document = ["id": .string(other.id), "bundle": .string(other.bundle.folder), "log": log]
            try client.ask("create", ["settings": settings])
            let second = try shim.connect()
            try second.ask("attach", ["container": .string(other.id)])
            try second.ask("start", ["container": .string(other.id)])
            let end = second.converse()
            #expect((end.output, end.exit["code"].number) == ("two\n", 2))
            try client.ask("delete", ["container": .string(other.id)])
            try FileManager.default.removeItem(atPath: "\(shim.folder)/\(other.id).exit.json")
            try FileManager.default.removeItem(atPath: "\(shim.folder)/\(other.id).pid")
            #expect(shim.exit == .null)
        }

        @Test func `logs are rotated and no line is lost or cut`() throws {
            let shim = try ShimFixture("true")
            shim.container.config["process"]["args"] = ["/bin/busybox", "seq", "3000"]
            defer { shim.finish() }
            try shim.start(log: ["maximumSize": 100_000, "maximumFiles": 9])
            _ = try run(shim).converse()
            let files = [".4", ".3", ".2", ".1", ""].filter { readText(shim.log + $0) != nil }
            #expect(files.count >= 3)
            #expect(files.allSatisfy { (readText(shim.log + $0) ?? "").utf8.count <= 100_000 })
            let text = files.map { shim.logged(file: $0) }.joined()
            #expect(text == (1...3000).map { "\($0)\n" }.joined())
        }

        @Test func `nonsense on the socket ends that connection alone`() throws {
            let shim = try ShimFixture("sleep 600")
            defer { shim.finish() }
            try shim.start()
            let client = try run(shim)
            for kind in [0, 2, 6, 99] as [UInt8] {
                let strange = try shim.connect()
                strange.send(kind, [1, 2, 3])
                #expect(strange.converse().wasDropped)
            }
            let strange = try shim.connect()
            strange.send(1, Array("{".utf8))
            #expect(try strange.call("fly", name(shim))["error"]["code"].text == "unsupported")
            #expect(try client.ask("state", [:])["state"]["processes"].elements.count == 1)
        }
    }
}
