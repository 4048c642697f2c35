internal import ContainerService
internal import Support

/// The command line of `hakod`.
struct DaemonOptions: Sendable {
    /// How the host is opened.
    var host = ContainerHost.Options()
    /// Paths of Unix sockets to listen on.
    var sockets: [String] = []
    /// What is logged.
    var level = LogLevel.info
    /// What to print instead of running.
    var answer: String?

    static let help = """
        Usage: hakod [OPTIONS]

        Serves the Docker Engine API on a Unix socket, for docker, its SDKs and hako.

          --data-root DIR          images, containers and volumes (default: /var/lib/hako)
          --state DIR, --exec-root DIR
                                   what does not survive a reboot (default: /run/hako)
          -H, --host unix://PATH   where to listen; may be given several times (default: unix:///run/hako/docker.sock,
                                   or the sockets that systemd passes)
          --runtime NAME=PATH      an OCI runtime that containers may ask for; NAME alone is looked for (default: hako-native)
          --default-runtime NAME   the one that runs containers where nothing is said
          --storage-driver NAME    overlay or native
          --log-level LEVEL        error, warn, info or debug (default: info)
          --version, --help

        """

    /// - Throws: `invalidArgument` that names the option.
    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let word = rest.popFirst() {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            func value() throws -> String {
                if parts.count == 2, word.hasPrefix("--") { return parts[1] }
                guard let next = rest.popFirst() else {
                    throw RuntimeError(.invalidArgument, "\(word): a value must stand behind it")
                }
                return next
            }
            switch parts[0] {
            case "--data-root": host.root = try Self.path(value(), word)
            case "--state", "--exec-root": host.state = try Self.path(value(), word)
            case "-H", "--host": sockets.append(try Self.socket(value()))
            case "--runtime", "--add-runtime": try addRuntime(value())
            case "--default-runtime": host.defaultRuntime = try value()
            case "--storage-driver", "-s": host.storageDriver = try value()
            case "--log-level", "-l": level = try LogLevel(parsing: value())
            case "--version", "-v": answer = "hakod version \(hakoVersion)\n"
            case "--help", "-h": answer = Self.help
            default: throw RuntimeError(.invalidArgument, "unknown option \"\(word)\": see hakod --help")
            }
        }
    }

    private static func path(_ text: String, _ option: String) throws -> String {
        guard text.hasPrefix("/") else {
            throw RuntimeError(.invalidArgument, "\(option): \"\(text)\" is not an absolute path")
        }
        return text.count > 1 && text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    private static func socket(_ text: String) throws -> String {
        guard text.hasPrefix("unix://"), text.utf8.count > 8, text.dropFirst(7).hasPrefix("/") else {
            throw RuntimeError(
                .unsupported, "--host \"\(text)\": only unix:///PATH is there; plain TCP would let anyone be root here")
        }
        return String(text.dropFirst(7))
    }

    private mutating func addRuntime(_ text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard let name = parts.first, !name.isEmpty else {
            throw RuntimeError(.invalidArgument, "--runtime \"\(text)\": not NAME=PATH")
        }
        host.runtimes[name] = try RuntimeLocation.find(parts.count > 1 ? parts[1] : name)
    }
}

/// How much is logged; each level holds those before it.
enum LogLevel: Int, Comparable, Sendable {
    case error, warn, info, debug

    static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }

    init(parsing text: String) throws {
        switch text {
        case "error", "fatal", "panic": self = .error
        case "warn", "warning": self = .warn
        case "info": self = .info
        case "debug", "trace": self = .debug
        default:
            throw RuntimeError(.invalidArgument, "--log-level \"\(text)\": known are error, warn, info and debug")
        }
    }
}
