import Glibc
import Linux
import Support
import Synchronization

/// Runs a program to its end, its output dropped or kept in `output`.
@discardableResult
func runProgram(_ words: [String], output: String = "/dev/null") throws -> Int32 {
    let pid = try startProgram(words, output: output)
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
}

/// Starts a program with its output in a file.
func startProgram(_ words: [String], output: String) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_addopen(&actions, 2, output, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var pid: pid_t = 0
    let code = posix_spawnp(&pid, words[0], &actions, nil, &arguments, environ)
    if code != 0 { throw SystemCallError("posix_spawnp", errno: code, subject: words[0]) }
    return pid
}

/// Whether all of the programs are installed.
func areInstalled(_ programs: String...) -> Bool {
    programs.allSatisfy { program in
        ["/usr/bin", "/bin", "/usr/sbin", "/usr/local/bin"].contains { access("\($0)/\(program)", X_OK) == 0 }
    }
}

/// A folder of the test's own with an image in a layout, `layout:box`, and perhaps a registry.
final class ImageWorld {
    let folder: String
    let port: Int
    private var registry: pid_t = 0

    /// Makes the folder.
    init() throws {
        folder = "/tmp/hako-images-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        port = 20000 + Int.random(in: 0..<20000)
        try makeDirectories(folder)
    }

    deinit {
        if registry > 0 {
            kill(registry, SIGKILL)
            waitpid(registry, nil, 0)
        }
        try? removeTree(folder)
    }

    /// Debian's registry on loopback.
    func startRegistry() throws {
        let text = """
            version: 0.1
            storage: {filesystem: {rootdirectory: \(folder)/registry}}
            http: {addr: "127.0.0.1:\(port)"}
            """
        try writeAtomically(Array(text.utf8), to: "\(folder)/registry.yml")
        registry = try startProgram(
            ["docker-registry", "serve", "\(folder)/registry.yml"], output: "\(folder)/registry.log")
        for _ in 0..<200 {
            if isListening() { return }
            usleep(50_000)
        }
        throw RuntimeError(
            .timeout, "docker-registry does not listen: \((try? readText("\(folder)/registry.log")) ?? "")")
    }

    private func isListening() -> Bool {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
