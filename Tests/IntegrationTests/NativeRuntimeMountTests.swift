import Foundation
import Testing

extension Integration.NativeRuntime {
    /// The option words of the specification's table, each looked at from inside the container.
    @Suite(.serialized) struct Mounts {
        /// Words, the kind of mount, what mountinfo's line must hold and must not hold.
        struct Word: Sendable, CustomTestStringConvertible {
            let words: [String]
            let bind: Bool
            let holds: [String]
            let lacks: [String]
            var testDescription: String { words.joined(separator: ",") + (bind ? " on a bind mount" : " on a tmpfs") }
            init(_ words: String, bind: Bool = false, _ holds: String = "", lacks: String = "") {
                self.words = words.split(separator: ",").map(String.init)
                self.bind = bind
                self.holds = holds.split(separator: ",").map(String.init)
                self.lacks = lacks.split(separator: ",").map(String.init)
            }
        }

        static let words: [Word] = [
            Word("ro", "ro"), Word("rw", "rw"), Word("nosuid", "nosuid"), Word("suid", lacks: "nosuid"),
            Word("nodev", "nodev"), Word("dev", lacks: "nodev"), Word("noexec", "noexec"),
            Word("exec", lacks: "noexec"), Word("noatime", "noatime"), Word("atime", "relatime"),
            Word("relatime", "relatime"), Word("norelatime", "relatime"),
            Word("strictatime", lacks: "relatime,noatime"), Word("nostrictatime", "relatime"),
            Word("nodiratime", "nodiratime"), Word("diratime", lacks: "nodiratime"),
            Word("sync", "sync"), Word("async", lacks: "sync"), Word("dirsync", "dirsync"),
            Word("mand", "mand"), Word("nomand", lacks: "mand"), Word("lazytime", "lazytime"),
            Word("nolazytime", lacks: "lazytime"), Word("silent", "rw"), Word("loud", "rw"), Word("defaults", "rw"),
            Word("iversion", "rw"), Word("noiversion", "rw"), Word("iversion,nosuid,ro", "nosuid,ro"),
            Word("nosuid,suid", lacks: "nosuid"), Word("strictatime,noatime", "noatime"),
            Word("bind,ro", bind: true, "ro"), Word("bind,rw", bind: true, "rw"),
            Word("bind,nosuid,nodev,noexec", bind: true, "nosuid,nodev,noexec"),
            Word("bind,noatime", bind: true, "noatime"), Word("bind,nodiratime", bind: true, "nodiratime"),
            Word("rbind,rro", bind: true, "ro"), Word("rbind,rro,rrw", bind: true, "rw"),
            Word("rbind,rnosuid", bind: true, "nosuid"), Word("rbind,nosuid,rsuid", bind: true, lacks: "nosuid"),
            Word("rbind,rnodev", bind: true, "nodev"), Word("rbind,nodev,rdev", bind: true, lacks: "nodev"),
            Word("rbind,rnoexec", bind: true, "noexec"), Word("rbind,noexec,rexec", bind: true, lacks: "noexec"),
            Word("rbind,rnoatime", bind: true, "noatime"), Word("rbind,rrelatime", bind: true, "relatime"),
            Word("rbind,rnodiratime", bind: true, "nodiratime"), Word("rbind,ratime", bind: true, "relatime"),
            Word("rbind,rstrictatime", bind: true, lacks: "relatime,noatime"),
            Word("rbind,rnostrictatime", bind: true, "relatime"),
            Word("rbind,rdiratime", bind: true, lacks: "nodiratime"),
            Word("rbind,rnorelatime", bind: true, "relatime"),
            Word("bind,private", bind: true, lacks: "shared:,master:,unbindable"),
            Word("bind,shared", bind: true, "shared:"), Word("rbind,rshared", bind: true, "shared:"),
            Word("rbind,rprivate", bind: true, lacks: "shared:,master:"),
            Word("bind,slave", bind: true, lacks: "shared:,unbindable"),
            Word("rbind,rslave", bind: true, lacks: "shared:,unbindable"),
            Word("bind,nosymfollow,symfollow", bind: true, lacks: "nosymfollow"),
            Word("rbind,nosymfollow,rsymfollow", bind: true, lacks: "nosymfollow"),
            Word("bind,unbindable", bind: true, "unbindable"), Word("rbind,runbindable", bind: true, "unbindable"),
        ]

        @Test func `a read-only dev has its nodes and mount points`() throws {
            let container = try RuntimeFixture("echo x >/dev/null && test -d /dev/pts && grep ' /dev ' /proc/mounts")
            defer { container.finish() }
            container.config["mounts"].elements[1]["options"].elements.append("ro")
            let outcome = try container.run()
            #expect(outcome.text.contains(" ro,"), "\(outcome)")
        }

        @Test func `a tmpfs over nothing is open to everybody, over a folder as open as that`() throws {
            let container = try RuntimeFixture("stat -c %a /new/one /home")
            defer { container.finish() }
            for path in ["/new/one", "/home"] {
                container.config["mounts"].elements.append([
                    "destination": .string(path), "type": "tmpfs", "source": "tmpfs",
                ])
            }
            #expect(try container.run().lines == ["1777", "755"])
        }

        @Test func `a path that is masked twice is covered once`() throws {
            let container = try RuntimeFixture("grep -c ' /home ' /proc/mounts")
            defer { container.finish() }
            container.config["linux"]["maskedPaths"] = ["/home", "/home"]
            #expect(try container.run().text == "1")
        }

        @Test(.requirement("config.mounts.option.*"), arguments: words) func `an option word is in force`(word: Word)
            throws
        {
            let container = try RuntimeFixture("grep ' /mnt ' /proc/self/mountinfo")
            defer { container.finish() }
            try add(word.words, bind: word.bind, to: container)
            let outcome = try container.run()
            let fields = outcome.text.split { $0 == " " || $0 == "," }.map(String.init)
            #expect(outcome.code == 0, "\(outcome)")
            for part in word.holds { #expect(fields.contains { matches($0, part) }, "\(part) in \(outcome.text)") }
            for part in word.lacks { #expect(!fields.contains { matches($0, part) }, "\(part) in \(outcome.text)") }
        }

        private func matches(_ field: String, _ part: String) -> Bool {
            part.hasSuffix(":") ? field.hasPrefix(part) : field == part
        }

        private func add(_ words: [String], bind: Bool, to container: RuntimeFixture) throws {
            let options = Document.array(words.map(Document.string))
            let folder = container.bundle.folder + "/source"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            container.config["mounts"].elements.append(
                bind
                    ? ["destination": "/mnt", "type": "bind", "source": .string(folder), "options": options]
                    : ["destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": options])
        }

        @Test(
            .requirement("config.mounts.option.*"), .enabled(if: Machine.runtimeIsOurs),
            arguments: ["nosymfollow", "rnosymfollow"])
        func `links are not followed`(word: String) throws {
            let container = try RuntimeFixture("cat /mnt/file; cat /mnt/link")
            defer { container.finish() }
            try add(["rbind", word], bind: true, to: container)
            let folder = container.bundle.folder + "/source"
            try "text\n".write(toFile: folder + "/file", atomically: false, encoding: .utf8)
            try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: "file")
            let outcome = try container.run()
            #expect(outcome.text == "text", "\(outcome)")
            #expect(outcome.code != 0)
        }

        @Test func `recursive attributes reach the mounts below`() throws {
            let container = try RuntimeFixture("touch /mnt/below/file; touch /mnt/file")
            defer { container.finish() }
            try add(["rbind", "rro"], bind: true, to: container)
            let below = container.bundle.folder + "/source/below"
            try FileManager.default.createDirectory(atPath: below, withIntermediateDirectories: true)
            _ = try run(["mount", "-t", "tmpfs", "below", below])
            defer { _ = try? run(["umount", below]) }
            let outcome = try container.run()
            #expect(outcome.code != 0)
            #expect(outcome.errors.lowercased().components(separatedBy: "read-only").count == 3, "\(outcome)")
            _ = try run(["umount", below])
        }

        @Test(.requirement("config.mounts.option.tmpcopyup")) func `tmpcopyup starts a tmpfs with what the image has`()
            throws
        {
            let container = try RuntimeFixture("cat /etc/passwd | head -1; echo more >/etc/more && ls /etc")
            defer { container.finish() }
            container.config["mounts"].elements.append([
                "destination": "/etc", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup", "mode=755"],
            ])
            let outcome = try container.run()
            #expect(outcome.lines == ["root:x:0:0:root:/root:/bin/sh", "more", "passwd"], "\(outcome)")
        }

        @Test(.requirement("config.mounts.option.remount"), .enabled(if: Machine.runtimeIsOurs))
        func `a remount changes attributes and the size of a tmpfs`() throws {
            let container = try RuntimeFixture("grep ' /mnt ' /proc/self/mountinfo")
            defer { container.finish() }
            try add(["size=64k"], bind: false, to: container)
            container.config["mounts"].elements.append([
                "destination": "/mnt", "options": ["remount", "ro", "nosuid", "size=128k"],
            ])
            let outcome = try container.run()
            for part in ["ro,nosuid", "size=128k"] { #expect(outcome.text.contains(part), "\(outcome)") }
        }

        @Test func `a tmpfs takes the mode of the folder it covers, and lets everybody write where there was none`()
            throws
        {
            let container = try RuntimeFixture("stat -c %a /tmp /home /new/place")
            defer { container.finish() }
            for place in ["/tmp", "/home", "/new/place"] {
                container.config["mounts"].elements.append([
                    "destination": .string(place), "type": "tmpfs", "source": "tmpfs", "options": [],
                ])
            }
            #expect(try container.run().lines == ["1777", "755", "1777"])
        }

        @Test(
            .requirement("config.mounts.option.*", "config.mounts.idmap.own"), .enabled(if: Machine.runtimeIsOurs),
            arguments: ["idmap", "ridmap"])
        func `a mount with mappings of its own shows mapped owners`(word: String) throws {
            let container = try RuntimeFixture("stat -c %u:%g /mnt/file; touch /mnt/new")
            defer { container.finish() }
            try add(["rbind", word], bind: true, to: container)
            let last = container.config["mounts"].elements.count - 1
            let mapping: Document = [["containerID": 0, "hostID": 4000, "size": 10]]
            container.config["mounts"].elements[last]["uidMappings"] = mapping
            container.config["mounts"].elements[last]["gidMappings"] = mapping
            try "x".write(toFile: container.bundle.folder + "/source/file", atomically: false, encoding: .utf8)
            let outcome = try container.run()
            #expect(outcome.text == "4000:4000", "\(outcome)")
        }

        @Test(.enabled(if: Machine.runtimeIsOurs)) func `idmap without mappings uses the container's own`() throws {
            let container = try RuntimeFixture("stat -c %u:%g /mnt/file; touch /mnt/new && echo made")
            defer { container.finish() }
            try add(["bind", "idmap"], bind: true, to: container)
            mapped(container)
            let folder = container.bundle.folder + "/source"
            try "x".write(toFile: folder + "/file", atomically: false, encoding: .utf8)
            let outcome = try container.run()
            #expect(outcome.lines == ["0:0", "made"], "\(outcome)")
            var about = stat()
            #expect(stat(folder + "/new", &about) == 0)
            #expect(about.st_uid == 0)
        }

        @Test(.enabled(if: Machine.runtimeIsOurs, "the peer of Debian 12 opens them early"), arguments: [false, true])
        func `a source inside the root is what earlier mounts have made there`(inUserNamespace: Bool) throws {
            let container = try RuntimeFixture(
                "cat /copy/below/name /copy/name; cat /early/name 2>/dev/null || echo bare")
            defer { container.finish() }
            let rootfs = container.bundle.rootfs
            for name in ["one", "two"] {
                let folder = "\(container.bundle.folder)/\(name)"
                try FileManager.default.createDirectory(atPath: folder + "/below", withIntermediateDirectories: true)
                try "\(name)\n".write(toFile: folder + "/name", atomically: false, encoding: .utf8)
            }
            try FileManager.default.createDirectory(atPath: rootfs + "/mnt", withIntermediateDirectories: true)
            let binds = [
                (rootfs + "/mnt", "/early"), ("one", "/mnt"), ("two", "/mnt/below"),
                (rootfs + "/tmp/../mnt", rootfs + "/copy"),
            ]
            for (source, destination) in binds {
                container.config["mounts"].elements.append([
                    "source": .string(source), "destination": .string(destination), "options": ["rbind"],
                ])
            }
            if inUserNamespace { mapped(container) }
            let outcome = try container.run()
            #expect(outcome.lines == ["two", "one", "bare"], "\(outcome)")
        }

        private func mapped(_ container: RuntimeFixture) {
            container.config["linux"]["namespaces"].elements.append(["type": "user"])
            let mapping: Document = [["containerID": 0, "hostID": 100000, "size": 65536]]
            container.config["linux"]["uidMappings"] = mapping
            container.config["linux"]["gidMappings"] = mapping
            _ = try? run(["chown", "-R", "100000:100000", container.bundle.rootfs])
        }

        @Test(.enabled(if: Machine.runtimeIsOurs))
        func `a source inside the root that earlier mounts have made can be id-mapped`() throws {
            let container = try RuntimeFixture("stat -c %u:%g /copy/file")
            defer { container.finish() }
            try add(["rbind"], bind: true, to: container)
            try "x".write(toFile: container.bundle.folder + "/source/file", atomically: false, encoding: .utf8)
            let mapping: Document = [["containerID": 0, "hostID": 4000, "size": 10]]
            container.config["mounts"].elements.append([
                "source": .string(container.bundle.rootfs + "/mnt"), "destination": "/copy",
                "options": ["rbind", "idmap"], "uidMappings": mapping, "gidMappings": mapping,
            ])
            #expect(try container.run().text == "4000:4000")
        }

        @Test func `a destination that is a dangling link is made where it leads inside the root`() throws {
            let container = try RuntimeFixture("cat /usr/share/zone; cat /etc/localtime")
            defer { container.finish() }
            let link = container.bundle.rootfs + "/etc/localtime"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "/usr/share/zone")
            let file = container.bundle.folder + "/zone"
            try "Rome\n".write(toFile: file, atomically: false, encoding: .utf8)
            container.config["mounts"].elements.append([
                "destination": "/etc/localtime", "type": "bind", "source": .string(file), "options": ["bind", "ro"],
            ])
            #expect(try container.run().lines == ["Rome", "Rome"])
            #expect(!FileManager.default.fileExists(atPath: "/usr/share/zone"))
        }

        @Test(.requirement("runtime.operations.create.error")) func `a bind source that is missing is named`() throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            container.config["mounts"].elements.append([
                "destination": "/mnt", "type": "bind", "source": "/is/not/there", "options": ["bind"],
            ])
            let outcome = try container.run()
            #expect(outcome.code != 0)
            #expect(outcome.errors.contains("/is/not/there"), "\(outcome)")
        }

        @Test(
            .requirement("linux.rootfsPropagation.*"),
            arguments: [("shared", "shared:"), ("unbindable", "unbindable"), ("private", ""), ("slave", "")])
        func `the root has the propagation that is asked for`(kind: String, mark: String) throws {
            let container = try RuntimeFixture("grep ' / / ' /proc/self/mountinfo || grep ' / ' /proc/self/mountinfo")
            defer { container.finish() }
            container.config["linux"]["rootfsPropagation"] = .string(kind)
            let outcome = try container.run()
            #expect(outcome.code == 0, "\(outcome)")
            if mark.isEmpty {
                #expect(!outcome.text.contains("shared:") && !outcome.text.contains("unbindable"), "\(outcome)")
            } else {
                #expect(outcome.text.contains(mark), "\(outcome)")
            }
        }
    }
}
