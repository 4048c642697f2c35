import Foundation
import Testing

extension Integration.NativeRuntime.Conformance {
    /// config.md: version, root, names, annotations, unknown and invalid values.
    @Suite(.serialized) struct Config {
        private static let missing: [String: Change] = [
            "config.version.absent": { $0["ociVersion"] = nil },
            "config.root.required": { $0["root"] = nil },
            "config.root.path.required": { $0["root"]["path"] = nil },
            "config.mounts.destination.required": { $0["mounts"].elements[0]["destination"] = nil },
            "config.process.cwd.required": { $0["process"]["cwd"] = nil },
            "config.process.args.required": { $0["process"]["args"] = [] },
            "linux.namespaces.type.required": { $0["linux"]["namespaces"].elements.append([:]) },
            "linux.cgroup.devices.allow.required": {
                $0["linux"]["resources"]["devices"] = [["access": "rwm", "type": "a"]]
            },
            "linux.seccomp.defaultAction.required": { $0["linux"]["seccomp"] = ["syscalls": []] },
        ]

        @Test(.requirement("*"), arguments: missing.keys.sorted())
        func `a required property is missing`(requirement: String) throws {
            let change = try #require(Self.missing[requirement])
            let container = try RuntimeFixture("true", change)
            defer { container.finish() }
            try container.expectRefused()
        }

        @Test(.requirement("config.process.rlimits.required"), arguments: ["type", "soft", "hard"])
        func `a limit without a field`(field: String) throws {
            var limit: Document = ["type": "RLIMIT_NOFILE", "soft": 64, "hard": 64]
            limit[field] = nil
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            container.config["process"]["rlimits"] = [limit]
            try container.expectRefused()
        }

        @Test(.requirement("bundle.config.name")) func `the configuration is config.json of the bundle`() throws {
            let container = try RuntimeFixture("echo ran")
            defer { container.finish() }
            #expect(try container.runText() == "ran")
            let file = container.bundle.folder + "/config.json"
            try FileManager.default.moveItem(atPath: file, toPath: container.bundle.folder + "/other.json")
            #expect(try container.call(["create", "--bundle", container.bundle.folder, container.id]).code != 0)
        }

        @Test(.requirement("config.version.semver"), arguments: ["", "1", "one", "1.0", "v1.0.0", "1.0.0.0", "-1.0.0"])
        func `a version that is none`(version: String) throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            container.config["ociVersion"] = .string(version)
            try container.expectRefused()
        }

        @Test(.requirement("config.root.path.relative", "config.root.path.absolute"), arguments: [false, true])
        func `a root by each kind of path`(absolute: Bool) throws {
            let container = try RuntimeFixture("ls -d /bin/busybox")
            defer { container.finish() }
            container.config["root"]["path"] = absolute ? .string(container.bundle.rootfs) : "rootfs"
            #expect(try container.runText() == "/bin/busybox")
        }

        @Test(.requirement("config.root.path.exists"), arguments: ["nowhere", "config.json"])
        func `a root that is no folder`(path: String) throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            container.config["root"]["path"] = .string(path)
            try container.expectRefused()
        }

        @Test(.requirement("config.root.readonly"), arguments: ["/new", "/etc/new", "/bin/new"])
        func `a read-only root`(path: String) throws {
            let container = try RuntimeFixture("touch \(path) 2>&1; mkdir \(path).d 2>&1") {
                $0["root"]["readonly"] = true
            }
            defer { container.finish() }
            let said = try container.run().output.lowercased()
            #expect(said.components(separatedBy: "read-only file system").count == 3, "\(said)")
        }

        @Test(.requirement("config.root.readonly.default")) func `a root without readonly`() throws {
            let container = try RuntimeFixture("touch /new && ls /new") { $0["root"]["readonly"] = nil }
            defer { container.finish() }
            #expect(try container.runText() == "/new")
        }

        @Test(.requirement("config.hostname", "config.domainname")) func `names of host and domain`() throws {
            let container = try RuntimeFixture("hostname; cat /proc/sys/kernel/domainname") {
                $0["hostname"] = "box.example"
                $0["domainname"] = "inner.example"
            }
            defer { container.finish() }
            #expect(try container.runText() == "box.example\ninner.example")
        }

        @Test(
            .requirement("config.annotations.map", "config.annotations.values", "config.annotations.empty-key"),
            arguments: ["a list", "text", "a number as value", "an empty key"])
        func `annotations that are none`(kind: String) throws {
            let kinds: [String: Document] = [
                "a list": ["key"], "text": "key", "a number as value": ["key": 1], "an empty key": ["": "value"],
            ]
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            container.config["annotations"] = try #require(kinds[kind])
            try container.expectRefused()
        }

        @Test(.requirement("config.annotations.unknown", "runtime.state.annotations"))
        func `unknown annotations`() throws {
            let container = try RuntimeFixture("sleep 60") {
                $0["annotations"] = ["com.example.key": "value", "org.opencontainers.image.author": "", "plain": "x"]
            }
            defer { container.finish() }
            _ = try container.create()
            #expect(try container.stateDocument()["annotations"] == container.config["annotations"])
        }

        @Test(.requirement("config.unknown-property"), arguments: ["top", "process", "linux", "root", "mounts"])
        func `unknown properties`(place: String) throws {
            let container = try RuntimeFixture("echo ran")
            defer { container.finish() }
            let unknown: Document = ["a": [1, .real(2.5), nil, ["b": true]]]
            switch place {
            case "top": container.config["ofTomorrow"] = unknown
            case "mounts": container.config["mounts"].elements[0]["ofTomorrow"] = unknown
            default: container.config[place]["ofTomorrow"] = unknown
            }
            #expect(try container.runText() == "ran")
        }

        private static let invalid: [String: Change] = [
            "a signed uid": { $0["process"]["user"]["uid"] = -1 },
            "a uid of 33 bits": { $0["process"]["user"]["uid"] = 4_294_967_296 },
            "text for a number": { $0["process"]["user"]["gid"] = "0" },
            "a number for text": { $0["process"]["cwd"] = 1 },
            "an object for a list": { $0["mounts"] = [:] },
            "a namespace of no type": { $0["linux"]["namespaces"].elements.append(["type": "dream"]) },
            "a device of no type": {
                $0["linux"]["devices"] = [["type": "x", "path": "/dev/x", "major": 1, "minor": 3]]
            },
            "an action of no kind": { $0["linux"]["seccomp"] = ["defaultAction": "SCMP_ACT_DREAM"] },
            "an architecture of no kind": {
                $0["linux"]["seccomp"] = ["defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_DREAM"]]
            },
            "an operator of no kind": {
                let arguments: Document = [["index": 0, "value": 1, "op": "SCMP_CMP_DREAM"]]
                $0["linux"]["seccomp"] = [
                    "defaultAction": "SCMP_ACT_ALLOW",
                    "syscalls": [["names": ["dup"], "action": "SCMP_ACT_ERRNO", "args": arguments]],
                ]
            },
            "a propagation of no kind": { $0["linux"]["rootfsPropagation"] = "dream" },
            "an environment entry with a null": { $0["process"]["env"].elements.append("A=\0B") },
        ]

        @Test(.requirement("config.invalid-value", "runtime.operations.create.error"), arguments: invalid.keys.sorted())
        func `invalid values`(kind: String) throws {
            let container = try RuntimeFixture("true", try #require(Self.invalid[kind]))
            defer { container.finish() }
            try container.expectRefused()
        }
    }
}
