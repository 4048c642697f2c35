import Glibc
import Linux
import OCISpec
import Support
import Testing

@testable import OCIRuntime

@Suite struct ExecProcessTests {
    var configuration: RuntimeConfiguration {
        var process = RuntimeConfiguration.Process(args: ["init"], env: ["PATH=/bin", "A=1"], cwd: "/home")
        process.terminal = true
        process.consoleSize = .init(height: 1, width: 2)
        process.user = .init(uid: 1, gid: 2, additionalGids: [3])
        process.oomScoreAdj = 100
        process.selinuxLabel = "label"
        var sets = RuntimeConfiguration.Capabilities()
        sets.bounding = ["CAP_CHOWN"]
        process.capabilities = sets
        var configuration = RuntimeConfiguration()
        configuration.process = process
        return configuration
    }

    func process(_ words: String...) throws -> RuntimeConfiguration.Process {
        var rest: ArraySlice<String> = []
        let arguments = try Arguments(
            words[...], options: Verb.execution, stopsAtPositional: true, rest: &rest)
        return try RuntimeConfiguration.Process(exec: arguments, in: configuration)
    }

    /// Writes a document of `--process` and reads it with the options before it.
    func process(document: String, _ words: [String] = []) throws -> RuntimeConfiguration.Process {
        let path = "/tmp/hako-process-\(UInt64.random(in: .min ... .max)).json"
        try writeAtomically(Array(document.utf8), to: path, durable: false)
        defer { unlink(path) }
        var rest: ArraySlice<String> = []
        let arguments = try Arguments(
            (words + ["--process", path, "id"])[...], options: Verb.execution, stopsAtPositional: true, rest: &rest)
        return try RuntimeConfiguration.Process(exec: arguments, in: configuration)
    }

    @Test(arguments: ["4294967295", "0:4294967295", "-1", "4294967296"])
    func theIdThatMeansNoChangeIsRefused(user: String) {
        #expect(throws: RuntimeError.self) { try process("--user", user, "id", "true") }
    }

    @Test func aCommandRunsAsTheContainersProcessDoes() throws {
        let plain = try process("id", "ls", "-l", "--cwd")
        #expect(plain.args == ["ls", "-l", "--cwd"])
        #expect(plain.cwd == "/home" && plain.env == ["PATH=/bin", "A=1"] && plain.user.uid == 1)
        #expect(plain.capabilities?.bounding == ["CAP_CHOWN"])
        // A terminal is asked for anew.
        #expect(!plain.terminal && plain.consoleSize == nil)
    }

    @Test func optionsChangeIt() throws {
        let process = try process(
            "-t", "-u", "5:6", "-g", "7", "--additional-gids=8", "-e", "B=2", "--env", "A=x=y", "--cwd", "/tmp", "-c",
            "CAP_KILL", "--no-new-privs", "--apparmor", "profile", "--process-label=other", "id", "true")
        #expect(process.terminal && process.noNewPrivileges)
        #expect(process.user == .init(uid: 5, gid: 6, additionalGids: [3, 7, 8]))
        #expect(process.env == ["PATH=/bin", "B=2", "A=x=y"])
        #expect(process.cwd == "/tmp" && process.apparmorProfile == "profile" && process.selinuxLabel == "other")
        #expect(process.capabilities?.bounding == ["CAP_CHOWN", "CAP_KILL"])
        #expect(process.capabilities?.effective == ["CAP_KILL"] && process.capabilities?.permitted == ["CAP_KILL"])
        #expect(process.capabilities?.inheritable == [] && process.capabilities?.ambient == [])
        #expect(try self.process("-u", "9", "id", "true").user.gid == 2)
    }

    @Test func aDocumentTakesWhatItLeavesOpenFromTheContainer() throws {
        let open = try process(document: #"{"cwd": "/", "args": ["id"]}"#)
        #expect(open.args == ["id"] && open.user.uid == 0 && open.env.isEmpty && open.rlimits.isEmpty)
        #expect(open.capabilities?.bounding == ["CAP_CHOWN"] && open.oomScoreAdj == 100 && open.selinuxLabel == "label")
        let own = try process(
            document: #"{"cwd": "/", "args": ["id"], "capabilities": {}, "oomScoreAdj": 5, "terminal": true}"#,
            ["--env", "A=1"])
        #expect(own.capabilities?.bounding == [] && own.oomScoreAdj == 5 && own.terminal && own.env == ["A=1"])
    }

    @Test func faultsAreNamed() {
        func error(_ body: () throws -> RuntimeConfiguration.Process) -> String {
            do {
                return "no error: \(try body())"
            } catch {
                return "\(error)"
            }
        }
        #expect(error { try process("id") } == "process args cannot be empty")
        #expect(error { try process("-u", "root", "id", "ls") }.contains("--user"))
        #expect(error { try process("-u", "1:", "id", "ls") }.contains("--user"))
        #expect(error { try process("-g", "-1", "id", "ls") }.contains("--additional-gids"))
        #expect(error { try process("--process", "/nowhere/p", "id") }.contains("/nowhere/p"))
        #expect(error { try process("--process", "/nowhere/p", "id", "ls") }.contains("--process"))
        #expect(error { try process(document: "{") }.contains("--process"))
        #expect(error { try process(document: #"{"cwd": "x", "args": ["id"]}"#) }.contains("absolute"))
    }
}
