internal import ContainerService
internal import Glibc
internal import Support

/// `-v` and `--tmpfs` as docker reads them.
enum VolumeText {
    typealias Mount = ContainerSpecification.VolumeMount

    private static let known: Set<String> = [
        "ro", "rw", "private", "rprivate", "shared", "rshared", "slave", "rslave", "bind", "rbind", "nosuid", "suid",
        "nodev", "dev", "noexec", "exec",
    ]

    /// `SRC:DST[:OPTIONS]`; a source that begins with `/` or `.` is a folder of the host, any other a named volume.
    static func mount(_ text: String) throws -> Mount {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else {
            throw RuntimeError(.invalidArgument, "--volume \"\(text)\": not SRC:DST[:OPTIONS]")
        }
        let options = try parts.count == 3 ? self.options(parts[2], text) : []
        guard parts[1].hasPrefix("/") else {
            throw RuntimeError(.invalidArgument, "--volume \"\(text)\": \(parts[1]) is not an absolute path")
        }
        return Mount(source: try source(parts[0]), destination: normal(parts[1]), options: options)
    }

    /// `DST[:OPTIONS]`.
    static func memory(_ text: String) throws -> Mount {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let destination = parts.first, destination.hasPrefix("/") else {
            throw RuntimeError(.invalidArgument, "--tmpfs \"\(text)\": not an absolute path")
        }
        let options = parts.count > 1 ? parts[1].split(separator: ",").map(String.init) : []
        return Mount(source: .memory, destination: normal(destination), options: options)
    }

    private static func options(_ list: String, _ text: String) throws -> [String] {
        // z and Z relabel for SELinux, which is not applied here; docker accepts them everywhere.
        let words = list.split(separator: ",").map(String.init).filter { $0 != "z" && $0 != "Z" }
        for word in words where !known.contains(word) {
            throw RuntimeError(.invalidArgument, "--volume \"\(text)\": unknown option \"\(word)\"")
        }
        return words
    }

    private static func source(_ text: String) throws -> Mount.Source {
        if text.hasPrefix("/") { return .bind(path: text, create: true) }
        guard text.hasPrefix(".") else { return .volume(name: text) }
        guard let here = getcwd(nil, 0) else {
            throw RuntimeError(.notFound, "--volume \(text): the current folder is gone")
        }
        defer { free(here) }
        return .bind(path: normal("\(String(cString: here))/\(text)"), create: true)
    }

    /// Without empty steps, `.` and `..`.
    static func normal(_ path: String) -> String {
        var steps: [Substring] = []
        for step in path.split(separator: "/") where step != "." {
            if step == ".." { _ = steps.popLast() } else { steps.append(step) }
        }
        return "/" + steps.joined(separator: "/")
    }
}
