import Foundation
import Testing

/// One container of the runtime under test: a bundle, an id, a state folder of its own, and the calls on them.
final class RuntimeFixture {
    let id = "hako-test-\(UInt32.random(in: .min ... .max))"
    let state: String
    var bundle: Bundle
    var config: Document {
        get { bundle.config }
        set { bundle.config = newValue }
    }

    /// Makes a bundle whose process is a shell that runs `script`. Follow it with `defer { container.finish() }`.
    init(_ script: String) throws {
        state = try makeTemporaryFolder("state")
        bundle = try Bundle(cgroup: "/\(id)", command: Bundle.script(script))
    }

    /// Deletes the container and checks that nothing of it is left on the machine.
    func finish(at location: SourceLocation = #_sourceLocation) {
        _ = try? call(["delete", "--force", id])
        let left = Residue.left(marks: [id, bundle.folder], folders: [state])
        #expect(left.isEmpty, "left behind: \(left)", sourceLocation: location)
        bundle.remove()
        try? FileManager.default.removeItem(atPath: state)
    }

    /// Calls the runtime with its state in this fixture's folder, inside the bundle.
    func call(_ arguments: [String], _ options: Job.Options = Job.Options(), timeout: Double = 30) throws -> Outcome {
        try start(arguments, options).wait(timeout: timeout)
    }

    /// Starts a call of the runtime, without waiting for its end.
    func start(_ arguments: [String], _ options: Job.Options = Job.Options()) throws -> Job {
        var options = options
        options.folder = bundle.folder
        return try Job([Machine.runtime, "--root", state] + arguments, options)
    }

    /// Writes config.json and runs the container to its end.
    func run(_ options: Job.Options = Job.Options()) throws -> Outcome {
        try bundle.write()
        return try call(["run", "--bundle", bundle.folder, id], options)
    }

    /// Writes config.json and creates the container; returns the call, whose output the container goes on writing to.
    func create(_ arguments: [String] = [], at location: SourceLocation = #_sourceLocation) throws -> Job {
        try bundle.write()
        let job = try start(["create", "--bundle", bundle.folder] + arguments + [id])
        let outcome = job.wait(timeout: 30)
        try #require(outcome.code == 0, "create: \(outcome)", sourceLocation: location)
        return job
    }

    /// What `state` prints.
    func stateDocument() throws -> Document { Document(json: try call(["state", id]).output) ?? .null }

    var status: String? { try? stateDocument()["status"].text }

    /// Creates and starts the container; returns the job that holds its output.
    func startContainer(at location: SourceLocation = #_sourceLocation) throws -> Job {
        let job = try create(at: location)
        let outcome = try call(["start", id])
        try #require(outcome.code == 0, "start: \(outcome)", sourceLocation: location)
        return job
    }

    /// A file of the container's cgroup, read through the host's view of its process.
    func cgroupFile(_ controller: String, v1: String, v2: String) throws -> String? {
        let pid = try #require(try stateDocument()["pid"].number)
        let memberships = try #require(readText("/proc/\(pid)/cgroup")).split(separator: "\n")
        for membership in memberships {
            let parts = membership.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            if Machine.hasOnlyCgroup2, parts[1].isEmpty {
                return readTrimmed("/sys/fs/cgroup\(parts[2])/\(v2)")
            }
            if parts[1].split(separator: ",").contains(Substring(controller)) {
                return readTrimmed("/sys/fs/cgroup/\(controller)\(parts[2])/\(v1)")
            }
        }
        return nil
    }
}
