import CHarness
import Foundation

/// What a finished program left: its exit code (128 + n for signal n) and what it wrote.
struct Outcome: CustomStringConvertible {
    let code: Int32
    let output: String
    let errors: String
    let timedOut: Bool

    /// The output without white space at its ends.
    var text: String { output.trimmingCharacters(in: .whitespacesAndNewlines) }
    /// The output's lines.
    var lines: [String] { text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }
    var description: String { "code \(code)\(timedOut ? " (timed out)" : "")\n--- out\n\(output)--- err\n\(errors)" }
}

/// A program that a test started. Its output goes to files, so that waiting for it never waits for a container
/// that it left behind with the same stdout.
final class Job {
    /// How a program is started.
    struct Options {
        var environment: [String: String] = [:]
        var folder = "/"
        /// What stdin reads; nothing by default.
        var input = ""
        /// Descriptors that become 3, 4, …; every other one is closed.
        var descriptors: [Int32] = []
        /// A terminal's path: it becomes stdin, stdout, stderr and the controlling terminal.
        var terminal: String?
    }

    let pid: pid_t
    private let folder: String
    private var status: Int32?

    /// Starts `arguments[0]` in a session of its own.
    init(_ arguments: [String], _ options: Options = Options()) throws {
        folder = try makeTemporaryFolder("job")
        try options.input.write(toFile: folder + "/in", atomically: false, encoding: .utf8)
        var environment = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"]
        environment.merge(options.environment) { $1 }
        pid = try Job.spawn(arguments, environment.map { "\($0)=\($1)" }, options, folder)
    }

    deinit {
        if status == nil { _ = wait(timeout: 0) }
        try? FileManager.default.removeItem(atPath: folder)
    }

    private static func spawn(
        _ arguments: [String], _ environment: [String], _ options: Options, _ folder: String
    ) throws -> pid_t {
        let texts = [options.folder, folder + "/in", folder + "/out", folder + "/err", options.terminal ?? ""]
        let pid = withStrings(arguments) { arguments in
            withStrings(environment) { environment in
                withStrings(texts) { texts in
                    options.descriptors.withUnsafeBufferPointer { kept in
                        var program = ch_program(
                            arguments: arguments, environment: environment, folder: texts[0], input: texts[1],
                            output: texts[2], errors: texts[3], terminal: options.terminal == nil ? nil : texts[4],
                            kept: kept.baseAddress, kept_count: kept.count)
                        return ch_start(&program)
                    }
                }
            }
        }
        guard pid > 0 else { throw HarnessError("\(arguments[0]): \(String(cString: strerror(errno)))") }
        return pid
    }

    /// Whether the program has ended.
    var hasEnded: Bool {
        if status == nil {
            var raw: Int32 = 0
            if waitpid(pid, &raw, WNOHANG) == pid { status = raw }
        }
        return status != nil
    }

    /// Waits for the end; kills the program's session when `timeout` seconds have passed.
    func wait(timeout: Double = 60) -> Outcome {
        var timedOut = false
        if !eventually(within: timeout, { hasEnded }) {
            timedOut = true
            kill(-pid, SIGKILL)
            _ = eventually(within: 5) { hasEnded }
        }
        let raw = status ?? 0
        let signal = raw & 0x7f
        return Outcome(
            code: signal == 0 ? (raw >> 8) & 0xff : 128 + signal, output: output, errors: errors, timedOut: timedOut)
    }

    /// What has been written to stdout so far, by the program and by those that inherited it.
    var output: String { readText(folder + "/out") ?? "" }
    /// What has been written to stderr so far.
    var errors: String { readText(folder + "/err") ?? "" }
}

/// Runs a program to its end.
func run(_ arguments: [String], _ options: Job.Options = Job.Options(), timeout: Double = 60) throws -> Outcome {
    try Job(arguments, options).wait(timeout: timeout)
}

/// Calls `body` with a null-terminated array of C strings.
private func withStrings<T>(_ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> T) -> T
{
    var copies = strings.map { strdup($0) } + [nil]
    defer { copies.forEach { free($0) } }
    return copies.withUnsafeMutableBufferPointer { buffer in
        guard let first = buffer.baseAddress else { preconditionFailure("an array with a terminator is not empty") }
        return body(first)
    }
}
