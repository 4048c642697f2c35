internal import Archive
internal import ContainerService
internal import Dockerfile
internal import Glibc
internal import Linux
internal import ProcessIO
internal import Support

/// Where a build comes from: the Dockerfile and the folder of its context, whatever it was given as.
struct BuildInput {
    let dockerfile: [UInt8]
    let dockerfileName: String
    let context: BuildContext
    /// A folder to remove at the end.
    private var temporary: String?

    /// - Parameter scratch: where archives, downloads and clones are put.
    init(_ text: String, _ options: BuildOptions, scratch: String) throws {
        if text == "-" && options.file == "-" {
            throw RuntimeError(.invalidArgument, "context and Dockerfile can't both be the standard input")
        }
        let kind = Kind(text)
        guard kind != .folder else {
            (context, dockerfile, dockerfileName) = try Self.open(text, options)
            return
        }
        let folder = "\(scratch)/\(String(UInt64.random(in: 0 ... .max), radix: 16))"
        try makeDirectories(folder, mode: 0o700)
        temporary = folder
        do {
            try makeDirectories("\(folder)/context")
            if let own = try Self.fill(text, kind, folder) {
                dockerfile = own
                dockerfileName = text == "-" ? "stdin" : text
                context = BuildContext(try RootDirectory(opening: "\(folder)/context"))
            } else {
                var inner = "\(folder)/context"
                if kind == .git, let hash = text.firstIndex(of: "#"), let colon = text[hash...].firstIndex(of: ":") {
                    inner += "/\(text[text.index(after: colon)...])"
                }
                (context, dockerfile, dockerfileName) = try Self.open(inner, options)
            }
        } catch {
            try? removeTree(folder)
            throw error
        }
    }

    /// Removes what was unpacked.
    func remove() {
        if let temporary { try? removeTree(temporary) }
    }

    private enum Kind {
        case folder, standardInput, address, git

        init(_ text: String) {
            let start = text.prefix { $0 != "#" }
            let isAddress = text.hasPrefix("http://") || text.hasPrefix("https://")
            if text == "-" {
                self = .standardInput
            } else if text.hasPrefix("git://") || text.hasPrefix("git@") || text.hasPrefix("ssh://")
                || (isAddress && start.hasSuffix(".git"))
            {
                self = .git
            } else {
                self = isAddress ? .address : .folder
            }
        }
    }

    /// Opens a folder with its .dockerignore, and its Dockerfile.
    private static func open(_ path: String, _ options: BuildOptions) throws -> (BuildContext, [UInt8], String) {
        if options.file == "-" {
            let text = try Descriptor(owning: dup(0)).readAll(limit: Dockerfile.fileBytes, "standard input")
            return (try folder(path, dockerfile: nil), text, "stdin")
        }
        let root = try attempt("build context \(path)") { try RootDirectory(opening: path) }
        guard let wanted = options.file else {
            let file = try attempt("\(path): no Dockerfile; name one with -f") {
                try root.open("Dockerfile", O_RDONLY | O_NONBLOCK)
            }
            return (try folder(path, dockerfile: "\(path)/Dockerfile"), try read(file), "Dockerfile")
        }
        // A path of the host as docker has it, else one in the context.
        let place = access(wanted, F_OK) == 0 ? wanted : "\(path)/\(wanted)"
        let text = try attempt("Dockerfile \(wanted)") { try readRegularFile(place, limit: Dockerfile.fileBytes) }
        return (try folder(path, dockerfile: place), text, wanted)
    }

    private static func read(_ file: borrowing Descriptor) throws -> [UInt8] {
        var status = stat()
        let raw = file.rawValue
        try check("fstat", "Dockerfile") { fstat(raw, &status) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw RuntimeError(.invalidArgument, "Dockerfile: no regular file")
        }
        return try file.readAll(limit: Dockerfile.fileBytes, "Dockerfile")
    }

    /// A folder without what `FILE.dockerignore`, or its own .dockerignore, leaves out.
    static func folder(_ path: String, dockerfile: String?) throws -> BuildContext {
        let root = try attempt("build context \(path)") { try RootDirectory(opening: path) }
        if let dockerfile, access("\(dockerfile).dockerignore", F_OK) == 0 {
            let text = try readRegularFile("\(dockerfile).dockerignore", limit: IgnoreFile.fileBytes)
            return BuildContext(
                root, ignore: try IgnoreFile(String(decoding: text, as: UTF8.self), file: "\(dockerfile).dockerignore"))
        }
        guard let file = try root.openIfPresent(".dockerignore", O_RDONLY | O_NONBLOCK) else {
            return BuildContext(root)
        }
        let text = try file.readAll(limit: IgnoreFile.fileBytes, ".dockerignore")
        return BuildContext(root, ignore: try IgnoreFile(String(decoding: text, as: UTF8.self)))
    }

    /// Fills `FOLDER/context`; returns the Dockerfile where the input is one and no archive.
    private static func fill(_ text: String, _ kind: Kind, _ folder: String) throws -> [UInt8]? {
        if kind == .git {
            try GitClone.clone(text, into: "\(folder)/context")
            return nil
        }
        let file = "\(folder)/input"
        if kind == .address {
            try Downloads.fetch(text, to: file)
        } else {
            try copyInput(to: file)
        }
        let input = try Descriptor.open(file, O_RDONLY)
        guard try isArchive(file) else { return try input.readAll(limit: Dockerfile.fileBytes, text) }
        try attempt("unpack the build context") {
            _ = try LayerExtractor.extract(input, into: try RootDirectory(opening: "\(folder)/context"))
        }
        return nil
    }

    private static func copyInput(to path: String) throws {
        let input = Descriptor(owning: try check("dup") { dup(0) })
        let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
        while true {
            let part = try input.readSome(1 << 18, "standard input")
            if part.isEmpty { return }
            try file.writeAll(part, path)
        }
    }

    private static func isArchive(_ path: String) throws -> Bool {
        let file = try Descriptor.open(path, O_RDONLY)
        guard let reader = try? TarReader(file), let entry = try? reader.next() else { return false }
        return !entry.name.isEmpty
    }
}

/// Repositories, through the program git.
enum GitClone {
    /// Clones `ADDRESS[#REF[:FOLDER]]`.
    static func clone(_ text: String, into folder: String) throws {
        let parts = text.split(separator: "#", maxSplits: 1).map(String.init)
        let reference =
            parts.count > 1
            ? parts[1].split(separator: ":", omittingEmptySubsequences: false).first.map(String.init) ?? "" : ""
        let places = ["/usr/bin/git", "/usr/local/bin/git", "/bin/git"]
        guard let program = places.first(where: { access($0, X_OK) == 0 }) else {
            throw RuntimeError(.unsupported, "\(text): a repository needs the program git, which is not installed")
        }
        for word in [parts[0], reference] where word.hasPrefix("-") {
            throw RuntimeError(.invalidArgument, "\(text): begins with a dash")
        }
        try run(program, ["init", "--quiet", folder], text)
        try run(
            program,
            ["-C", folder, "fetch", "--quiet", "--depth", "1", "--", parts[0], reference.isEmpty ? "HEAD" : reference],
            text)
        try run(program, ["-C", folder, "-c", "advice.detachedHead=false", "checkout", "--quiet", "FETCH_HEAD"], text)
        try removeTree("\(folder)/.git")
    }

    private static func run(_ program: String, _ arguments: [String], _ text: String) throws {
        let home = getenv("HOME").map { String(cString: $0) } ?? "/root"
        var child = ChildProgram(
            path: program, arguments: arguments,
            environment: ["PATH=/usr/local/bin:/usr/bin:/bin", "HOME=\(home)", "GIT_TERMINAL_PROMPT=0"])
        child.error = 2
        let status = try waitForChild(child.spawn())
        guard status == .exited(0) else {
            throw RuntimeError(.unavailable, "\(text): git \(arguments[0]) failed with code \(status.code)")
        }
    }
}
