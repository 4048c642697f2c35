import Support
import Testing

@testable import ContainerService

@Suite struct ContainerRecordTests {
    func record(_ lifecycle: ContainerLifecycle) -> ContainerRecord {
        var specification = ContainerSpecification(image: "busybox")
        specification.name = "box"
        specification.entrypoint = ["/bin/sh", "-c"]
        specification.command = ["echo \"hi\"", "é"]
        specification.environment = ["A=1", "B="]
        specification.workingFolder = "/w"
        specification.user = "me:us"
        specification.hostname = "h"
        specification.labels = ["a": "b"]
        specification.terminal = true
        specification.interactive = true
        specification.readOnlyRoot = true
        specification.network = .host
        specification.mounts = [
            .init(source: .bind(path: "/a", create: true), destination: "/b", options: ["ro"]),
            .init(source: .volume(name: "v1"), destination: "/c"),
            .init(source: .memory, destination: "/d", options: ["size=1m"]),
        ]
        specification.limits.memory = 64 << 20
        specification.limits.memorySwap = -1
        specification.limits.memoryReservation = 1
        specification.limits.milliCPUs = 1500
        specification.limits.cpuShares = 512
        specification.limits.cpus = "0-1"
        specification.limits.memoryNodes = "0"
        specification.limits.pids = 10
        specification.resourceLimits = [.init(name: "nofile", soft: 1, hard: .max)]
        specification.security.addedCapabilities = ["NET_ADMIN"]
        specification.security.droppedCapabilities = ["ALL"]
        specification.security.noNewPrivileges = true
        specification.security.privileged = true
        specification.security.seccomp = .profile(Array("{}".utf8))
        specification.stopSignal = "SIGINT"
        specification.removesItself = true
        return ContainerRecord(
            id: String(repeating: "a", count: 64), name: "box", created: 12, imageIdentifier: "sha256:1",
            specification: specification, lifecycle: lifecycle)
    }

    @Test(arguments: [
        ContainerLifecycle.preparing, .created, .starting, .running(pid: 4, since: 2), .removing,
        .exited(.init(code: 1, at: 2, reason: "why")), .exited(.init(code: 0, at: 2)),
    ])
    func roundTrip(lifecycle: ContainerLifecycle) throws {
        let before = record(lifecycle)
        #expect(try ContainerRecord(json: before.json()) == before)
    }

    @Test func seccompKinds() throws {
        for kind in [ContainerSpecification.Security.Seccomp.standard, .unconfined] {
            var specification = ContainerSpecification(image: "x")
            specification.security.seccomp = kind
            let before = ContainerRecord(
                id: "i", name: "n", created: 0, imageIdentifier: "", specification: specification, lifecycle: .created)
            #expect(try ContainerRecord(json: before.json()).specification.security.seccomp == kind)
        }
    }

    @Test func newerOrBrokenRecordsAreErrors() throws {
        let newer = Array(#"{"formatVersion":2,"id":"a"}"#.utf8)
        #expect(throws: RuntimeError.self) { try ContainerRecord(json: newer) }
        var bytes = record(.created).json()
        bytes.removeLast(5)
        #expect(throws: (any Error).self) { try ContainerRecord(json: bytes) }
    }
}
