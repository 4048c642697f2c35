import Foundation
import Testing

extension Integration.NativeRuntime.Conformance {
    /// config.md and runtime.md: hooks.
    @Suite(.serialized) struct Hooks {
        static let kinds = [
            "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop",
        ]
        /// Those that are run in the container's namespaces.
        static let inside = ["createContainer", "startContainer"]

        /// A container with one hook of each kind that appends `words` to a file; `$KIND` is the kind's name.
        private func container(_ words: String, program: String = "exec sleep 60") throws -> (RuntimeFixture, String) {
            let container = try RuntimeFixture(program)
            let log = container.bundle.folder + "/log"
            // startContainer's hook sees the container's files: the same file is bound there.
            try "".write(toFile: log, atomically: false, encoding: .utf8)
            container.config["mounts"].elements.append([
                "destination": "/log", "type": "bind", "source": .string(log), "options": ["bind", "rw"],
            ])
            for kind in Self.kinds {
                let file = kind == "startContainer" ? "/log" : log
                container.config["hooks"][kind] = [
                    [
                        "path": "/bin/sh", "args": ["sh", "-c", .string("{ \(words); } >>\(file)")],
                        "env": ["KIND=\(kind)", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
                    ]
                ]
            }
            return (container, log)
        }

        @Test(
            .requirement(
                "config.hooks.order", "config.hooks.prestart.moment", "config.hooks.prestart.before-createRuntime",
                "config.hooks.createRuntime.moment", "config.hooks.createContainer.moment",
                "config.hooks.createContainer.after-createRuntime", "config.hooks.startContainer.moment",
                "config.hooks.poststart.moment", "config.hooks.poststop.moment", "runtime.lifecycle.prestart",
                "runtime.lifecycle.createRuntime", "runtime.lifecycle.createContainer",
                "runtime.lifecycle.startContainer", "runtime.lifecycle.poststart", "runtime.lifecycle.poststop"))
        func `each kind at its moment, in order`() throws {
            let (container, log) = try container("echo $KIND", program: "echo program >>/log; exec sleep 60")
            defer { container.finish() }
            for kind in Self.kinds {
                var second = container.config["hooks"][kind].elements[0]
                second["env"].elements[0] = "KIND=\(kind) again"
                second["args"].elements[2] = .string(
                    second["args"].elements[2].text?.replacingOccurrences(
                        of: "$KIND", with: "\"$KIND\"") ?? "")
                container.config["hooks"][kind].elements.append(second)
            }
            func lines() -> [String] { (readTrimmed(log) ?? "").components(separatedBy: "\n") }
            func twice(_ kinds: [String]) -> [String] { kinds.flatMap { [$0, "\($0) again"] } }

            _ = try container.create()
            #expect(lines() == twice(["prestart", "createRuntime", "createContainer"]))
            #expect(try container.call(["start", container.id]).code == 0)
            let afterStart = lines().dropFirst(6)
            // The program runs beside poststart; both come after startContainer.
            #expect(afterStart.prefix(2) == ["startContainer", "startContainer again"])
            #expect(Set(afterStart).isSuperset(of: twice(["poststart"])), "poststart after start's return")
            #expect(eventually { lines().contains("program") })
            #expect(try container.call(["kill", container.id, "KILL"]).code == 0)
            #expect(eventually { container.status == "stopped" })
            #expect(!lines().contains("poststop"))
            #expect(try container.call(["delete", container.id]).code == 0)
            #expect(lines().suffix(2) == ["poststop", "poststop again"])
        }

        @Test(
            .requirement(
                "config.hooks.prestart.namespace", "config.hooks.prestart.path", "config.hooks.createRuntime.namespace",
                "config.hooks.createRuntime.path", "config.hooks.createContainer.namespace",
                "config.hooks.createContainer.path", "config.hooks.startContainer.namespace",
                "config.hooks.startContainer.path", "config.hooks.poststart.namespace", "config.hooks.poststart.path",
                "config.hooks.poststop.namespace", "config.hooks.poststop.path"))
        func `each kind in its namespaces, by a path of its own`() throws {
            let (container, log) = try container("$0 | tr '\\n' ' '; echo $KIND")
            defer { container.finish() }
            // A program that only the host has, and one of the same use that only the container has.
            let outside = container.bundle.folder + "/outside"
            for (path, word) in [(outside, "outside"), (container.bundle.rootfs + "/inside", "inside")] {
                let script = "#!/bin/sh\necho \(word) $(readlink /proc/self/ns/uts)\n"
                try script.write(toFile: path, atomically: false, encoding: .utf8)
                chmod(path, 0o755)
            }
            for kind in Self.kinds {
                let path = kind == "startContainer" ? "/inside" : outside
                container.config["hooks"][kind].elements[0]["args"].elements.append(.string(path))
            }
            _ = try container.startContainer()
            let pid = try #require(try container.stateDocument()["pid"].number)
            let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/ns/uts")
            let host = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/uts")
            #expect(try container.call(["delete", "--force", container.id]).code == 0)
            let lines = (readTrimmed(log) ?? "").components(separatedBy: "\n")
            #expect(
                lines
                    == Self.kinds.map { kind in
                        "\(kind == "startContainer" ? "inside" : "outside") \(Self.inside.contains(kind) ? own : host) \(kind)"
                    })
        }

        @Test(.requirement("config.hooks.state")) func `each hook reads the state`() throws {
            let (container, log) = try container("echo \"$(tr -d '\\n')\"")
            defer { container.finish() }
            container.config["annotations"] = ["a.b": "c"]
            _ = try container.startContainer()
            let pid = try container.stateDocument()["pid"]
            #expect(try container.call(["delete", "--force", container.id]).code == 0)
            let states = (readTrimmed(log) ?? "").components(separatedBy: "\n").map { Document(json: $0) ?? .null }
            #expect(states.count == 6)
            for (kind, state) in zip(Self.kinds, states) {
                #expect(state["id"].text == container.id, "\(kind): \(state)")
                #expect(state["bundle"].text == container.bundle.folder)
                #expect(state["annotations"]["a.b"].text == "c")
                if kind != "poststop" && !Self.inside.contains(kind) { #expect(state["pid"] == pid, "\(kind)") }
            }
            let statuses = states.map { $0["status"].text ?? "" }
            #expect(Set(statuses[0...2]).isSubset(of: ["creating", "created"]), "\(statuses)")
            #expect(statuses[3] == "created" && statuses[4] == "running" && statuses[5] == "stopped", "\(statuses)")
        }

        @Test(.requirement("config.hooks.args", "config.hooks.env")) func `arguments and environment`() throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            let log = container.bundle.folder + "/log"
            let script = "{ echo $0 $1; echo \"$A:$OUTSIDE\"; } >\(log)"
            container.config["hooks"]["createRuntime"] = [
                ["path": "/bin/sh", "args": ["sh", "-c", .string(script), "name", "one"], "env": ["A=b c"]]
            ]
            #expect(try container.run(Job.Options(environment: ["OUTSIDE": "x"])).code == 0)
            #expect(readTrimmed(log) == "name one\nb c:")
        }

        @Test(
            .requirement("runtime.lifecycle.*"),
            arguments: [
                "prestart.failure", "createRuntime.failure", "createContainer.failure", "startContainer.failure",
                "poststart.failure",
            ])
        func `a hook that fails`(case name: String) throws {
            let kind = String(name.prefix { $0 != "." })
            let container = try RuntimeFixture("sleep 60")
            defer { container.finish() }
            let log = container.bundle.folder + "/log"
            container.config["hooks"][kind] = [
                ["path": "/bin/sh", "args": ["sh", "-c", "echo the reason >&2; exit 9"]]
            ]
            container.config["hooks"]["poststop"] = [
                ["path": "/bin/sh", "args": ["sh", "-c", .string("echo gone >>\(log)")]]
            ]
            try container.bundle.write()
            let created = try container.call(["create", "--bundle", container.bundle.folder, container.id])
            if ["startContainer", "poststart"].contains(kind) {
                #expect(created.code == 0, "\(created)")
                let started = try container.call(["start", container.id])
                #expect(started.code != 0 && !started.errors.isEmpty, "\(started)")
                #expect(
                    eventually { [nil, "stopped"].contains(container.status) }, "it goes on: \(container.status ?? "")")
                _ = try container.call(["delete", "--force", container.id])
            } else {
                #expect(created.code != 0 && !created.errors.isEmpty, "\(created)")
                #expect(try container.call(["state", container.id]).code != 0)
            }
            #expect(readTrimmed(log) == "gone", "poststop hooks run once")
        }

        @Test(.requirement("runtime.lifecycle.poststop.failure")) func `a poststop hook that fails`() throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            let log = container.bundle.folder + "/log"
            container.config["hooks"]["poststop"] = [
                ["path": "/bin/sh", "args": ["sh", "-c", "exit 9"]],
                ["path": "/bin/sh", "args": ["sh", "-c", .string("echo second >>\(log)")]],
            ]
            _ = try container.startContainer()
            #expect(eventually { container.status == "stopped" })
            let outcome = try container.call(["delete", container.id])
            #expect(outcome.code == 0, "\(outcome)")
            #expect(!outcome.errors.isEmpty, "no warning")
            #expect(readTrimmed(log) == "second")
            #expect(try container.call(["state", container.id]).code != 0)
        }

        @Test(.requirement("config.hooks.timeout")) func `a hook that lasts too long`() throws {
            let container = try RuntimeFixture("true") {
                $0["hooks"]["createRuntime"] = [["path": "/bin/sleep", "args": ["sleep", "60"], "timeout": 1]]
            }
            defer { container.finish() }
            try container.expectRefused()
        }

        private static let wrong: [String: Document] = [
            "config.hooks.path.required": ["args": ["true"]],
            "config.hooks.path.absolute": ["path": "bin/true"],
            "config.hooks.timeout.positive": ["path": "/bin/true", "timeout": 0],
        ]

        @Test(.requirement("*"), arguments: wrong.keys.sorted()) func `a hook that is none`(requirement: String) throws
        {
            let hook = try #require(Self.wrong[requirement])
            for kind in Self.kinds {
                let container = try RuntimeFixture("true")
                defer { container.finish() }
                container.config["hooks"][kind] = [hook]
                try container.expectRefused("\(kind)")
            }
        }
    }
}
