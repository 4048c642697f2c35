import Foundation
import Testing

extension Integration.NativeRuntime {
    /// Namespaces joined in mixes, time namespaces, and what lives in a user namespace.
    @Suite(.serialized) struct Joins {
        /// A process with namespaces of its own, which containers join.
        final class Other {
            let job: Job
            var pid: pid_t { children.first ?? job.pid }
            private var children: [pid_t] {
                let text = readTrimmed("/proc/\(job.pid)/task/\(job.pid)/children") ?? ""
                return text.split(separator: " ").compactMap { pid_t($0) }
            }

            /// `flags` are unshare(1)'s; with --fork it is the child that lives in the namespaces.
            init(_ flags: [String]) throws {
                job = try Job(["unshare"] + flags + ["sleep", "60"])
                let forks = flags.contains("--fork")
                let isReady = eventually { [self] in
                    let name = readTrimmed("/proc/\(pid)/comm")
                    return name == "sleep" && (!forks || pid != job.pid)
                }
                if !isReady { throw HarnessError("unshare \(flags): \(job.errors)") }
            }

            func end() {
                kill(pid, SIGKILL)
                _ = job.wait()
            }

            func link(_ name: String) -> String? {
                try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/ns/\(name)")
            }
        }

        private func join(_ container: RuntimeFixture, _ other: Other, _ kinds: [String: String]) {
            container.config["linux"]["namespaces"].elements.removeAll { kinds.keys.contains($0["type"].text ?? "") }
            for (type, name) in kinds.sorted(by: { $0.key < $1.key }) {
                container.config["linux"]["namespaces"].elements.append(
                    ["type": .string(type), "path": .string("/proc/\(other.pid)/ns/\(name)")])
            }
        }

        @Test func `a pid namespace is joined and hooks stay outside`() throws {
            let other = try Other(["--pid", "--fork", "--kill-child"])
            defer { other.end() }
            let container = try RuntimeFixture("readlink /proc/self/ns/pid; test $$ = 1 || echo not first")
            defer { container.finish() }
            join(container, other, ["pid": "pid"])
            let note = container.bundle.folder + "/hook"
            container.config["hooks"]["createRuntime"] = [
                ["path": "/bin/sh", "args": ["sh", "-c", .string("readlink /proc/self/ns/pid >\(note)")]]
            ]
            let outcome = try container.run()
            #expect(outcome.lines == [other.link("pid") ?? "", "not first"], "\(outcome)")
            #expect(
                readTrimmed(note) == (try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")))
        }

        @Test func `a cgroup namespace is joined, and the cgroups that are mounted are as seen from it`() throws {
            let other = try Other(["--cgroup"])
            defer { other.end() }
            let container = try RuntimeFixture("readlink /proc/self/ns/cgroup; grep ' - cgroup' /proc/self/mountinfo")
            defer { container.finish() }
            join(container, other, ["cgroup": "cgroup"])
            container.config["mounts"].elements.append(
                ["destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup"])
            let outcome = try container.run()
            #expect(outcome.lines.first == other.link("cgroup"), "\(outcome)")
            let roots = outcome.lines.dropFirst().compactMap { $0.split(separator: " ").dropFirst(3).first }
            #expect(!roots.isEmpty && roots.allSatisfy { $0 == "/" }, "\(outcome)")
        }

        @Test func `the caller's cgroup namespace by its path shows the container its own cgroups`() throws {
            let container = try RuntimeFixture("grep ' - cgroup' /proc/self/mountinfo")
            defer { container.finish() }
            container.config["linux"]["namespaces"].elements.removeAll { $0["type"].text == "cgroup" }
            container.config["linux"]["namespaces"].elements.append(["type": "cgroup", "path": "/proc/self/ns/cgroup"])
            container.config["mounts"].elements.append(
                ["destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup"])
            let outcome = try container.run()
            let roots = outcome.lines.compactMap { $0.split(separator: " ").dropFirst(3).first }
            #expect(!roots.isEmpty && roots.allSatisfy { $0.hasSuffix("/\(container.id)") }, "\(outcome)")
        }

        @Test func `a user namespace is joined with its mappings`() throws {
            let other = try Other(["--user", "--map-root-user"])
            defer { other.end() }
            let container = try RuntimeFixture(
                "readlink /proc/self/ns/user; id -u; mount -t tmpfs x /tmp && echo owned")
            defer { container.finish() }
            join(container, other, ["user": "user"])
            container.config["process"]["capabilities"] = Bundle.capabilities(["CAP_SYS_ADMIN"])
            let outcome = try container.run()
            #expect(outcome.lines == [other.link("user") ?? "", "0", "owned"], "\(outcome)")
        }

        @Test(.requirement("linux.namespaces.path.joined"))
        func `user, pid, network, ipc and uts namespaces are joined together`() throws {
            let other = try Other([
                "--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--net", "--ipc", "--uts",
            ])
            defer { other.end() }
            let kinds = ["user": "user", "pid": "pid", "network": "net", "ipc": "ipc", "uts": "uts"]
            let names = kinds.values.sorted()
            let container = try RuntimeFixture(
                "for n in \(names.joined(separator: " ")); do readlink /proc/self/ns/$n; done")
            defer { container.finish() }
            join(container, other, kinds)
            container.config["hostname"] = nil
            let outcome = try container.run()
            #expect(outcome.lines == names.compactMap(other.link), "\(outcome)")
        }

        @Test func `a new user namespace joins a network namespace of the host's`() throws {
            let other = try Other(["--net"])
            defer { other.end() }
            let container = try RuntimeFixture(
                "readlink /proc/self/ns/net; cat /proc/self/uid_map; test -c /dev/null && ls /sys")
            defer { container.finish() }
            join(container, other, ["network": "net"])
            mapped(container)
            container.config["mounts"].elements.removeAll { $0["type"].text == "sysfs" }
            let outcome = try container.run()
            #expect(outcome.lines.first == other.link("net"), "\(outcome)")
            #expect(outcome.output.contains("100000"))
        }

        private func mapped(_ container: RuntimeFixture) {
            container.config["linux"]["namespaces"].elements.append(["type": "user"])
            let mapping: Document = [["containerID": 0, "hostID": 100000, "size": 65536]]
            container.config["linux"]["uidMappings"] = mapping
            container.config["linux"]["gidMappings"] = mapping
            _ = try? run(["chown", "-R", "100000:100000", container.bundle.rootfs])
        }

        @Test(.enabled(if: Machine.runtimeIsOurs))
        func `sysfs is bound where the network namespace is the host's`() throws {
            let container = try RuntimeFixture("test -d /sys/kernel && echo there; grep ' /sys ' /proc/self/mountinfo")
            defer { container.finish() }
            container.config["linux"]["namespaces"].elements.removeAll { $0["type"].text == "network" }
            mapped(container)
            let outcome = try container.run()
            #expect(outcome.lines.first == "there", "\(outcome)")
            #expect(outcome.output.contains(" ro,"), "\(outcome)")
        }

        @Test(
            .requirement("linux.timeOffsets", "linux.namespaces.time"), .enabled(if: Machine.runtimeIsOurs),
            arguments: [false, true])
        func `the clocks of a time namespace have their offsets`(inUserNamespace: Bool) throws {
            let container = try RuntimeFixture("cut -d. -f1 /proc/uptime; cat /proc/self/timens_offsets")
            defer { container.finish() }
            container.config["linux"]["namespaces"].elements.append(["type": "time"])
            container.config["linux"]["timeOffsets"] = ["boottime": ["secs": 1000000], "monotonic": ["secs": 7000]]
            if inUserNamespace { mapped(container) }
            let outcome = try container.run()
            let uptime = try #require(outcome.lines.first.flatMap { Int($0) }, "\(outcome)")
            #expect(uptime >= 1000000, "\(outcome)")
            #expect(outcome.output.contains("1000000") && outcome.output.contains("7000"))
        }

        @Test func `devices of a user namespace are the host's, and a FIFO is made`() throws {
            let container = try RuntimeFixture("echo x >/dev/null && test -p /dev/pipe && stat -c %t:%T /dev/kmsg")
            defer { container.finish() }
            mapped(container)
            container.config["linux"]["devices"] = [
                ["type": "p", "path": "/dev/pipe", "fileMode": 0o666],
                ["type": "c", "path": "/dev/kmsg", "major": 1, "minor": 11, "fileMode": 0o666],
            ]
            #expect(try container.run().text == "1:b")
        }

        @Test(.enabled(if: Machine.runtimeIsOurs, "runc has the host's only"))
        func `a device that the host has not got is made for a user namespace`() throws {
            let mounts = readText("/proc/self/mountinfo")
            let container = try RuntimeFixture(
                "stat -c '%t:%T %a %u:%g' /dev/own /dev/in/own && head -c 3 /dev/in/own | wc -c && rm /dev/own || echo kept"
            )
            defer { container.finish() }
            mapped(container)
            container.config["linux"]["devices"] = [
                ["type": "c", "path": "/dev/own", "major": 1, "minor": 5, "fileMode": 0o640, "uid": 7, "gid": 8],
                ["type": "c", "path": "/dev/in/own", "major": 1, "minor": 7],
            ]
            let outcome = try container.run()
            #expect(outcome.lines == ["1:5 640 7:8", "1:7 666 0:0", "3", "kept"], "\(outcome)")
            #expect(readText("/proc/self/mountinfo") == mounts)
            #expect(!FileManager.default.fileExists(atPath: "/dev/own"))
        }

        @Test(.enabled(if: Machine.runtimeIsOurs))
        func `no program is executed from a device that is bound`() throws {
            let container = try RuntimeFixture("grep -c ' /dev/null .*nosuid,noexec' /proc/self/mountinfo")
            defer { container.finish() }
            mapped(container)
            #expect(try container.run().text == "1")
        }

        @Test(.enabled(if: Machine.runtimeIsOurs))
        func `a user namespace is not given another device under the name`() throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            mapped(container)
            container.config["linux"]["devices"] = [["type": "c", "path": "/dev/zero", "major": 1, "minor": 1]]
            let outcome = try container.run()
            #expect(outcome.code != 0)
            #expect(outcome.errors.contains("/dev/zero") && outcome.errors.contains("1:1"), "\(outcome)")
        }

        @Test(.enabled(if: Machine.runtimeIsOurs)) func `the domain name is the container's`() throws {
            let container = try RuntimeFixture("cat /proc/sys/kernel/domainname")
            defer { container.finish() }
            container.config["domainname"] = "example.test"
            #expect(try container.run().text == "example.test")
        }
    }
}
