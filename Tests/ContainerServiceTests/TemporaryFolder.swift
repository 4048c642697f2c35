import Glibc
import Linux

/// A folder that goes with its owner.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = "/tmp/hako-test-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        try makeDirectories(path, mode: 0o700)
    }

    func makeFIFO(_ name: String) throws {
        unlink("\(path)/\(name)")
        try check("mkfifo", name) { mkfifo("\(path)/\(name)", 0o600) }
    }

    func link(_ name: String, to target: String) throws {
        unlink("\(path)/\(name)")
        try check("symlink", name) { symlink(target, "\(path)/\(name)") }
    }

    deinit {
        try? removeTree(path)
    }
}
