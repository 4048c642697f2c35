import Foundation
import Testing

extension Integration.NativeRuntime.Conformance {
    /// config-linux.md: where a cgroup is, and what of `resources` the suite Resources doesn't look at.
    @Suite(.serialized) struct Groups {
        /// A created container with these resources.
        private func created(_ resources: Document, _ body: (RuntimeFixture) throws -> Void) throws {
            let container = try RuntimeFixture("sleep 60") { $0["linux"]["resources"] = resources }
            defer { container.finish() }
            _ = try container.create()
            try body(container)
        }

        /// The group that the container is in, of the hierarchy that counts processes.
        private func group(_ container: RuntimeFixture) throws -> String {
            let pid = try #require(try container.stateDocument()["pid"].number)
            let memberships = try #require(readText("/proc/\(pid)/cgroup")).split(separator: "\n")
            let mine = memberships.map { $0.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false) }
            let chosen = mine.first { Machine.hasOnlyCgroup2 ? $0[1].isEmpty : $0[1].contains("pids") }
            return String(try #require(chosen)[2])
        }

        @Test(.requirement("linux.cgroup.fit")) func `a cgroup with another container's processes`() throws {
            let first = try RuntimeFixture("sleep 60")
            defer { first.finish() }
            _ = try first.startContainer()
            let second = try RuntimeFixture("true")
            defer { second.finish() }
            second.config["linux"]["cgroupsPath"] = first.config["linux"]["cgroupsPath"]
            try second.expectRefused()
            #expect(first.status == "running")
        }

        @Test(.requirement("linux.cgroupsPath.absolute", "linux.cgroupsPath.consistent"))
        func `an absolute path starts at the mount point, each time`() throws {
            let container = try RuntimeFixture("sleep 60")
            defer { container.finish() }
            let path = "/\(container.id)/inner"
            container.config["linux"]["cgroupsPath"] = .string(path)
            let top = "/sys/fs/cgroup" + (Machine.hasOnlyCgroup2 ? "" : "/pids")
            for _ in 1...2 {
                _ = try container.create()
                #expect(try group(container) == path)
                #expect(FileManager.default.fileExists(atPath: top + path))
                #expect(try container.call(["delete", "--force", container.id]).code == 0)
            }
            let outer = try run(["find", "/sys/fs/cgroup", "-type", "d", "-name", container.id])
            for folder in outer.lines where !folder.isEmpty { rmdir(folder) }
        }

        @Test(
            .requirement("linux.cgroupsPath.invalid"),
            .enabled(if: Machine.runtimeIsOurs, "which are invalid is a runtime's choice"),
            arguments: ["/", "/../escape", "inner/../../escape", "/two\nlines"])
        func `a path that is none`(path: String) throws {
            let container = try RuntimeFixture("true") { $0["linux"]["cgroupsPath"] = .string(path) }
            defer { container.finish() }
            try container.expectRefused()
        }

        /// A device that no driver has: who may open it is told that there is none.
        private static let node: Document = ["type": "c", "path": "/dev/own", "major": 240, "minor": 77]
        private static let probe = """
            for way in '<' '>'; do eval ": $way /dev/own" 2>&1 | grep -q permitted && echo refused || echo allowed; done
            """

        private func opening(_ rules: [Document]) throws -> [String] {
            let all: Document = ["allow": false, "access": "rwm"]
            let container = try RuntimeFixture(Self.probe) {
                $0["linux"]["devices"] = [Self.node]
                $0["linux"]["resources"]["devices"] = .array([all] + rules)
            }
            defer { container.finish() }
            return try container.runText().split(separator: "\n").map(String.init)
        }

        private static func rule(_ allow: Bool, _ access: String) -> Document {
            ["allow": .boolean(allow), "type": "c", "major": 240, "minor": 77, "access": .string(access)]
        }

        @Test(.requirement("linux.cgroup.devices.order")) func `the last rule for a device decides`() throws {
            let (allow, refuse) = (Self.rule(true, "rwm"), Self.rule(false, "rwm"))
            #expect(try opening([]) == ["refused", "refused"])
            #expect(try opening([allow]) == ["allowed", "allowed"])
            #expect(try opening([allow, refuse]) == ["refused", "refused"])
            #expect(try opening([refuse, allow]) == ["allowed", "allowed"])
        }

        @Test(
            .requirement("linux.cgroup.devices.access"),
            arguments: [("r", ["allowed", "refused"]), ("w", ["refused", "allowed"]), ("m", ["refused", "refused"])])
        func `reading and writing are allowed apart`(access: String, expected: [String]) throws {
            #expect(try opening([Self.rule(true, access)]) == expected)
        }

        @Test(.requirement("linux.cgroup.memory.unlimited")) func `memory without a limit`() throws {
            try created(["memory": ["limit": -1]]) { container throws in
                let limit = try container.cgroupFile("memory", v1: "memory.limit_in_bytes", v2: "memory.max")
                // Version 1 shows the largest number of whole pages.
                #expect(limit == (Machine.hasOnlyCgroup2 ? "max" : "9223372036854771712"))
            }
        }

        @Test(.requirement("linux.cgroup.pids.unlimited")) func `processes without a limit`() throws {
            try created(["pids": ["limit": -1]]) { container throws in
                #expect(try container.cgroupFile("pids", v1: "pids.max", v2: "pids.max") == "max")
            }
        }

        @Test(.requirement("linux.cgroup.pids.zero")) func `no processes but the first`() throws {
            let container = try RuntimeFixture("/bin/true; echo forked") {
                $0["ociVersion"] = "1.3.0"
                $0["linux"]["resources"]["pids"] = ["limit": 0]
            }
            defer { container.finish() }
            let job = try container.create()
            // systemd knows no 0, so that runtimes set 1: nothing can be forked with either.
            let limit = try container.cgroupFile("pids", v1: "pids.max", v2: "pids.max")
            #expect(["0", "1"].contains(limit), "\(limit ?? "no file")")
            #expect(try container.call(["start", container.id]).code == 0)
            #expect(eventually { container.status == "stopped" })
            #expect(!job.output.contains("forked"))
        }

        @Test(
            .requirement("linux.cgroup.hugepages"),
            .enabled(if: Machine.hugePages != nil, "needs huge pages and their controller"))
        func `huge pages`() throws {
            let size = try #require(Machine.hugePages)
            try created(["hugepageLimits": [["pageSize": .string(size), "limit": 2_147_483_648]]]) { container throws in
                let file = "hugetlb.\(size)"
                let reserved = try container.cgroupFile(
                    "hugetlb", v1: "\(file).rsvd.limit_in_bytes", v2: "\(file).rsvd.max")
                let used = try container.cgroupFile("hugetlb", v1: "\(file).limit_in_bytes", v2: "\(file).max")
                #expect((reserved ?? used) == "2147483648", "reserved \(reserved ?? "-"), used \(used ?? "-")")
            }
        }

        @Test(
            .requirement("linux.cgroup.network"),
            .enabled(if: Machine.hasNetworkControllers, "needs net_cls and net_prio of cgroup v1"))
        func `class and priorities of the network`() throws {
            let network: Document = ["classID": 1_048_577, "priorities": [["name": "lo", "priority": 5]]]
            try created(["network": network]) { container throws in
                #expect(try container.cgroupFile("net_cls", v1: "net_cls.classid", v2: "") == "1048577")
                let priorities = try container.cgroupFile("net_prio", v1: "net_prio.ifpriomap", v2: "")
                #expect(priorities?.split(separator: "\n").contains("lo 5") == true, "\(priorities ?? "no file")")
            }
        }

        @Test(.requirement("linux.unified.unknown"), .enabled(if: Machine.hasOnlyCgroup2, "needs cgroup v2"))
        func `a file that no field names`() throws {
            try created(["unified": ["cgroup.max.depth": "3"]]) { container throws in
                #expect(try container.cgroupFile("cgroup", v1: "", v2: "cgroup.max.depth") == "3")
            }
        }

        @Test(
            .requirement("linux.unified.conversion"), .enabled(if: Machine.hasOnlyCgroup2, "needs cgroup v2"),
            arguments: [
                ["network": ["classID": 5]], ["memory": ["swappiness": 10]], ["cpu": ["realtimeRuntime": 1000]],
            ] as [Document])
        func `a limit that only version 1 has`(resources: Document) throws {
            let container = try RuntimeFixture("true") { $0["linux"]["resources"] = resources }
            defer { container.finish() }
            try container.expectRefused()
        }

        // MARK: owner

        /// The owners of a created container's cgroup: of the folder as "", of its files by name.
        private func owners(_ change: Change) throws -> [String: UInt32] {
            let container = try RuntimeFixture("sleep 60") {
                $0["process"]["user"] = ["uid": 1000, "gid": 1000]
                $0["mounts"].elements.append(["destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup"])
                change(&$0)
            }
            defer { container.finish() }
            _ = try container.create()
            let folder = "/sys/fs/cgroup" + (Machine.hasOnlyCgroup2 ? "" : "/pids") + (try group(container))
            var found: [String: UInt32] = [:]
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) + [""] {
                var about = stat()
                if stat("\(folder)/\(name)", &about) == 0 { found[name] = about.st_uid }
            }
            return found
        }

        @Test(.requirement("linux.cgroup.owner.v1"), .enabled(if: !Machine.hasOnlyCgroup2, "needs cgroup v1"))
        func `groups of version 1 stay root's`() throws {
            #expect(Set(try owners { _ in }.values) == [0])
        }

        @Test(.requirement("linux.cgroup.owner.no-namespace")) func `without a namespace the owner stays`() throws {
            let owners = try owners { $0["linux"]["namespaces"].elements.removeAll { $0["type"] == "cgroup" } }
            #expect(Set(owners.values) == [0])
        }

        @Test(.requirement("linux.cgroup.owner.read-only"), arguments: [true, false])
        func `without a mount that can be written to the owner stays`(isMounted: Bool) throws {
            let owners = try owners {
                $0["mounts"].elements[$0["mounts"].elements.count - 1]["options"] = ["ro"]
                if !isMounted { $0["mounts"].elements.removeLast() }
            }
            #expect(Set(owners.values) == [0])
        }

        @Test(
            .requirement(
                "linux.cgroup.owner.writable", "linux.cgroup.owner.delegated", "linux.cgroup.owner.missing"),
            .enabled(if: Machine.hasOnlyCgroup2, "needs cgroup v2"))
        func `the group is the user's, with the files that the kernel hands on`() throws {
            let list = try #require(readText("/sys/kernel/cgroup/delegate"))
            let delegated = Set(list.split(separator: "\n").map(String.init) + [""])
            for (name, owner) in try owners({ _ in }) {
                #expect(owner == (delegated.contains(name) ? 1000 : 0), "\(name)")
            }
        }
    }
}

extension Machine {
    /// A size of huge pages that cgroups limit, for example `2MB`.
    static let hugePages: String? = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/sys/kernel/mm/hugepages")) ?? []
        let controllers = readText("/sys/fs/cgroup/cgroup.controllers") ?? ""
        let isMounted = readText("/proc/self/mountinfo")?.contains(" /sys/fs/cgroup/hugetlb ") == true
        guard isMounted || controllers.contains("hugetlb") else { return nil }
        return names.contains("hugepages-2048kB") ? "2MB" : nil
    }()

    /// Version 1's controllers of the network are mounted.
    static let hasNetworkControllers = ["net_cls", "net_prio"].allSatisfy {
        FileManager.default.fileExists(atPath: "/sys/fs/cgroup/\($0)/cgroup.procs")
    }
}
