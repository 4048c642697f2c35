import Glibc
import Linux
import OCISpec
import ProcessIO
import Snapshots
import Support
import Testing

@testable import ContainerService

/// A snapshotter with one layer that holds a busybox.
private func busyboxSnapshots(_ folder: String) throws -> OverlaySnapshotter {
    let snapshotter = try OverlaySnapshotter(root: folder)
    try snapshotter.commitLayer("sha256:busybox", lowers: []) { root, _ in
        let base = "/proc/self/fd/\(root.descriptor.rawValue)"
        for name in ["bin", "etc", "proc", "dev", "sys", "tmp"] { try makeDirectories("\(base)/\(name)") }
        try writeAtomically(readFile("/bin/busybox"), to: "\(base)/bin/busybox", mode: 0o755, durable: false)
        for name in ["sh", "true", "sleep", "cat", "id", "hostname", "stty", "kill"] {
            symlink("busybox", "\(base)/bin/\(name)")
        }
        try writeAtomically(Array("not a program".utf8), to: "\(base)/bin/text", mode: 0o644, durable: false)
    }
    return snapshotter
}

private let runtimePath: String? = ["/usr/sbin/runc", "/usr/bin/runc"].first { (path: String) in access(path, X_OK) == 0
}
private let canRun = getuid() == 0 && runtimePath != nil && access("/bin/busybox", X_OK) == 0

@Suite(.serialized, .enabled(if: canRun, "needs root, runc and busybox"))
struct ContainerServiceTests {
    let folder: TemporaryFolder
    let service: ContainerService
    let image = ContainerImage(reference: "busybox", identifier: "sha256:0", layers: ["sha256:busybox"])

    init() throws {
        folder = try TemporaryFolder()
        service = try Self.makeService(folder.path)
    }

    static func makeService(_ path: String) throws -> ContainerService {
        let runtime = RuntimeClient(path: try #require(runtimePath), stateFolder: "\(path)/run/runtime")
        return try ContainerService(
            folders: .init(root: "\(path)/lib", state: "\(path)/run"), runtime: runtime,
            snapshots: OverlayRoots(busyboxSnapshots("\(path)/snapshots")))
    }

    /// Runs a script and gives back its status and output.
    func run(
        _ script: String, _ change: (inout ContainerSpecification) -> Void = { _ in }
    ) throws -> (ProcessIO.ExitStatus, String) {
        var specification = ContainerSpecification(image: "busybox")
        specification.command = ["/bin/sh", "-c", script]
        specification.removesItself = true
        change(&specification)
        let outputPath = "\(folder.path)/output"
        let output = try Descriptor.open(outputPath, O_RDWR | O_CREAT | O_TRUNC, mode: 0o600)
        let container = try service.create(specification, image: image)
        try service.start(container, io: .init(input: nil, output: output.rawValue, error: output.rawValue))
        let status = try service.wait(container, signals: SignalPipe([]), input: nil, output: output.rawValue)
        return (status, String(decoding: try readFile(outputPath), as: UTF8.self))
    }

    func expectNothingLeft(_ place: SourceLocation = #_sourceLocation) throws {
        #expect(try service.list() == [], sourceLocation: place)
        for path in ["lib/containers", "run/bundles", "run/runtime", "snapshots/snapshots", "snapshots/temporary"] {
            let names = (try? directoryEntries("\(folder.path)/\(path)")) ?? []
            #expect(names.filter { !$0.hasPrefix(".") } == [], "\(path)", sourceLocation: place)
        }
        let mounts = try readText("/proc/self/mounts")
        #expect(!mounts.contains(folder.path), sourceLocation: place)
    }

    @Test func outputExitCodeAndNothingLeft() throws {
        let (status, text) = try run("echo out; echo err >&2; hostname; cat; exit 7") { $0.hostname = "inside" }
        #expect(status == .exited(7))
        #expect(text == "out\nerr\ninside\n")
        try expectNothingLeft()
    }

    @Test func terminal() throws {
        let (status, text) = try run("test -t 0 && test -t 2 && echo tty; exit 3") { $0.terminal = true }
        #expect(status == .exited(3))
        #expect(text == "tty\r\n")
        try expectNothingLeft()
    }

    @Test func userWorkingFolderAndFiles() throws {
        let (status, text) = try run("id -u; pwd; cat /etc/hostname; echo $HOME $A") {
            $0.user = "1234"
            $0.workingFolder = "/new/folder"
            $0.hostname = "box"
            $0.environment = ["A=b"]
        }
        #expect(text == "1234\n/new/folder\nbox\n/ b\n")
        #expect(status == .exited(0))
    }

    @Test func volumesAndBindMounts() throws {
        let source = "\(folder.path)/made/for/it"
        let mounts: [ContainerSpecification.VolumeMount] = [
            .init(source: .bind(path: source, create: true), destination: "/data"),
            .init(source: .volume(name: "keep"), destination: "/keep"),
            .init(source: .memory, destination: "/mem"),
        ]
        let (status, _) = try run("echo a >/data/f; echo b >/keep/f; echo c >/mem/f") { $0.mounts = mounts }
        #expect(status == .exited(0))
        #expect(try readText("\(source)/f") == "a")
        #expect(try readText("\(folder.path)/lib/volumes/keep/_data/f") == "b")
        try expectNothingLeft()
    }

    @Test(arguments: [("/nowhere", 127), ("/bin/text", 126), ("/bin", 126)] as [(String, Int32)])
    func whatCanNotBeExecuted(program: String, code: Int32) throws {
        var specification = ContainerSpecification(image: "busybox")
        specification.command = [program]
        let null = try Descriptor.open("/dev/null", O_RDWR)
        let io = RuntimeClient.StandardIO(input: nil, output: null.rawValue, error: null.rawValue)
        let container = try service.create(specification, image: image)
        let error = #expect(throws: RuntimeError.self) { try service.start(container, io: io) }
        #expect(ContainerService.exitCode(ofStartFailure: try #require(error)) == code, "\(String(describing: error))")
        guard case .exited(let ending) = container.record.lifecycle else {
            Issue.record("not exited: \(container.record.lifecycle)")
            return
        }
        #expect(ending.code == code)
        try service.remove(container)
        try expectNothingLeft()
    }

    @Test func namesAreUniqueAndFound() throws {
        var specification = ContainerSpecification(image: "busybox")
        specification.command = ["/bin/true"]
        specification.name = "only"
        let container = try service.create(specification, image: image)
        let error = #expect(throws: RuntimeError.self) { try service.create(specification, image: image) }
        #expect(error?.code == .alreadyExists)
        #expect(try service.find("only").id == container.record.id)
        #expect(try service.find(container.record.shortID).name == "only")
        #expect(throws: RuntimeError.self) { try service.find("nothing") }
        try service.remove(container)
        try expectNothingLeft()
    }

    @Test func runsAgainWithWhatItWrote() throws {
        var specification = ContainerSpecification(image: "busybox")
        specification.command = ["/bin/sh", "-c", "test -e /tmp/mark && exit 5; echo x >/tmp/mark"]
        let container = try service.create(specification, image: image)
        let io = RuntimeClient.StandardIO(input: nil, output: nil, error: nil)
        try service.start(container, io: io)
        #expect(try service.wait(container, signals: SignalPipe([]), input: nil, output: 1) == .exited(0))
        try service.start(container, io: io)
        #expect(try service.wait(container, signals: SignalPipe([]), input: nil, output: 1) == .exited(5))
        try service.remove(container)
        try expectNothingLeft()
    }

    /// A program that dies while its container runs leaves the owner lock free: the next one cleans up.
    @Test(arguments: [true, false]) func recovery(ephemeral: Bool) throws {
        var specification = ContainerSpecification(image: "busybox")
        specification.command = ["/bin/sleep", "1000"]
        specification.removesItself = ephemeral
        var id = ""
        var pid: Int32 = 0
        do {
            let container = try service.create(specification, image: image)
            try service.start(container, io: .init(input: nil, output: nil, error: nil))
            id = container.record.id
            guard case .running(let number, _) = container.record.lifecycle else { return }
            pid = number
            // It is looked after: nothing to recover, and no way to remove it gently.
            #expect(try service.recover().recovered == [])
            #expect(throws: RuntimeError.self) { try service.remove(id, force: false) }
        }
        let result = try service.recover()
        #expect(result.recovered.count == 1)
        #expect(result.failures.isEmpty, "\(result.failures)")
        #expect(try waitForChild(pid) == .signalled(9))
        if !ephemeral {
            guard case .exited(let ending) = try service.find(id).lifecycle else {
                Issue.record("not exited")
                return
            }
            #expect(ending.code == 137)
            try service.remove(id, force: false)
        }
        try expectNothingLeft()
    }

    @Test func previewLeavesNothing() throws {
        var specification = ContainerSpecification(image: "busybox")
        specification.command = ["/bin/true"]
        let document = try service.preview(specification, image: image)
        #expect(document.process?.args == ["/bin/true"])
        try expectNothingLeft()
    }
}
