import Foundation
import Testing

extension Integration.NativeRuntime {
    @Suite(.serialized) struct Namespaces {
        private let all = [
            "pid": "pid", "network": "net", "ipc": "ipc", "uts": "uts", "mount": "mnt", "cgroup": "cgroup",
        ]

        @Test(.requirement("linux.namespaces.new")) func `every configured namespace is new`() throws {
            let container = try RuntimeFixture(
                "for n in pid net ipc uts mnt cgroup; do readlink /proc/self/ns/$n; done")
            defer { container.finish() }
            let inside = try container.run().lines
            let outside = ["pid", "net", "ipc", "uts", "mnt", "cgroup"].map {
                try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/\($0)")
            }
            #expect(inside.count == 6)
            #expect(zip(inside, outside).allSatisfy { $0 != $1 }, "\(inside)")
        }

        @Test(arguments: ["network", "ipc", "uts", "cgroup"])
        func `a namespace that is not listed is the host's`(type: String) throws {
            let link = try #require(all[type])
            let container = try RuntimeFixture("readlink /proc/self/ns/\(link)")
            defer { container.finish() }
            container.config["linux"]["namespaces"].elements.removeAll { $0["type"].text == type }
            if type == "uts" { container.config["hostname"] = nil }
            if type == "network" {
                // A new sysfs needs a network namespace of its own.
                container.config["mounts"].elements.removeAll { $0["type"].text == "sysfs" }
            }
            let outside = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/\(link)")
            #expect(try container.run().text == outside)
        }

        @Test func `the process is the first of its pid namespace`() throws {
            let container = try RuntimeFixture("echo $$; ls -d /proc/[0-9]* | wc -l")
            defer { container.finish() }
            #expect(try container.run().lines.first == "1")
        }

        @Test func `a network namespace is joined by its path`() throws {
            let other = try Job(["unshare", "--net", "sleep", "60"])
            defer {
                kill(other.pid, SIGKILL)
                _ = other.wait()
            }
            let mine = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")
            var theirs: String?
            #expect(
                eventually {
                    theirs = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(other.pid)/ns/net")
                    return theirs != nil && theirs != mine
                })
            let container = try RuntimeFixture("readlink /proc/self/ns/net")
            defer { container.finish() }
            container.config["linux"]["namespaces"].elements.removeAll { $0["type"].text == "network" }
            container.config["linux"]["namespaces"].elements.append(
                ["type": "network", "path": .string("/proc/\(other.pid)/ns/net")])
            #expect(try container.run().text == theirs)
        }

        @Test func `a new network namespace has its loopback up`() throws {
            let container = try RuntimeFixture("ip -o addr")
            defer { container.finish() }
            let outcome = try container.run()
            #expect(outcome.output.contains("127.0.0.1"), "\(outcome)")
            #expect(!outcome.output.contains("eth0"))
        }

        @Test(.requirement("linux.mappings", "linux.namespaces.user"))
        func `a user namespace maps root to an unprivileged user`() throws {
            let script = "id -u; cat /proc/self/uid_map; echo made >/file; cat /file; cat /proc/self/setgroups"
            let container = try RuntimeFixture(script)
            defer { container.finish() }
            container.config["linux"]["namespaces"].elements.append(["type": "user"])
            let mapping: Document = [["containerID": 0, "hostID": 100000, "size": 65536]]
            container.config["linux"]["uidMappings"] = mapping
            container.config["linux"]["gidMappings"] = mapping
            _ = try run(["chown", "-R", "100000:100000", container.bundle.rootfs])
            let outcome = try container.run()
            #expect(outcome.code == 0, "\(outcome)")
            #expect(outcome.lines.first == "0")
            #expect(outcome.lines.dropFirst().first?.split(separator: " ") == ["0", "100000", "65536"])
            #expect(outcome.output.contains("made"))
            var about = stat()
            #expect(stat(container.bundle.rootfs + "/file", &about) == 0)
            #expect(about.st_uid == 100000)
        }

        @Test(.requirement("linux.sysctl")) func `sysctls of the container's namespaces are set`() throws {
            let script = "cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/msgmax"
            let container = try RuntimeFixture(script)
            defer { container.finish() }
            let host = readTrimmed("/proc/sys/kernel/msgmax")
            container.config["linux"]["sysctl"] = [
                "net.ipv4.ip_unprivileged_port_start": "77", "kernel.msgmax": "4242",
            ]
            let outcome = try container.run()
            #expect(outcome.lines == ["77", "4242"], "\(outcome)")
            #expect(readTrimmed("/proc/sys/kernel/msgmax") == host)
        }

        @Test func `a sysctl of the host's namespace that is entered by its path is refused`() throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            container.config["linux"]["namespaces"].elements.removeAll { $0["type"].text == "network" }
            container.config["linux"]["namespaces"].elements.append(["type": "network", "path": "/proc/self/ns/net"])
            container.config["linux"]["sysctl"] = ["net.ipv4.ip_unprivileged_port_start": "1023"]
            let host = readTrimmed("/proc/sys/net/ipv4/ip_unprivileged_port_start")
            let outcome = try container.run()
            #expect(outcome.code != 0 && outcome.errors.contains("ip_unprivileged_port_start"), "\(outcome)")
            #expect(readTrimmed("/proc/sys/net/ipv4/ip_unprivileged_port_start") == host)
        }

        @Test func `a sysctl of the host is refused`() throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            let host = readTrimmed("/proc/sys/vm/swappiness")
            container.config["linux"]["sysctl"] = ["vm.swappiness": "1"]
            let outcome = try container.run()
            #expect(outcome.code != 0)
            #expect(outcome.errors.contains("swappiness"))
            #expect(readTrimmed("/proc/sys/vm/swappiness") == host)
        }
    }
}
