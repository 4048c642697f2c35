import ArgumentParser
import ContainerService
import Glibc
import Support
import Testing

@testable import CLIKit

@Suite struct ContainerOptionsTests {
    func specification(_ words: String...) throws -> ContainerSpecification {
        let ordered = ArgumentOrder.normalized(["run"] + words)
        let command = try #require(try HakoCommand.parseAsRoot(ordered) as? RunCommand)
        return try command.request.specification()
    }

    @Test func everyOptionLandsWhereItBelongs() throws {
        let wanted = try specification(
            "--name", "box", "-it", "-e", "A=1", "-eB=2=3", "-w", "/w", "-u", "1:2", "-v", "/h:/c:ro", "-v", "vol:/v",
            "--tmpfs", "/t:size=1m", "-h", "host", "--network", "host", "--read-only", "--entrypoint", "/e x", "-l",
            "k=v", "--label", "only", "-m", "64m", "--memory-swap", "-1", "--memory-reservation", "1k", "--cpus", "1.5",
            "-c", "512", "--cpuset-cpus", "0-1", "--cpuset-mems", "0", "--pids-limit", "9", "--ulimit",
            "nofile=10:20", "--cap-add", "NET_ADMIN", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
            "--security-opt", "seccomp=unconfined", "--privileged", "--stop-signal", "INT", "IMAGE", "sh", "-c", "x")
        #expect(wanted.image == "IMAGE")
        #expect(wanted.name == "box")
        #expect(wanted.terminal && wanted.interactive && wanted.readOnlyRoot)
        #expect(wanted.environment == ["A=1", "B=2=3"])
        #expect(wanted.workingFolder == "/w")
        #expect(wanted.user == "1:2")
        #expect(wanted.hostname == "host")
        #expect(wanted.network == .host)
        #expect(wanted.entrypoint == ["/e x"])
        #expect(wanted.command == ["sh", "-c", "x"])
        #expect(wanted.labels == ["k": "v", "only": ""])
        #expect(
            wanted.mounts == [
                .init(source: .bind(path: "/h", create: true), destination: "/c", options: ["ro"]),
                .init(source: .volume(name: "vol"), destination: "/v"),
                .init(source: .memory, destination: "/t", options: ["size=1m"]),
            ])
        #expect(wanted.limits.memory == 64 << 20)
        #expect(wanted.limits.memorySwap == -1)
        #expect(wanted.limits.memoryReservation == 1024)
        #expect(wanted.limits.milliCPUs == 1500)
        #expect(wanted.limits.cpuShares == 512)
        #expect(wanted.limits.cpus == "0-1")
        #expect(wanted.limits.memoryNodes == "0")
        #expect(wanted.limits.pids == 9)
        #expect(wanted.resourceLimits == [.init(name: "nofile", soft: 10, hard: 20)])
        #expect(wanted.security.addedCapabilities == ["NET_ADMIN"])
        #expect(wanted.security.droppedCapabilities == ["ALL"])
        #expect(wanted.security.noNewPrivileges && wanted.security.privileged)
        #expect(wanted.security.seccomp == .unconfined)
        #expect(wanted.stopSignal == "INT")
    }

    @Test func nothingSaidIsNothingSet() throws {
        #expect(try specification("IMAGE") == ContainerSpecification(image: "IMAGE"))
        #expect(try specification("--entrypoint", "", "IMAGE").entrypoint == [])
    }

    @Test func namesAloneTakeTheCallersValue() throws {
        setenv("HAKO_TEST_VALUE", "mine", 1)
        unsetenv("HAKO_TEST_NOTHING")
        let wanted = try specification("-e", "HAKO_TEST_VALUE", "-e", "HAKO_TEST_NOTHING", "IMAGE")
        #expect(wanted.environment == ["HAKO_TEST_VALUE=mine"])
    }

    @Test func environmentFiles() throws {
        let path = "/tmp/hako-env-\(getpid())"
        defer { unlink(path) }
        let file = try #require(fopen(path, "w"))
        fputs("# remark\n\nA=1\n  B=two words\nC=\n", file)
        fclose(file)
        #expect(
            try specification("--env-file", path, "-e", "A=2", "IMAGE").environment == [
                "A=1", "B=two words", "C=", "A=2",
            ])
        let error = #expect(throws: RuntimeError.self) { try specification("--env-file", "/nowhere", "IMAGE") }
        #expect(error?.description.contains("/nowhere") == true)
    }

    @Test(arguments: [
        ["--memory", "much"], ["--memory", "-1"], ["--memory-swap", "x"], ["--cpus", "-1"], ["--cpus", "0"],
        ["--cpus", "nan"], ["--cpu-shares", "1"], ["--pids-limit", "x"], ["--pids-limit", "-2"],
        ["--network", "moon"], ["--ulimit", "nofile"], ["--ulimit", "nofile=2:1"], ["--ulimit", "nofile=a"],
        ["--volume", "/a"], ["--volume", "/a:b"], ["--volume", "/a:/b:purple"], ["--volume", "/a:/b:ro:x"],
        ["--tmpfs", "x"], ["--label", "=x"], ["--security-opt", "apparmor=x"], ["--security-opt", "seccomp=/nowhere"],
    ])
    func whatIsNoneIsNamed(flags: [String]) throws {
        let error = try #require(throws: RuntimeError.self, "\(flags)") {
            try specification(flags[0], flags[1], "IMAGE")
        }
        #expect(error.description.contains(flags[0]), "\(error)")
    }

    @Test func swapIncludesMemory() {
        #expect(throws: RuntimeError.self) { try specification("-m", "64m", "--memory-swap", "32m", "IMAGE") }
    }
}
