import Foundation
import Testing

extension Integration.NativeRuntime.Conformance {
    /// features.md and features-linux.md: each word that the runtime says it knows is put into a configuration.
    @Suite(.serialized, .enabled(if: Machine.features != nil, "needs a runtime with features")) struct Features {
        private func features() throws -> Document { try #require(Machine.features) }

        /// The words of a list; an absent list tells nothing.
        private func words(_ list: Document) -> [String] { list.elements.compactMap(\.text) }

        /// Runs `true` in a container with this change.
        private func expectAccepted(
            _ word: String, at location: SourceLocation = #_sourceLocation, _ change: Change
        ) throws {
            let container = try RuntimeFixture("true", change)
            defer { container.finish(at: location) }
            let outcome = try container.run()
            #expect(outcome.code == 0, "\(word): \(outcome)", sourceLocation: location)
        }

        @Test(.requirement("features.compile-time")) func `the machine changes nothing`() throws {
            let script =
                "mount -t tmpfs t /sys && mount -t tmpfs t /etc && exec \"$0\" features"
            let outcome = try run(["unshare", "-m", "sh", "-c", script, Machine.runtime])
            let usual = try features()
            #expect(outcome.code == 0 && Document(json: outcome.output) == usual, "\(outcome)")
        }

        @Test(
            .requirement("features.versionMin", "features.versionMax"), arguments: ["ociVersionMin", "ociVersionMax"])
        func `both ends of the versions are accepted`(field: String) throws {
            let version = try #require(try features()[field].text)
            try expectAccepted(version) { $0["ociVersion"] = .string(version) }
        }

        @Test(.requirement("features.version.order")) func `the versions are in order`() throws {
            let (first, last) = (
                try #require(try features()["ociVersionMin"].text), try features()["ociVersionMax"].text
            )
            let numbers = { (text: String) in text.split(separator: "-")[0].split(separator: ".").compactMap { Int($0) }
            }
            #expect(numbers(first).count == 3)
            #expect(!numbers(try #require(last)).lexicographicallyPrecedes(numbers(first)))
        }

        /// Version 1.3's properties: the names of an object's members, by the object's path.
        private static let properties: [String: Set<String>] = [
            "": [
                "ociVersionMin", "ociVersionMax", "hooks", "mountOptions", "linux", "annotations",
                "potentiallyUnsafeConfigAnnotations",
            ],
            "linux": [
                "namespaces", "capabilities", "cgroup", "seccomp", "apparmor", "selinux", "intelRdt", "memoryPolicy",
                "mountExtensions", "netDevices",
            ],
            "linux.cgroup": ["v1", "v2", "systemd", "systemdUser", "rdma"],
            "linux.seccomp": ["enabled", "actions", "operators", "archs", "knownFlags", "supportedFlags"],
            "linux.apparmor": ["enabled"], "linux.selinux": ["enabled"], "linux.netDevices": ["enabled"],
            "linux.intelRdt": ["enabled", "schemata", "monitoring"], "linux.memoryPolicy": ["modes", "flags"],
            "linux.mountExtensions": ["idmap"], "linux.mountExtensions.idmap": ["enabled"],
        ]

        @Test(.requirement("features.version.properties"), arguments: properties.keys.sorted())
        func `no property that the specification lacks`(path: String) throws {
            let object = path.split(separator: ".").reduce(try features()) { $0[String($1)] }
            let unknown = Set(object.fields.keys).subtracting(try #require(Self.properties[path]))
            #expect(unknown.isEmpty, "\(unknown)")
        }

        @Test(.requirement("features.hooks")) func `the listed hooks run`() throws {
            for kind in words(try features()["hooks"]) {
                let container = try RuntimeFixture("true")
                defer { container.finish() }
                // startContainer's path is the container's; the others see the bundle.
                let folder = kind == "startContainer" ? "" : container.bundle.folder
                let shell: Document = ["sh", "-c", .string("echo \(kind) >\(folder)/ran")]
                container.config["hooks"] = .object([kind: [["path": "/bin/sh", "args": shell]]])
                #expect(try container.run().code == 0, "\(kind)")
                let file = kind == "startContainer" ? container.bundle.rootfs + "/ran" : folder + "/ran"
                #expect(readTrimmed(file) == kind)
            }
        }

        /// A mount on which `option` can be: tmpfs refuses whatever is no option of every mount.
        private func mount(_ option: String) -> Document {
            var mount: Document = [
                "destination": "/data", "type": "tmpfs", "source": "tmpfs", "options": [.string(option)],
            ]
            switch option {
            case "remount":
                return ["destination": "/proc", "type": "proc", "source": "proc", "options": ["remount", "nosuid"]]
            case "bind", "rbind": mount["source"] = "rootfs"
            case "idmap", "ridmap":
                let mapping: Document = [["containerID": 0, "hostID": 4000, "size": 10]]
                // A folder with nothing mounted below: proc and its like can't be mapped.
                (mount["source"], mount["uidMappings"], mount["gidMappings"]) = ("/usr/bin", mapping, mapping)
                mount["options"] = ["rbind", .string(option)]
            default: break
            }
            return mount
        }

        @Test(.requirement("features.mountOptions")) func `the listed mount options are recognised`() throws {
            for option in words(try features()["mountOptions"]) {
                let mount = mount(option)
                try expectAccepted(option) { $0["mounts"].elements.append(mount) }
            }
        }

        @Test(.requirement("features.mountOptions.filesystem")) func `no option of one filesystem alone`() throws {
            let foreign: Set = [
                "size", "nr_inodes", "nr_blocks", "mode", "uid", "gid", "huge", "newinstance", "ptmxmode", "hidepid",
                "subset",
                "lowerdir", "upperdir", "workdir", "data", "barrier", "discard", "errors", "compress", "subvol",
            ]
            let options = words(try features()["mountOptions"])
            #expect(!options.contains { foreign.contains($0) || $0.contains("=") }, "\(options)")
        }

        @Test(.requirement("features.annotations")) func `annotations are a map of strings`() throws {
            let annotations = try features()["annotations"]
            guard annotations != .null else { return }
            guard case .object(let fields) = annotations else {
                Issue.record("no map: \(annotations)")
                return
            }
            #expect(fields.allSatisfy { !$0.isEmpty && $1.text != nil }, "\(fields)")
        }

        @Test(.requirement("features.namespaces")) func `the listed namespaces are recognised`() throws {
            let mapping: Document = [["containerID": 0, "hostID": 0, "size": 65536]]
            for type in words(try features()["linux"]["namespaces"]) {
                try expectAccepted(type) {
                    $0["linux"]["namespaces"].elements.removeAll { $0["type"].text == type }
                    $0["linux"]["namespaces"].elements.append(["type": .string(type)])
                    if type != "user" { return }
                    ($0["linux"]["uidMappings"], $0["linux"]["gidMappings"]) = (mapping, mapping)
                }
            }
        }

        /// The permitted capabilities in the lines of /proc/PID/status.
        private func bits(of status: String?) throws -> UInt64 {
            let line = try #require(status?.split(separator: "\n").first { $0.hasPrefix("CapPrm:\t") })
            return try #require(UInt64(line.dropFirst(8), radix: 16))
        }

        @Test(.requirement("features.capabilities")) func `the listed capabilities are recognised`() throws {
            let names = words(try features()["linux"]["capabilities"])
            // None can be granted that the caller lacks.
            let own = try bits(of: readText("/proc/self/status"))
            let container = try RuntimeFixture("grep CapPrm /proc/self/status") {
                $0["process"]["capabilities"] = Bundle.capabilities(names)
            }
            defer { container.finish() }
            let outcome = try container.run()
            #expect(try bits(of: outcome.output) == own & ((1 << UInt64(names.count)) - 1), "\(outcome)")
        }

        /// A filter that uses the word as what the list is about, on a call that nothing makes.
        private func filter(_ word: String, as kind: String, _ agent: SeccompAgent) -> Document {
            var rule: Document = ["names": ["swapon"], "action": "SCMP_ACT_ERRNO"]
            var filter: Document = ["defaultAction": "SCMP_ACT_ALLOW"]
            switch kind {
            case "actions": rule["action"] = .string(word)
            case "operators": rule["args"] = [["index": 0, "value": 1, "valueTwo": 1, "op": .string(word)]]
            case "archs": filter["architectures"] = [.string(word)]
            default: filter["flags"] = [.string(word)]
            }
            if word == "SCMP_ACT_NOTIFY" || word.hasSuffix("WAIT_KILLABLE_RECV") {
                rule["action"] = "SCMP_ACT_NOTIFY"
                filter["listenerPath"] = .string(agent.path)
            }
            filter["syscalls"] = [rule]
            return filter
        }

        @Test(
            .requirement("features.seccomp.*"),
            arguments: ["actions", "operators", "archs", "knownFlags", "supportedFlags"])
        func `the listed words of seccomp are recognised`(kind: String) throws {
            let list = try features()["linux"]["seccomp"]
            // What is known need not work on this kernel.
            let words = words(list[kind]).filter {
                kind != "knownFlags" || list["supportedFlags"].elements.contains(.string($0))
            }
            for word in words {
                let agent = try SeccompAgent()
                let filter = filter(word, as: kind, agent)
                try expectAccepted(word) { $0["linux"]["seccomp"] = filter }
            }
        }

        @Test(
            .requirement("features.memoryPolicy.*"),
            .enabled(if: Machine.hasMemoryPolicies, "needs a kernel with NUMA"),
            arguments: ["modes", "flags"])
        func `the listed words of memory policies are recognised`(kind: String) throws {
            for word in words(try features()["linux"]["memoryPolicy"][kind]) {
                var policy: Document = ["mode": kind == "modes" ? .string(word) : "MPOL_BIND", "nodes": "0"]
                if kind == "flags" { policy["flags"] = [.string(word)] }
                if ["MPOL_DEFAULT", "MPOL_LOCAL"].contains(word) { policy["nodes"] = nil }
                let wanted = policy
                let container = try RuntimeFixture("true") { $0["linux"]["memoryPolicy"] = wanted }
                defer { container.finish() }
                let outcome = try container.run()
                // A kernel need not have them all; it is the one to say so then.
                #expect(outcome.code == 0 || outcome.errors.contains("set_mempolicy"), "\(word): \(outcome)")
            }
        }

        @Test(.requirement("features.idmap")) func `who maps mounts says so`() throws {
            let container = try RuntimeFixture("stat -c %u /data/env")
            defer { container.finish() }
            container.config["mounts"].elements.append(mount("idmap"))
            let outcome = try container.run()
            let isMapped = outcome.code == 0 && outcome.text == "4000"
            let isSaid = try features()["linux"]["mountExtensions"]["idmap"]["enabled"] == true
            #expect(isSaid == isMapped, "\(outcome)")
        }
    }
}

extension Machine {
    /// What the runtime under test prints for `features`; nil where it has none.
    static let features: Document? = (try? run([runtime, "features"])).flatMap { outcome in
        outcome.code == 0 ? Document(json: outcome.output) : nil
    }
}
