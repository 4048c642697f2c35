import Foundation
import Testing

/// A home of its own for `hako`: data and state folders, and the calls on them.
final class HakoFixture {
    let home: String
    let images: TestImages
    let name = "hako-test-\(UInt32.random(in: .min ... .max))"
    private let cgroups: Set<String>

    var busybox: String { images.registry + "/busybox" }
    var configured: String { images.registry + "/configured" }

    /// Makes an empty home. Follow it with `defer { hako.finish() }`.
    init() throws {
        images = try TestImages.shared.get()
        home = try makeTemporaryFolder("home")
        cgroups = Set(Residue.cgroups(["/hako/"]))
    }

    /// Removes what `ps` still shows and checks that nothing of a container is left on the machine.
    func finish(at location: SourceLocation = #_sourceLocation) {
        let ids = (try? call(["ps", "--all", "--quiet"]).lines.filter { !$0.isEmpty }) ?? []
        for id in ids { _ = try? call(["rm", "--force", id]) }
        var left: [String] = []
        _ = eventually(within: 3) {
            left = Residue.left(marks: [home], folders: [home + "/state"])
            left += Set(Residue.cgroups(["/hako/"])).subtracting(cgroups)
            return left.isEmpty
        }
        #expect(left.isEmpty, "left behind: \(left)", sourceLocation: location)
        try? FileManager.default.removeItem(atPath: home)
    }

    /// The options with which a call finds this home.
    func options(_ options: Job.Options = Job.Options()) -> Job.Options {
        var options = options
        options.environment["HAKO_ROOT"] = home + "/data"
        options.environment["HAKO_STATE"] = home + "/state"
        return options
    }

    func start(_ arguments: [String], _ options: Job.Options = Job.Options()) throws -> Job {
        try Job([Machine.hako] + arguments, self.options(options))
    }

    func call(_ arguments: [String], _ options: Job.Options = Job.Options()) throws -> Outcome {
        try start(arguments, options).wait(timeout: 60)
    }

    /// `hako run --rm FLAGS busybox sh -c SCRIPT`.
    func run(_ flags: [String], _ script: String, _ options: Job.Options = Job.Options()) throws -> Outcome {
        try call(["run", "--rm"] + flags + [busybox, "sh", "-c", script], options)
    }

    /// The file of a running container's cgroup; there is one container in this home.
    func cgroupFile(_ controller: String, v1: String, v2: String) throws -> String? {
        let id = try call(["ps", "--quiet"]).text
        let base = Machine.hasOnlyCgroup2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/" + controller
        let found = try IntegrationTests.run(["find", base, "-type", "d", "-name", "*\(id)*"]).lines
        let folder = try #require(found.first { !$0.isEmpty && !id.isEmpty }, "no cgroup of \(id) below \(base)")
        return readTrimmed(folder + "/" + (Machine.hasOnlyCgroup2 ? v2 : v1))
    }
}
