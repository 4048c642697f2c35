import Foundation
import Testing

/// A daemon with a home of its own, and docker's CLI for a client.
final class HakodFixture {
    let home: String
    let images: TestImages
    private(set) var daemon: Job
    private let cgroups: Set<String>

    var socket: String { home + "/docker.sock" }
    var busybox: String { images.registry + "/busybox" }

    /// Starts a daemon that has the image busybox. Follow it with `defer { hakod.finish() }`.
    init() throws {
        images = try TestImages.shared.get()
        home = try makeTemporaryFolder("d")
        cgroups = Set(Residue.cgroups(["/hako/"]))
        daemon = try HakodFixture.launch(home)
        let pulled = try docker(["pull", "--quiet", busybox])
        guard pulled.code == 0 else { throw HarnessError("docker pull: \(pulled)\n\(daemon.errors)") }
    }

    private static func launch(_ home: String) throws -> Job {
        let socket = home + "/docker.sock"
        try? FileManager.default.removeItem(atPath: socket)
        let job = try Job(
            [Machine.hakod, "--data-root", home + "/data", "--state", home + "/state", "-H", "unix://" + socket])
        guard eventually(within: 20, { FileManager.default.fileExists(atPath: socket) || job.hasEnded }), !job.hasEnded
        else { throw HarnessError("hakod: \(job.wait(timeout: 0))") }
        return job
    }

    /// Ends the daemon with a signal.
    func end(_ signal: Int32) -> Outcome {
        kill(daemon.pid, signal)
        return daemon.wait(timeout: 20)
    }

    /// Starts the daemon anew over what the last one left.
    func start() throws { daemon = try Self.launch(home) }

    /// A call of docker.
    func docker(_ arguments: [String], input: String = "", timeout: Double = 60) throws -> Outcome {
        try begin(arguments, input: input).wait(timeout: timeout)
    }

    /// A call of docker that goes on.
    func begin(_ arguments: [String], input: String = "") throws -> Job {
        let environment = [
            "DOCKER_HOST": "unix://" + socket, "DOCKER_CONFIG": home + "/config", "DOCKER_BUILDKIT": "0",
            "NO_PROXY": "127.0.0.1",
        ]
        return try Job(
            [Machine.program("docker") ?? "docker"] + arguments, .init(environment: environment, input: input))
    }

    /// `docker run FLAGS --network none busybox sh -c SCRIPT`.
    func run(_ flags: [String], _ script: String, input: String = "") throws -> Outcome {
        try docker(["run", "--network", "none"] + flags + [busybox, "sh", "-c", script], input: input)
    }

    /// Removes every container, ends the daemon, and checks that nothing of a container is left on the machine.
    func finish(at location: SourceLocation = #_sourceLocation) {
        if daemon.hasEnded { try? start() }
        let ids = (try? docker(["ps", "--all", "--quiet"]).lines.filter { !$0.isEmpty }) ?? []
        if !ids.isEmpty { _ = try? docker(["rm", "--force", "--volumes"] + ids) }
        let outcome = end(SIGTERM)
        #expect(outcome.code == 0, "hakod: \(outcome)", sourceLocation: location)
        var left: [String] = []
        _ = eventually(within: 5) {
            left = Residue.left(marks: [home], folders: [home + "/state"])
            left += Set(Residue.cgroups(["/hako/"])).subtracting(cgroups)
            return left.isEmpty
        }
        #expect(left.isEmpty, "left behind: \(left)", sourceLocation: location)
        try? FileManager.default.removeItem(atPath: home)
    }
}
