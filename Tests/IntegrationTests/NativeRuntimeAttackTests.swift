import Foundation
import Testing

extension Integration.NativeRuntime {
    /// The attacks of `dev/attack`, on the runtime under test and on a runtime that falls for every one of them.
    @Suite(.serialized) struct Attacks {
        private struct Row: Decodable {
            let attack: String
            let result: String
            let detail: String
        }

        private func results(of runtime: String, _ attacks: [String] = []) throws -> [Row] {
            let tool = Machine.package + "/dev/attack"
            let words = [tool, "--rounds", "100000", "--format", "json", runtime] + attacks
            let outcome = try run(words, timeout: 900)
            return try JSONDecoder().decode([Row].self, from: Data(outcome.output.utf8))
        }

        @Test func `no attack breaks the runtime`() throws {
            let rows = try results(of: Machine.runtime)
            #expect(rows.count > 30)
            for row in rows { #expect(row.result == "held", "\(row.attack): \(row.detail)") }
        }

        @Test func `every attack breaks a naive runtime`() throws {
            let rows = try results(of: "naive")
            #expect(rows.count > 30)
            for row in rows where row.result != "broken" {
                // A race is won by chance, even against the naive.
                let again =
                    try row.attack.contains("race")
                    && (1...5).contains { _ in try results(of: "naive", [row.attack]).first?.result == "broken" }
                #expect(again, "\(row.attack): \(row.detail)")
            }
        }

        @Test func `a container's process that dies during its set-up is told about and leaves nothing`() throws {
            // The runtime is still talking to the process when the first mount fails.
            for _ in 0..<20 {
                let container = try RuntimeFixture("true")
                defer { container.finish() }
                try FileManager.default.createSymbolicLink(
                    atPath: container.bundle.rootfs + "/loop", withDestinationPath: "/loop")
                container.config["mounts"] = [
                    ["destination": "/loop", "type": "bind", "source": "/etc/passwd", "options": ["bind"]]
                ]
                try container.bundle.write()
                let outcome = try container.call(["create", "--bundle", container.bundle.folder, container.id])
                #expect(outcome.code == 1)
                #expect(outcome.errors.contains("symbolic links"), "\(outcome)")
            }
        }

        @Test func `a descriptor that the caller leaked is not open in the created process`() throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            let leak = open("/", O_RDONLY)
            defer { close(leak) }
            try container.bundle.write()
            var options = Job.Options()
            options.descriptors = [leak]
            let pidFile = container.bundle.folder + "/pid"
            let outcome = try container.call(
                ["create", "--bundle", container.bundle.folder, "--pid-file", pidFile, container.id], options)
            try #require(outcome.code == 0, "\(outcome)")
            let folder = "/proc/\(readTrimmed(pidFile) ?? "")/fd"
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
                let target = try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)")
                #expect(target != "/", "descriptor \(name)")
            }
        }

        @Test func `hooks of the image have the container's rights and signals`() throws {
            let container = try RuntimeFixture("grep -E 'SigIgn' /proc/self/status")
            defer { container.finish() }
            let script = "#!/bin/sh\ngrep CapBnd /proc/self/status > /hook-rights\n"
            try script.write(toFile: container.bundle.rootfs + "/hook", atomically: false, encoding: .utf8)
            chmod(container.bundle.rootfs + "/hook", 0o755)
            container.config["process"]["capabilities"] = Bundle.capabilities(["CAP_KILL"])
            container.config["hooks"] = ["startContainer": [["path": "/hook"]]]
            let outcome = try container.run()
            #expect(outcome.code == 0, "\(outcome)")
            #expect(readTrimmed(container.bundle.rootfs + "/hook-rights") == "CapBnd:\t0000000000000020")
            let ignored = try #require(UInt64(outcome.text.dropFirst("SigIgn:\t".count), radix: 16))
            #expect(ignored & 1 << (SIGPIPE - 1) == 0)
        }

        @Test func `a pipe in the place of config.json or passwd does not keep the runtime`() throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            let passwd = container.bundle.rootfs + "/etc/passwd"
            unlink(passwd)
            #expect(mkfifo(passwd, 0o644) == 0)
            container.config["process"]["env"] = ["PATH=/bin"]
            let outcome = try container.run()
            #expect(outcome.code == 0, "\(outcome)")
            let config = container.bundle.folder + "/config.json"
            unlink(config)
            #expect(mkfifo(config, 0o644) == 0)
            let refused = try container.call(
                ["create", "--bundle", container.bundle.folder, container.id], timeout: 10)
            #expect(refused.code == 1 && !refused.timedOut, "\(refused)")
        }

        @Test func `a sysctl's name can't climb out of its namespace's folder`() throws {
            for key in ["net/../kernel/core_pattern", "fs/mqueue/../../kernel/core_pattern", "net.//kernel/panic"] {
                let container = try RuntimeFixture("true")
                defer { container.finish() }
                container.config["linux"]["sysctl"] = .object([key: "core"])
                let outcome = try container.run()
                #expect(outcome.code == 1 && outcome.errors.contains("linux.sysctl"), "\(key): \(outcome)")
            }
        }
    }
}
