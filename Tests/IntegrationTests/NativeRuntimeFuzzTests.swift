import Foundation
import Testing

extension Integration.NativeRuntime {
    /// `dev/fuzz-config` on the runtime under test: a grammar of every field of config.json.
    @Suite(.serialized) struct Fuzz {
        private static let tool = Machine.package + "/dev/fuzz-config"
        private static let documents = Machine.package + "/dev/fuzzing/found"

        @Test func `documents of the grammar are refused in one line or make containers, and leave nothing`() throws {
            let outcome = try run([Self.tool, "-n", "2000", "--seed", "1", Machine.runtime], timeout: 600)
            #expect(outcome.code == 0, "\(outcome)")
            // Most documents would be refused by anything; enough of them must have reached a container.
            let counts = outcome.text.matches(of: /(\d+) (created|run)\b/).compactMap { Int($0.1) }
            #expect(counts.count == 2 && counts.reduce(0, +) > 400, "\(outcome)")
        }

        @Test func `documents that once found a fault`() throws {
            let files = try FileManager.default.contentsOfDirectory(atPath: Self.documents).sorted()
            #expect(files.count >= 9)
            let paths = files.map { "\(Self.documents)/\($0)" }
            let outcome = try run([Self.tool, Machine.runtime, "--replay"] + paths, timeout: 300)
            #expect(outcome.code == 0, "\(outcome)")
            #expect(outcome.text.contains("\(2 * files.count) documents"), "\(outcome)")
        }

        /// What bad runtimes do when they are asked for `create`, and the fault that has to be told.
        @Test(arguments: [
            ("kill -SEGV $$", "create was ended by SIGSEGV"), ("exit 1", "create failed with 1 and without a word"),
            ("exec sleep 1000", "create waits for ever"),
            ("echo 'bad: one: a'; echo two; exit 1", "create said 2 lines"),
            ("echo 'bad: it did not work'; exit 1", "create names nothing"),
            ("mkdir /scratch/state/fuzz", "left: state"),
            ("mount -t tmpfs x /tmp", "left: mounts"), ("touch /etc/stays", "left: files"),
            ("find /sys/fs/cgroup -maxdepth 1 -type d -exec mkdir {}/stays ';'", "left: cgroups"),
            ("setsid sleep 1000 > /dev/null 2>&1 < /dev/null &", "left: processes"),
        ])
        func `a bad runtime is found out`(deed: String, fault: String) throws {
            let folder = try makeTemporaryFolder("bad")
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let script = "#!/bin/sh\nexec >&2\ncase \" $* \" in *' create '*) \(deed);; esac\n"
            try script.write(toFile: "\(folder)/bad", atomically: false, encoding: .utf8)
            chmod("\(folder)/bad", 0o755)
            // Documents with an odd number are created.
            let outcome = try run(
                [Self.tool, "--first", "1", "-n", "1", "--seconds", "1", "\(folder)/bad"], timeout: 120)
            #expect(outcome.code == 1 && outcome.text.contains(fault), "\(outcome)")
        }
    }
}
