import Foundation
import Testing

extension Integration.NativeRuntime {
    @Suite(.serialized) struct Root {
        @Test func `the root is the bundle's and nothing of the host's is seen`() throws {
            let container = try RuntimeFixture("ls /")
            defer { container.finish() }
            #expect(try container.run().lines == ["bin", "dev", "etc", "home", "proc", "root", "sys", "tmp"])
        }

        @Test func `a read-only root refuses writes and a volatile folder in it takes them`() throws {
            let container = try RuntimeFixture("touch /file; touch /dev/shm/file && echo volatile")
            defer { container.finish() }
            container.config["root"]["readonly"] = true
            container.config["mounts"].elements.append([
                "destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["mode=1777", "size=64k"],
            ])
            let outcome = try container.run()
            #expect(outcome.errors.lowercased().contains("read-only file system"))
            #expect(outcome.text == "volatile")
        }

        @Test func `a bind mount shows the host's folder, and read-only is read-only`() throws {
            let container = try RuntimeFixture("cat /in/note; echo back >/in/answer; touch /ro/file")
            defer { container.finish() }
            let outside = try makeTemporaryFolder("volume")
            defer { try? FileManager.default.removeItem(atPath: outside) }
            try "from the host\n".write(toFile: outside + "/note", atomically: false, encoding: .utf8)
            container.config["mounts"].elements += [
                ["destination": "/in", "type": "bind", "source": .string(outside), "options": ["rbind", "rw"]],
                ["destination": "/ro", "type": "bind", "source": .string(outside), "options": ["rbind", "ro"]],
            ]
            let outcome = try container.run()
            #expect(outcome.text == "from the host")
            #expect(readText(outside + "/answer") == "back\n")
            #expect(outcome.errors.lowercased().contains("read-only"))
        }

        @Test func `a file is bound onto a file that is made for it`() throws {
            let container = try RuntimeFixture("cat /etc/new/name")
            defer { container.finish() }
            let file = container.bundle.folder + "/name"
            try "bound\n".write(toFile: file, atomically: false, encoding: .utf8)
            container.config["mounts"].elements.append([
                "destination": "/etc/new/name", "type": "bind", "source": .string(file), "options": ["bind", "ro"],
            ])
            #expect(try container.run().text == "bound")
        }

        @Test func `a mount's destination never leaves the root through a link`() throws {
            let container = try RuntimeFixture("ls /")
            defer { container.finish() }
            let outside = try makeTemporaryFolder("outside")
            defer { try? FileManager.default.removeItem(atPath: outside) }
            let link = container.bundle.rootfs + "/link"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: outside)
            container.config["mounts"].elements.append([
                "destination": "/link/deep", "type": "tmpfs", "source": "tmpfs", "options": [],
            ])
            _ = try container.run()
            #expect(try FileManager.default.contentsOfDirectory(atPath: outside).isEmpty)
            #expect(Residue.mounts([outside]).isEmpty)
        }

        @Test func `mount options arrive`() throws {
            let container = try RuntimeFixture("grep ' /small ' /proc/self/mountinfo; stat -c %a /small")
            defer { container.finish() }
            container.config["mounts"].elements.append([
                "destination": "/small", "type": "tmpfs", "source": "tmpfs",
                "options": ["nosuid", "nodev", "noexec", "noatime", "mode=0710", "size=128k"],
            ])
            let outcome = try container.run()
            for option in ["nosuid", "nodev", "noexec", "noatime", "size=128k"] {
                #expect(outcome.output.contains(option), "\(option) in \(outcome)")
            }
            #expect(outcome.lines.last == "710")
        }

        @Test(.requirement("linux.maskedPaths", "linux.readonlyPaths"))
        func `masked paths are empty and read-only paths refuse writes`() throws {
            let container = try RuntimeFixture("cat /secret; ls /hidden; cat /etc/kept; echo x >/etc/kept")
            defer { container.finish() }
            let root = container.bundle.rootfs
            try FileManager.default.createDirectory(atPath: root + "/hidden", withIntermediateDirectories: true)
            for name in ["secret", "hidden/file", "etc/kept"] {
                try "\(name)\n".write(toFile: root + "/" + name, atomically: false, encoding: .utf8)
            }
            container.config["linux"]["maskedPaths"] = ["/secret", "/hidden", "/is/not/there"]
            container.config["linux"]["readonlyPaths"] = ["/etc", "/is/not/there"]
            let outcome = try container.run()
            #expect(outcome.text == "etc/kept", "\(outcome)")
            #expect(outcome.errors.lowercased().contains("read-only"))
            #expect(readText(root + "/etc/kept") == "etc/kept\n")
        }

        @Test func `the standard devices and links are there`() throws {
            let script = """
                for d in null zero full random urandom tty; do test -c /dev/$d && echo $d; done
                for l in fd stdin stdout stderr ptmx; do readlink /dev/$l; done; echo x >/dev/null
                """
            let container = try RuntimeFixture(script)
            defer { container.finish() }
            #expect(
                try container.run().lines == [
                    "null", "zero", "full", "random", "urandom", "tty", "/proc/self/fd", "/proc/self/fd/0",
                    "/proc/self/fd/1", "/proc/self/fd/2", "pts/ptmx",
                ])
        }

        @Test func `a process without capabilities in the configuration has none`() throws {
            let container = try RuntimeFixture("grep -E 'Cap(Prm|Eff|Bnd)' /proc/self/status")
            defer { container.finish() }
            container.config["process"]["capabilities"] = nil
            let outcome = try container.run()
            let none = ["CapPrm", "CapEff", "CapBnd"].map { "\($0):\t0000000000000000" }
            #expect(outcome.lines == none, "\(outcome)")
        }

        @Test func `mounts inside are not seen outside`() throws {
            let container = try RuntimeFixture("mount -t tmpfs mine /tmp && grep -c ' /tmp ' /proc/self/mountinfo")
            defer { container.finish() }
            container.config["process"]["capabilities"] = Bundle.capabilities(["CAP_SYS_ADMIN"])
            let outcome = try container.run()
            #expect(outcome.text == "1", "\(outcome)")
        }

        @Test(.requirement("linux.devices.mode")) func `a configured device is made`() throws {
            let container = try RuntimeFixture("stat -c '%F %t %T %a %u' /dev/own")
            defer { container.finish() }
            container.config["linux"]["devices"] = [
                ["path": "/dev/own", "type": "c", "major": 1, "minor": 3, "fileMode": 432, "uid": 7, "gid": 7]
            ]
            #expect(try container.run().text == "character special file 1 3 660 7")
        }
    }

    @Suite(.serialized) struct Limits {
        private func created(_ resources: Document) throws -> RuntimeFixture {
            let container = try RuntimeFixture("sleep 60")
            container.config["linux"]["resources"] = resources
            _ = try container.create()
            return container
        }

        @Test(.requirement("linux.cgroup.memory.limit", "linux.cgroup.memory.reservation")) func `memory`() throws {
            let container = try created(["memory": ["limit": 67_108_864, "reservation": 33_554_432]])
            defer { container.finish() }
            #expect(
                try container.cgroupFile("memory", v1: "memory.limit_in_bytes", v2: "memory.max") == "67108864")
            #expect(
                try container.cgroupFile("memory", v1: "memory.soft_limit_in_bytes", v2: "memory.low") == "33554432"
            )
        }

        @Test(.requirement("linux.cgroup.pids")) func `processes`() throws {
            let container = try created(["pids": ["limit": 17]])
            defer { container.finish() }
            #expect(try container.cgroupFile("pids", v1: "pids.max", v2: "pids.max") == "17")
        }

        @Test(.requirement("linux.cgroup.cpu.quota")) func `share and quota of the processor`() throws {
            let container = try created(["cpu": ["shares": 512, "quota": 25000, "period": 50000]])
            defer { container.finish() }
            if Machine.hasOnlyCgroup2 {
                #expect(try container.cgroupFile("cpu", v1: "", v2: "cpu.max") == "25000 50000")
            } else {
                #expect(try container.cgroupFile("cpu", v1: "cpu.shares", v2: "") == "512")
                #expect(try container.cgroupFile("cpu", v1: "cpu.cfs_quota_us", v2: "") == "25000")
                #expect(try container.cgroupFile("cpu", v1: "cpu.cfs_period_us", v2: "") == "50000")
            }
        }

        @Test(.requirement("linux.cgroup.cpu.cpus")) func `processors`() throws {
            let container = try created(["cpu": ["cpus": "0"]])
            defer { container.finish() }
            #expect(try container.cgroupFile("cpuset", v1: "cpuset.cpus", v2: "cpuset.cpus") == "0")
        }

        @Test func `a limit of processes stops a fork`() throws {
            let container = try RuntimeFixture("(for i in 1 2 3 4 5 6 7 8; do sleep 1 & done) 2>&1; true")
            defer { container.finish() }
            container.config["linux"]["resources"] = ["pids": ["limit": 5]]
            let outcome = try container.run()
            #expect(outcome.output.lowercased().contains("can't fork"), "\(outcome)")
        }

        @Test func `a limit of memory kills`() throws {
            let container = try RuntimeFixture("tail /dev/zero")
            defer { container.finish() }
            container.config["linux"]["resources"] = ["memory": ["limit": 16_777_216, "swap": 16_777_216]]
            #expect(try container.run().code == 137)
        }

        @Test func `devices that are not allowed can't be opened`() throws {
            let container = try RuntimeFixture("head -c 1 /dev/zero | wc -c; head -c 1 /dev/own")
            defer { container.finish() }
            container.config["linux"]["devices"] = [
                ["path": "/dev/own", "type": "c", "major": 1, "minor": 11, "fileMode": 438]
            ]
            container.config["linux"]["resources"] = [
                "devices": [
                    ["allow": false, "access": "rwm"],
                    ["allow": true, "type": "c", "major": 1, "minor": 5, "access": "rwm"],
                ]
            ]
            let outcome = try container.run()
            #expect(outcome.text == "1", "\(outcome)")
            #expect(outcome.errors.lowercased().contains("not permitted"), "\(outcome)")
        }
    }
}
