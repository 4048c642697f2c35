import Foundation
import Testing

extension Integration.NativeRuntime {
    /// The runtime as an ordinary user calls it.
    @Suite(.serialized, .enabled(if: Machine.runtimeIsOurs && Machine.program("setpriv") != nil, "needs setpriv"))
    struct Rootless {
        /// A user without a name or rights, a folder of theirs, and the runtime in a place they can reach.
        final class Caller {
            let folder: String
            let uid = 54_321
            var config: Document = .null

            /// - Parameter ownsRuntime: the program's file is the user's own.
            init(_ script: String, ownsRuntime: Bool = false) throws {
                folder = try makeTemporaryFolder("rootless")
                try Bundle.fill(folder + "/rootfs")
                try FileManager.default.copyItem(atPath: Machine.runtime, toPath: folder + "/runtime")
                try FileManager.default.createDirectory(atPath: folder + "/run", withIntermediateDirectories: true)
                _ = try IntegrationTests.run(["chown", "-R", "\(uid):\(uid)", folder])
                if !ownsRuntime { chown(folder + "/runtime", 0, 0) }
                let outcome = try call(["spec", "--rootless"])
                guard outcome.code == 0, let text = readText(folder + "/config.json"), let spec = Document(json: text)
                else { throw HarnessError("spec --rootless: \(outcome)") }
                config = spec
                config["process"]["terminal"] = .boolean(false)
                config["root"]["readonly"] = .boolean(false)
                config["process"]["args"] = .array(Bundle.script(script).map(Document.string))
            }

            func call(_ arguments: [String]) throws -> Outcome {
                var options = Job.Options()
                options.folder = folder
                options.environment = ["XDG_RUNTIME_DIR": folder + "/run"]
                let user = ["setpriv", "--reuid=\(uid)", "--regid=\(uid)", "--clear-groups"]
                return try IntegrationTests.run(user + [folder + "/runtime"] + arguments, options, timeout: 30)
            }

            func write() throws {
                try config.json.write(toFile: folder + "/config.json", atomically: false, encoding: .utf8)
            }

            func run() throws -> Outcome {
                try write()
                return try call(["run", "box"])
            }

            func finish(at location: SourceLocation = #_sourceLocation) {
                _ = try? call(["delete", "--force", "box"])
                let left = Residue.left(marks: [folder], folders: [folder + "/run"])
                #expect(left.isEmpty, "left behind: \(left)", sourceLocation: location)
                try? FileManager.default.removeItem(atPath: folder)
            }
        }

        @Test func `a user runs a container as its root with the own id alone`() throws {
            let caller = try Caller(
                "id -u; cat /proc/self/uid_map; cat /proc/self/setgroups; echo x >/made; ls /dev/null")
            defer { caller.finish() }
            let outcome = try caller.run()
            #expect(outcome.code == 0, "\(outcome)")
            #expect(outcome.lines.first == "0")
            #expect(outcome.lines.dropFirst().first?.split(separator: " ") == ["0", "54321", "1"])
            #expect(outcome.lines.suffix(2) == ["deny", "/dev/null"])
            var about = stat()
            #expect(stat(caller.folder + "/rootfs/made", &about) == 0)
            #expect(about.st_uid == 54_321)
        }

        @Test func `create, state, start, exec, kill and delete work`() throws {
            let caller = try Caller("sleep 30")
            defer { caller.finish() }
            try caller.write()
            #expect(try caller.call(["create", "box"]).code == 0)
            let state = try caller.call(["state", "box"])
            #expect(Document(json: state.output)?["status"].text == "created", "\(state)")
            #expect(FileManager.default.fileExists(atPath: caller.folder + "/run/hako/box"))
            #expect(try caller.call(["start", "box"]).code == 0)
            let inside = try caller.call(["exec", "box", "/bin/sh", "-c", "id -u; hostname"])
            #expect(inside.lines == ["0", "hako"], "\(inside)")
            #expect(try caller.call(["kill", "box", "KILL"]).code == 0)
            #expect(eventually { (try? caller.call(["state", "box"]).output.contains("stopped")) == true })
            #expect(try caller.call(["delete", "box"]).code == 0)
        }

        @Test func `a program that the user owns is executed from a sealed copy`() throws {
            let caller = try Caller("true", ownsRuntime: true)
            defer { caller.finish() }
            let note = caller.folder + "/note"
            caller.config["hooks"]["createRuntime"] = [
                ["path": "/bin/sh", "args": ["sh", "-c", .string("readlink /proc/$PPID/exe >\(note)")]]
            ]
            let outcome = try caller.run()
            #expect(outcome.code == 0, "\(outcome)")
            #expect(readTrimmed(note)?.hasPrefix("/memfd:hako") == true)
        }

        @Test func `a limit that no cgroup can hold is named`() throws {
            let caller = try Caller("true")
            defer { caller.finish() }
            caller.config["linux"]["resources"] = ["memory": ["limit": 10_000_000]]
            let outcome = try caller.run()
            #expect(outcome.code == 1)
            #expect(outcome.errors.contains("linux.resources.memory.limit"), "\(outcome)")
        }

        @Test func `without a user namespace the field is named`() throws {
            let caller = try Caller("true")
            defer { caller.finish() }
            caller.config["linux"]["namespaces"].elements.removeAll { $0["type"].text == "user" }
            caller.config["linux"]["uidMappings"] = nil
            caller.config["linux"]["gidMappings"] = nil
            let outcome = try caller.run()
            #expect(outcome.code == 1)
            #expect(outcome.errors.contains("linux.namespaces"), "\(outcome)")
        }

        @Test func `additional groups can't be had with the own id alone`() throws {
            let caller = try Caller("true")
            defer { caller.finish() }
            caller.config["process"]["user"]["additionalGids"] = [0]
            let outcome = try caller.run()
            #expect(outcome.code == 1)
            #expect(outcome.errors.contains("additionalGids"), "\(outcome)")
        }
    }
}
