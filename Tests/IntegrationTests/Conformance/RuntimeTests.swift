import Foundation
import Testing

extension Integration.NativeRuntime.Conformance {
    /// runtime.md and runtime-linux.md: state, lifecycle, operations.
    @Suite(.serialized) struct Operations {
        @Test(
            .requirement(
                "runtime.state.version", "runtime.state.id", "runtime.state.status", "runtime.state.pid",
                "runtime.state.bundle", "runtime.operations.state", "runtime.operations.create.new",
                "runtime.operations.start.runs", "runtime.lifecycle.program", "runtime.scope", "runtime.operations"))
        func `state at each step`() throws {
            let container = try RuntimeFixture("echo ran; exec sleep 60")
            defer { container.finish() }
            let job = try container.create()
            for status in ["created", "running", "stopped"] {
                if status == "running" {
                    #expect(try container.call(["start", container.id]).code == 0)
                    #expect(eventually { job.output == "ran\n" }, "the program didn't run")
                }
                if status == "stopped" {
                    #expect(try container.call(["kill", container.id, "KILL"]).code == 0)
                    #expect(eventually { container.status == status })
                }
                let state = try container.stateDocument()
                #expect(state["status"].text == status)
                #expect(state["ociVersion"].text?.split(separator: ".").count ?? 0 >= 3)
                #expect(state["id"].text == container.id)
                #expect(state["bundle"].text == container.bundle.folder)
                if status != "stopped" {
                    let pid = try #require(state["pid"].number)
                    let words = (readText("/proc/\(pid)/cmdline") ?? "").split(separator: "\0")
                    #expect((words.first == "sleep") == (status == "running"), "\(words)")
                }
            }
            #expect(try container.call(["delete", container.id]).code == 0)
            #expect(try container.call(["state", container.id]).code != 0)
        }

        @Test(.requirement("runtime.state.schema")) func `the state has the types of its schema`() throws {
            let container = try RuntimeFixture("sleep 60") { $0["annotations"] = ["a": "b"] }
            defer { container.finish() }
            _ = try container.create()
            let state = try container.stateDocument()
            for field in ["ociVersion", "id", "status", "bundle"] { #expect(state[field].text != nil, "\(field)") }
            #expect(state["pid"].number ?? 0 > 0)
            #expect(state["annotations"].fields.values.allSatisfy { $0.text != nil })
            #expect(["creating", "created", "running", "stopped"].contains(state["status"].text))
        }

        @Test(
            .requirement(
                "runtime.operations.create.id", "runtime.state.id.unique", "runtime.operations.create.arguments"))
        func `ids that are taken, missing or invalid`() throws {
            let container = try RuntimeFixture("sleep 60")
            defer { container.finish() }
            _ = try container.create()
            let pid = try container.stateDocument()["pid"]
            let create = ["create", "--bundle", container.bundle.folder]
            for words in [[container.id], [], [""], ["a/b"], [".."], ["a b"], ["-"]] {
                #expect(try container.call(create + words).code != 0, "\(words)")
            }
            #expect(try container.stateDocument()["pid"] == pid, "the first container was touched")
            #expect(try container.call(["list", "--quiet"]).text == container.id)
        }

        @Test(.requirement("runtime.operations.create.arguments")) func `create without a bundle`() throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            // The working folder stands for the bundle where none is named; it holds no config.json here.
            let outcome = try container.call(["create", container.id])
            #expect(outcome.code != 0)
            #expect(try container.call(["state", container.id]).code != 0)
        }

        @Test(
            .requirement(
                "runtime.operations.state.no-id", "runtime.operations.start.no-id", "runtime.operations.kill.no-id",
                "runtime.operations.delete.no-id"), arguments: ["state", "start", "kill", "delete"])
        func `an operation without an id`(verb: String) throws {
            let container = try RuntimeFixture("sleep 60")
            defer { container.finish() }
            _ = try container.create()
            #expect(try container.call([verb]).code != 0)
            #expect(container.status == "created")
        }

        @Test(.requirement("runtime.operations.state.unknown"), arguments: ["state", "start", "kill", "delete"])
        func `an operation on a container that isn't there`(verb: String) throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            #expect(try container.call([verb, container.id] + (verb == "kill" ? ["KILL"] : [])).code != 0)
        }

        @Test(
            .requirement(
                "runtime.operations.create.args", "runtime.lifecycle.not-run", "runtime.operations.create.applied",
                "runtime.lifecycle.environment"))
        func `create makes everything and runs nothing`() throws {
            let container = try RuntimeFixture("echo ran >/mark; sleep 60") {
                $0["linux"]["resources"] = ["pids": ["limit": 33]]
            }
            defer { container.finish() }
            _ = try container.create()
            let pid = try #require(try container.stateDocument()["pid"].number)
            #expect(try container.cgroupFile("pids", v1: "pids.max", v2: "pids.max") == "33")
            for kind in ["pid", "net", "ipc", "uts", "mnt", "cgroup"] {
                let inside = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/ns/\(kind)")
                #expect(inside != (try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/\(kind)")))
            }
            #expect(readText("/proc/\(pid)/mountinfo")?.contains(" /proc ") == true)
            #expect(!FileManager.default.fileExists(atPath: container.bundle.rootfs + "/mark"))
            #expect(try container.call(["start", container.id]).code == 0)
            #expect(eventually { readTrimmed(container.bundle.rootfs + "/mark") == "ran" })
        }

        @Test(.requirement("runtime.lifecycle.config-read-once")) func `the configuration is read once`() throws {
            let container = try RuntimeFixture("echo first; exec sleep 60")
            defer { container.finish() }
            let mark = container.bundle.folder + "/mark"
            let job = try container.create()
            container.config["process"]["args"] = ["/bin/echo", "second"]
            container.config["annotations"] = ["late": "yes"]
            let hook: Document = ["path": "/bin/sh", "args": ["sh", "-c", .string("echo x >>\(mark)")]]
            container.config["hooks"] = ["startContainer": [hook], "poststart": [hook], "poststop": [hook]]
            try container.bundle.write()
            #expect(try container.call(["start", container.id]).code == 0)
            #expect(eventually { job.output == "first\n" }, "\(job.output)")
            #expect(try container.stateDocument()["annotations"]["late"] == .null)
            #expect(try container.call(["delete", "--force", container.id]).code == 0)
            #expect(!FileManager.default.fileExists(atPath: mark), "a hook ran that came after create")
        }

        @Test(.requirement("runtime.operations.start.state"), arguments: ["running", "stopped"])
        func `start in the wrong state`(status: String) throws {
            let container = try RuntimeFixture("echo ran; \(status == "running" ? "exec sleep 60" : "true")")
            defer { container.finish() }
            let job = try container.startContainer()
            #expect(eventually { container.status == status && job.output == "ran\n" })
            #expect(try container.call(["start", container.id]).code != 0)
            #expect(container.status == status)
            #expect(job.output == "ran\n")
        }

        @Test(.requirement("runtime.operations.kill.signal"), arguments: ["created", "running"])
        func `kill sends its signal`(status: String) throws {
            let container = try RuntimeFixture(
                "trap 'echo got usr2; exit 5' USR2; echo up; while :; do sleep 0.02; done")
            defer { container.finish() }
            let job = try container.create()
            if status == "running" {
                #expect(try container.call(["start", container.id]).code == 0)
                #expect(eventually { job.output == "up\n" })
                #expect(try container.call(["kill", container.id, "USR2"]).code == 0)
                #expect(eventually { job.output == "up\ngot usr2\n" })
            } else {
                #expect(try container.call(["kill", container.id, "KILL"]).code == 0)
            }
            #expect(eventually { container.status == "stopped" })
        }

        @Test(.requirement("runtime.operations.kill.state")) func `kill of a stopped container`() throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            _ = try container.startContainer()
            #expect(eventually { container.status == "stopped" })
            #expect(try container.call(["kill", container.id, "KILL"]).code != 0)
            #expect(container.status == "stopped")
        }

        @Test(.requirement("runtime.operations.delete.state"), arguments: ["created", "running"])
        func `delete in the wrong state`(status: String) throws {
            let container = try RuntimeFixture("sleep 60")
            defer { container.finish() }
            _ = try container.create()
            if status == "running" { #expect(try container.call(["start", container.id]).code == 0) }
            #expect(try container.call(["delete", container.id]).code != 0)
            #expect(container.status == status)
        }

        @Test(
            .requirement(
                "runtime.operations.delete.resources", "runtime.operations.delete.others",
                "runtime.operations.delete.id-again", "runtime.lifecycle.destroyed"))
        func `delete removes what create made, and nothing else`() throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            for round in 1...2 {
                _ = try container.startContainer()
                #expect(eventually { container.status == "stopped" }, "round \(round)")
                #expect(try container.call(["delete", container.id]).code == 0)
                let left = Residue.left(marks: [container.id], folders: [container.state])
                #expect(left.isEmpty, "left behind: \(left)")
                #expect(FileManager.default.fileExists(atPath: container.bundle.rootfs + "/bin/busybox"))
            }
        }

        @Test(.requirement("runtime.errors.clean", "runtime.lifecycle.environment.error"))
        func `create that fails leaves nothing`() throws {
            let container = try RuntimeFixture("true") {
                $0["mounts"].elements.append([
                    "destination": "/data", "type": "bind", "source": "/not/there", "options": ["bind"],
                ])
            }
            defer { container.finish() }
            try container.expectRefused()
            let left = Residue.left(marks: [container.id], folders: [container.state])
            #expect(left.isEmpty, "left behind: \(left)")
        }

        @Test(.requirement("runtime.linux.descriptors")) func `three descriptors are open`() throws {
            let container = try RuntimeFixture("") { $0["process"]["args"] = ["/bin/ls", "/proc/self/fd"] }
            defer { container.finish() }
            // The fourth is the folder that ls reads.
            #expect(Set(try container.runText().split(separator: "\n")) == ["0", "1", "2", "3"])
        }

        @Test(.requirement("runtime.linux.links")) func `links of dev`() throws {
            let container = try RuntimeFixture("for l in fd stdin stdout stderr; do readlink /dev/$l; done")
            defer { container.finish() }
            #expect(
                try container.runText().split(separator: "\n") == [
                    "/proc/self/fd", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2",
                ])
        }
    }
}
