import Foundation
import Testing

/// A failure of the test harness itself.
struct HarnessError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// What the machine offers to the tests, and where the programs under test are.
enum Machine {
    static let isRoot = getuid() == 0
    /// Why nothing of this can run without root, in the words that a skipped test shows.
    static let needsRoot: Comment = "needs root: makes namespaces, mounts and cgroups"

    /// The folder of the built programs: `$HAKO_BIN_DIR`, else the package's release build.
    static let programs: String = variable("HAKO_BIN_DIR") ?? package + "/.build/release"
    /// The OCI runtime under test: `$HAKO_RUNTIME_UNDER_TEST` (a path), else the built hako-native.
    static let runtime: String = variable("HAKO_RUNTIME_UNDER_TEST") ?? programs + "/hako-native"
    /// The built command line program.
    static let hako: String = programs + "/hako"

    /// The built daemon.
    static let hakod: String = programs + "/hakod"
    /// The built program that looks after a container.
    static let shim: String = programs + "/hako-shim"

    /// The runtime under test is ours, so that the exact texts of its errors can be asked for too.
    static let runtimeIsOurs = runtime.hasSuffix("/hako-native")
    /// The programs are there; where somebody said where they are they must be, so that none is skipped by mistake.
    static let hasRuntime = isProgram(runtime) || variable("HAKO_BIN_DIR") != nil
    static let hasHako = isProgram(hako) || variable("HAKO_BIN_DIR") != nil
    static let hasHakod = isProgram(hakod) || variable("HAKO_BIN_DIR") != nil
    static let hasShim = hasRuntime && (isProgram(shim) || variable("HAKO_BIN_DIR") != nil)
    static let needsPrograms: Comment = "needs the built programs: make build, or set HAKO_BIN_DIR"

    /// The folder of the package.
    static let package: String = URL(fileURLWithPath: #filePath).pathComponents.dropLast(4).joined(separator: "/")
        .replacingOccurrences(of: "//", with: "/")

    /// Cgroup v2 alone, as on a current distribution; else version 1's controllers are mounted.
    static let hasOnlyCgroup2 = FileManager.default.fileExists(atPath: "/sys/fs/cgroup/cgroup.controllers")

    /// Whether containers can be frozen: version 2 always can, version 1 where the controller is mounted.
    static let canFreeze = hasOnlyCgroup2 || FileManager.default.fileExists(atPath: "/sys/fs/cgroup/freezer")

    /// An installed program's path.
    static func program(_ name: String) -> String? {
        ["/usr/local/bin/", "/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/"].map { $0 + name }.first(where: isProgram)
    }

    static func isProgram(_ path: String) -> Bool { FileManager.default.isExecutableFile(atPath: path) }
    private static func variable(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }
}

/// Asks `condition` again and again until it holds or `seconds` have passed; returns its last answer.
func eventually(within seconds: Double = 10, _ condition: () throws -> Bool) rethrows -> Bool {
    let end = Date().addingTimeInterval(seconds)
    while try !condition() {
        if Date() >= end { return false }
        usleep(2000)
    }
    return true
}

/// A new folder that everybody may pass through, so that a user namespace's root can reach a rootfs in it.
func makeTemporaryFolder(_ purpose: String) throws -> String {
    var template = Array("/tmp/hako-test-\(purpose)-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw HarnessError("mkdtemp: \(errno)") }
    let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    chmod(path, 0o755)
    return path
}

/// A file's text; nil where it can't be read. Works on the files of /proc and of cgroups, whose size is 0.
func readText(_ path: String) -> String? {
    guard let file = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? file.close() }
    guard let data = try? file.readToEnd() else { return "" }
    return String(decoding: data, as: UTF8.self)
}

/// A file's text without white space at its ends.
func readTrimmed(_ path: String) -> String? { readText(path)?.trimmingCharacters(in: .whitespacesAndNewlines) }
