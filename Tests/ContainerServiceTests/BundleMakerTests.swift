import Linux
import OCISpec
import Support
import Testing

@testable import ContainerService

@Suite struct BundleMakerTests {
    func make(_ change: (inout ContainerSpecification) -> Void = { _ in }) throws -> RuntimeConfiguration {
        let folder = try TemporaryFolder()
        var specification = ContainerSpecification(image: "x")
        specification.command = ["sh"]
        change(&specification)
        var host = HostFacts()
        host.hostname = "outside"
        host.capabilities = ContainerCapabilities.names
        host.devices = [.init(type: .character, path: "/dev/fuse", major: 10, minor: 229)]
        let image = ContainerImage(reference: "x", identifier: "i", layers: [])
        let maker = BundleMaker(
            specification: try specification.merged(with: image), id: String(repeating: "ab", count: 32), host: host,
            filesFolder: "/files", volumes: Volumes(folder: "/volumes"))
        let root = try RootDirectory(opening: folder.path)
        return try maker.configuration(root: root, rootPath: "/root")
    }

    @Test func defaultsAreThoseOfDocker() throws {
        let document = try make()
        let process = try #require(document.process)
        let linux = try #require(document.linux)
        #expect(process.args == ["sh"])
        #expect(process.cwd == "/")
        #expect(
            process.env == [
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=abababababab", "HOME=/",
            ])
        #expect(document.hostname == "abababababab")
        #expect(process.capabilities?.bounding.count == 14)
        #expect(process.capabilities?.effective == process.capabilities?.bounding)
        #expect(process.capabilities?.ambient == [])
        #expect(Set(linux.namespaces.map(\.type)) == [.pid, .mount, .ipc, .uts, .cgroup, .network])
        #expect(linux.resources?.devices.first?.allow == false)
        #expect(linux.maskedPaths.contains("/proc/kcore"))
        #expect(linux.seccomp?.defaultAction == .SCMP_ACT_ERRNO)
        #expect(linux.seccomp?.syscalls.contains { $0.names.contains("read") } == true)
        #expect(document.mounts.map(\.destination).prefix(3) == ["/proc", "/dev", "/dev/pts"])
        #expect(document.mounts.suffix(3).map(\.source) == ["/files/resolv.conf", "/files/hostname", "/files/hosts"])
    }

    @Test func terminalAndNetwork() throws {
        let document = try make {
            $0.terminal = true
            $0.network = .host
            $0.environment = ["HOME=/h", "HOSTNAME=other"]
        }
        #expect(document.process?.terminal == true)
        #expect(document.process?.env.contains("TERM=xterm") == true)
        #expect(document.process?.env.filter { $0.hasPrefix("HOME=") } == ["HOME=/h"])
        #expect(document.process?.env.filter { $0.hasPrefix("HOSTNAME=") } == ["HOSTNAME=other"])
        #expect(document.hostname == "outside")
        #expect(document.linux?.namespaces.contains { $0.type == .network } == false)
    }

    @Test func limits() throws {
        let linux = try make {
            $0.limits.memory = 64 << 20
            $0.limits.milliCPUs = 1500
            $0.limits.pids = 10
            $0.resourceLimits = [.init(name: "nofile", soft: 10, hard: 20)]
        }
        #expect(linux.linux?.resources?.memory?.limit == 64 << 20)
        #expect(linux.linux?.resources?.memory?.swap == 128 << 20)
        #expect(linux.linux?.resources?.cpu?.quota == 150_000)
        #expect(linux.linux?.resources?.cpu?.period == 100_000)
        #expect(linux.linux?.resources?.pids?.limit == 10)
        #expect(linux.process?.rlimits == [.init(type: .RLIMIT_NOFILE, soft: 10, hard: 20)])
        #expect(throws: RuntimeError.self) { try make { $0.resourceLimits = [.init(name: "x", soft: 1, hard: 1)] } }
    }

    @Test func capabilitiesAndPrivilege() throws {
        let changed = try make {
            $0.security.addedCapabilities = ["net_admin"]
            $0.security.droppedCapabilities = ["CAP_CHOWN"]
        }
        let names = try #require(changed.process?.capabilities?.bounding)
        #expect(names.contains("CAP_NET_ADMIN") && !names.contains("CAP_CHOWN") && names.count == 14)
        let few = try make {
            $0.security.addedCapabilities = ["KILL"]
            $0.security.droppedCapabilities = ["all"]
        }
        #expect(few.process?.capabilities?.bounding == ["CAP_KILL"])
        let user = try make { $0.user = "1000" }
        #expect(user.process?.capabilities?.effective == [])
        #expect(user.process?.capabilities?.bounding.count == 14)
        let all = try make { $0.security.privileged = true }
        #expect(all.process?.capabilities?.bounding.count == ContainerCapabilities.names.count)
        #expect(all.linux?.maskedPaths == [])
        #expect(all.linux?.seccomp == nil)
        #expect(all.linux?.devices.map(\.path) == ["/dev/fuse"])
        #expect(all.linux?.resources?.devices == [.init(allow: true, access: "rwm")])
        #expect(throws: RuntimeError.self) { try make { $0.security.addedCapabilities = ["FLY"] } }
    }

    @Test func seccompProfiles() throws {
        #expect(try make { $0.security.seccomp = .unconfined }.linux?.seccomp == nil)
        let own = try make { $0.security.seccomp = .profile(Array(#"{"defaultAction":"SCMP_ACT_LOG"}"#.utf8)) }
        #expect(own.linux?.seccomp?.defaultAction == .SCMP_ACT_LOG)
        let error = #expect(throws: RuntimeError.self) {
            try make { $0.security.seccomp = .profile(Array(#"{"defaultAction":"x"}"#.utf8)) }
        }
        #expect(error?.description.contains("seccomp profile: defaultAction: unknown value \"x\"") == true)
    }

    @Test func generatedFilesStandOverAnOuterMount() throws {
        let document = try make { $0.mounts = [.init(source: .volume(name: "vol"), destination: "/etc")] }
        #expect(
            document.mounts.suffix(4).map(\.destination) == [
                "/etc", "/etc/resolv.conf", "/etc/hostname", "/etc/hosts",
            ])
    }

    @Test func mountsAreSortedAndReplaceDefaults() throws {
        let document = try make {
            $0.mounts = [
                .init(source: .bind(path: "/h", create: true), destination: "/a/b", options: ["ro"]),
                .init(source: .volume(name: "vol"), destination: "/a"),
                .init(source: .memory, destination: "/dev/shm", options: ["size=1m"]),
                .init(source: .bind(path: "/own", create: false), destination: "/etc/hosts", options: ["rslave"]),
            ]
            $0.readOnlyRoot = true
        }
        #expect(document.root?.readonly == true)
        #expect(
            document.mounts.filter { $0.destination == "/dev/shm" }.map(\.options) == [
                ["nosuid", "nodev", "noexec", "size=1m"]
            ])
        #expect(document.mounts.filter { $0.destination == "/etc/hosts" }.map(\.source) == ["/own"])
        let tail = document.mounts.filter { $0.destination.hasPrefix("/a") }
        #expect(tail.map(\.destination) == ["/a", "/a/b"])
        #expect(tail.first?.source == "/volumes/vol/_data")
        #expect(tail.last?.options == ["rbind", "ro", "rprivate"])
    }
}
