import Foundation
import Testing

extension Integration.NativeRuntime.Conformance {
    /// config-linux.md: namespaces, devices, and what is one field each.
    @Suite(.serialized) struct Linux {
        private static let links = [
            "pid": "pid", "network": "net", "mount": "mnt", "ipc": "ipc", "uts": "uts", "user": "user",
            "cgroup": "cgroup", "time": "time",
        ]

        private static func mapped(_ config: inout Document) {
            config["linux"]["namespaces"].elements.append(["type": "user"])
            let mapping: Document = [["containerID": 0, "hostID": 100_000, "size": 65536]]
            config["linux"]["uidMappings"] = mapping
            config["linux"]["gidMappings"] = mapping
        }

        @Test(.requirement("linux.namespaces.*"), arguments: links.keys.sorted())
        func `a new namespace of each type`(type: String) throws {
            let link = try #require(Self.links[type])
            let container = try RuntimeFixture("readlink /proc/self/ns/\(link)")
            defer { container.finish() }
            switch type {
            case "user":
                Self.mapped(&container.config)
                _ = try run(["chown", "-R", "100000:100000", container.bundle.rootfs])
            case "time": container.config["linux"]["namespaces"].elements.append(["type": "time"])
            default: break
            }
            let host = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/\(link)")
            let inside = try container.runText()
            #expect(inside.hasPrefix("\(link):[") && inside != host)
        }

        @Test(.requirement("linux.namespaces.inherited"), arguments: ["network", "ipc", "uts", "cgroup", "pid"])
        func `a namespace that isn't listed`(type: String) throws {
            let link = try #require(Self.links[type])
            let container = try RuntimeFixture("readlink /proc/self/ns/\(link)")
            defer { container.finish() }
            container.config["linux"]["namespaces"].elements.removeAll { $0["type"].text == type }
            if type == "uts" { container.config["hostname"] = nil }
            let host = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/\(link)")
            #expect(try container.runText() == host)
        }

        @Test(
            .requirement("linux.namespaces.path.absolute", "linux.namespaces.path.type"),
            arguments: ["proc/self/ns/net", "/proc/self/ns/uts", "/etc/passwd", "/not/there"])
        func `a path that is no network namespace's`(path: String) throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            container.config["linux"]["namespaces"].elements.removeAll { $0["type"].text == "network" }
            container.config["linux"]["namespaces"].elements.append(["type": "network", "path": .string(path)])
            try container.expectRefused()
        }

        @Test(.requirement("linux.namespaces.duplicate"), arguments: links.keys.sorted())
        func `a type that is listed twice`(type: String) throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            container.config["linux"]["namespaces"].elements.removeAll { $0["type"].text == type }
            container.config["linux"]["namespaces"].elements += [["type": .string(type)], ["type": .string(type)]]
            try container.expectRefused()
        }

        @Test(.requirement("linux.mappings.required"), arguments: ["containerID", "hostID", "size"])
        func `a mapping without a field`(field: String) throws {
            let container = try RuntimeFixture("true", Self.mapped)
            defer { container.finish() }
            container.config["linux"]["uidMappings"].elements[0][field] = nil
            try container.expectRefused()
        }

        @Test(.requirement("linux.mappings.ownership")) func `the root's owners stay`() throws {
            let container = try RuntimeFixture("true", Self.mapped)
            defer { container.finish() }
            let file = container.bundle.rootfs + "/etc/passwd"
            chown(file, 100_007, 100_008)
            #expect(try container.run().code == 0)
            var about = stat()
            #expect(stat(file, &about) == 0)
            #expect(about.st_uid == 100_007 && about.st_gid == 100_008)
        }

        @Test(.requirement("linux.devices.available", "linux.devices.anywhere"))
        func `devices of each type, anywhere`() throws {
            let script = "stat -c '%F %t %T' /opt/deep/char /dev/block /dev/unbuffered; test -p /dev/pipe && echo pipe"
            let container = try RuntimeFixture(script) {
                $0["linux"]["devices"] = [
                    ["type": "c", "path": "/opt/deep/char", "major": 1, "minor": 3],
                    ["type": "b", "path": "/dev/block", "major": 7, "minor": 0],
                    ["type": "u", "path": "/dev/unbuffered", "major": 1, "minor": 5],
                    ["type": "p", "path": "/dev/pipe"],
                ]
            }
            defer { container.finish() }
            #expect(
                try container.runText().split(separator: "\n") == [
                    "character special file 1 3", "block special file 7 0", "character special file 1 5", "pipe",
                ])
        }

        @Test(.requirement("linux.devices.exists")) func `another file at a device's path`() throws {
            let container = try RuntimeFixture("true") {
                $0["linux"]["devices"] = [["type": "c", "path": "/etc/passwd", "major": 1, "minor": 3]]
            }
            defer { container.finish() }
            try container.expectRefused()
            #expect(readText(container.bundle.rootfs + "/etc/passwd")?.hasPrefix("root:") == true)
        }

        private static let incomplete: [(requirement: String, device: Document)] = [
            ("linux.devices.type.required", ["path": "/dev/own", "major": 1, "minor": 3]),
            ("linux.devices.type.required", ["type": "c", "major": 1, "minor": 3]),
            ("linux.devices.numbers.required", ["type": "c", "path": "/dev/own", "minor": 3]),
            ("linux.devices.numbers.required", ["type": "b", "path": "/dev/own", "major": 1]),
        ]

        @Test(.requirement("*"), arguments: ["linux.devices.type.required", "linux.devices.numbers.required"])
        func `a device without a field`(requirement: String) throws {
            for (_, device) in Self.incomplete.filter({ $0.requirement == requirement }) {
                let container = try RuntimeFixture("true")
                defer { container.finish() }
                container.config["linux"]["devices"] = [device]
                try container.expectRefused("\(device)")
            }
        }

        @Test(.requirement("linux.devices.default")) func `the default devices work`() throws {
            let script = """
                stat -c '%n %F %t:%T' /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty
                echo x >/dev/null; head -c 3 /dev/zero | wc -c; (echo x >/dev/full) 2>&1 | grep -c space
                head -c 4 /dev/urandom | wc -c; head -c 4 /dev/random | wc -c
                """
            let container = try RuntimeFixture(script)
            defer { container.finish() }
            let kind = "character special file"
            #expect(
                try container.runText().split(separator: "\n") == [
                    "/dev/null \(kind) 1:3", "/dev/zero \(kind) 1:5", "/dev/full \(kind) 1:7",
                    "/dev/random \(kind) 1:8",
                    "/dev/urandom \(kind) 1:9", "/dev/tty \(kind) 5:0", "3", "1", "4", "4",
                ])
        }

        @Test(.requirement("linux.devices.ptmx")) func `ptmx is the container's own`() throws {
            let script = "stat -L -c '%t:%T %d' /dev/ptmx /dev/pts/ptmx; : <>/dev/ptmx && echo opened"
            let container = try RuntimeFixture(script)
            defer { container.finish() }
            let lines = try container.runText().split(separator: "\n")
            #expect(lines.count == 3 && lines[0] == lines[1] && lines[0].hasPrefix("5:2"), "\(lines)")
        }

        @Test(.requirement("linux.personality")) func `a processor of 32 bits`() throws {
            let container = try RuntimeFixture("/bin/busybox uname -m") {
                $0["linux"]["personality"] = ["domain": "LINUX32"]
            }
            defer { container.finish() }
            let machine = try container.runText()
            #expect(machine != (try run(["uname", "-m"]).text) && ["i686", "i586", "armv8l"].contains(machine))
        }

        @Test(.requirement("linux.personality.domain.required"), arguments: [nil, "LINUX64"])
        func `a personality that is none`(domain: String?) throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            container.config["linux"]["personality"] = domain.map { ["domain": .string($0)] } ?? ["flags": []]
            try container.expectRefused()
        }

        @Test(
            .requirement("linux.intelRdt.unavailable"),
            .enabled(if: !Machine.hasResctrl, "needs a machine without resctrl"))
        func `intelRdt without resctrl`() throws {
            let container = try RuntimeFixture("true") { $0["linux"]["intelRdt"] = ["closID": "guaranteed"] }
            defer { container.finish() }
            try container.expectRefused()
        }

        @Test(
            .requirement("linux.memoryPolicy"), .enabled(if: Machine.hasMemoryPolicies, "needs a kernel with NUMA"),
            arguments: [("MPOL_BIND", "bind:0"), ("MPOL_INTERLEAVE", "interleave:0"), ("MPOL_PREFERRED", "prefer:0")])
        func `the memory policy`(mode: String, shown: String) throws {
            let container = try RuntimeFixture("head -1 /proc/self/numa_maps") {
                $0["linux"]["memoryPolicy"] = ["mode": .string(mode), "nodes": "0"]
            }
            defer { container.finish() }
            #expect(try container.runText().contains(shown))
        }

        @Test(
            .requirement("linux.memoryPolicy.mode.required"),
            arguments: [["nodes": "0"], ["mode": "MPOL_DREAM"]] as [Document])
        func `a memory policy that is none`(policy: Document) throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            container.config["linux"]["memoryPolicy"] = policy
            try container.expectRefused()
        }
    }
}

extension Machine {
    /// The processor divides its cache and memory bandwidth, and resctrl is mounted.
    static let hasResctrl = FileManager.default.fileExists(atPath: "/sys/fs/resctrl/schemata")

    /// The kernel has memory policies (set_mempolicy(2)).
    static let hasMemoryPolicies = FileManager.default.fileExists(atPath: "/proc/self/numa_maps")
}
