import Foundation
import Testing

extension Integration.NativeRuntime.Conformance {
    /// config.md: mounts. The option words themselves are looked at in the suite Mounts.
    @Suite(.serialized) struct MountEntries {
        @Test(.requirement("config.mounts.order")) func `mounts are made in the listed order`() throws {
            let container = try RuntimeFixture("ls /data; ls /data/inner; cat /twice/mark") {
                for (destination, name) in [("/data", "a"), ("/data/inner", "b"), ("/twice", "a"), ("/twice", "b")] {
                    $0["mounts"].elements.append([
                        "destination": .string(destination), "type": "bind", "source": .string(name),
                        "options": ["bind"],
                    ])
                }
            }
            defer { container.finish() }
            for name in ["a", "b"] {
                let folder = "\(container.bundle.folder)/\(name)"
                try FileManager.default.createDirectory(
                    atPath: folder + (name == "a" ? "/inner" : ""), withIntermediateDirectories: true)
                try name.write(toFile: folder + "/mark", atomically: false, encoding: .utf8)
            }
            #expect(try container.runText().split(separator: "\n") == ["inner", "mark", "mark", "b"])
        }

        @Test(.requirement("config.mounts.destination.relative")) func `a relative destination`() throws {
            let container = try RuntimeFixture("cd /tmp; grep -c ' /relative/folder ' /proc/self/mountinfo") {
                $0["mounts"].elements.append(["destination": "relative/folder", "type": "tmpfs", "source": "tmpfs"])
                $0["process"]["cwd"] = "/tmp"
            }
            defer { container.finish() }
            #expect(try container.runText() == "1")
        }

        @Test(
            .requirement("config.mounts.source.relative", "config.mounts.bind.by-option"), arguments: ["bind", "rbind"])
        func `a relative source, with a type that says nothing`(option: String) throws {
            let container = try RuntimeFixture("cat /data/file") {
                $0["mounts"].elements.append([
                    "destination": "/data", "type": "none", "source": "shared", "options": [.string(option)],
                ])
            }
            defer { container.finish() }
            let folder = container.bundle.folder + "/shared"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try "here".write(toFile: folder + "/file", atomically: false, encoding: .utf8)
            #expect(try container.runText() == "here")
        }

        @Test(.requirement("config.mounts.options.filesystem", "config.mounts.options.mount8"))
        func `options of the filesystem`() throws {
            let container = try RuntimeFixture("grep ' /data ' /proc/self/mountinfo; stat -c '%a %u' /data") {
                $0["mounts"].elements.append([
                    "destination": "/data", "type": "tmpfs", "source": "tmpfs",
                    "options": ["size=64k", "nr_inodes=50", "mode=0701", "uid=5"],
                ])
            }
            defer { container.finish() }
            let text = try container.runText()
            #expect(text.contains("size=64k") && text.contains("nr_inodes=50") && text.hasSuffix("701 5"), "\(text)")
        }

        @Test(.requirement("config.mounts.options.filesystem")) func `an option that nobody knows`() throws {
            let container = try RuntimeFixture("true") {
                $0["mounts"].elements.append([
                    "destination": "/data", "type": "tmpfs", "source": "tmpfs", "options": ["ofTomorrow=1"],
                ])
            }
            defer { container.finish() }
            try container.expectRefused("tmpfs itself refuses it")
        }

        @Test(.requirement("config.mounts.idmap.nothing"), arguments: ["idmap", "ridmap"])
        func `idmap without any mapping`(option: String) throws {
            let container = try RuntimeFixture("true") {
                $0["mounts"].elements.append([
                    "destination": "/data", "type": "bind", "source": "rootfs", "options": ["rbind", .string(option)],
                ])
            }
            defer { container.finish() }
            try container.expectRefused()
        }

        @Test(.requirement("config.mounts.idmap.pair"), arguments: ["uidMappings", "gidMappings"])
        func `mappings of one kind alone`(field: String) throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            var mount: Document = [
                "destination": "/data", "type": "bind", "source": "rootfs", "options": ["bind", "idmap"],
            ]
            mount[field] = [["containerID": 0, "hostID": 4000, "size": 10]]
            container.config["mounts"].elements.append(mount)
            try container.expectRefused()
        }

        private static let filesystems = ["proc": "/proc", "sys": "/sys", "devpts": "/dev/pts", "shm": "/dev/shm"]

        @Test(.requirement("linux.filesystems.*"), arguments: filesystems.keys.sorted())
        func `the default filesystems`(name: String) throws {
            let path = try #require(Self.filesystems[name])
            let container = try RuntimeFixture("grep ' \(path) ' /proc/self/mountinfo") {
                $0["mounts"].elements.append([
                    "destination": "/dev/shm", "type": "tmpfs", "source": "shm",
                    "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
                ])
            }
            defer { container.finish() }
            let types = ["proc": "proc", "sys": "sysfs", "devpts": "devpts", "shm": "tmpfs"]
            #expect(try container.runText().contains(" - \(types[name] ?? "") "))
        }

        @Test(
            .requirement("linux.maskedPaths.absolute", "linux.readonlyPaths.absolute"),
            arguments: ["maskedPaths", "readonlyPaths"])
        func `relative paths`(field: String) throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            container.config["linux"][field] = ["etc/passwd"]
            try container.expectRefused()
        }
    }
}
