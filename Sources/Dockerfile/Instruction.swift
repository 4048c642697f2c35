/// One instruction of a Dockerfile, taken apart. Variables in it are as they were written; whoever carries it out
/// replaces them by ``ShellLexer``, in the words that ``Kind`` says.
public struct Instruction: Sendable {
    /// What it does.
    public let kind: Kind
    /// The keyword, in capitals.
    public let keyword: String
    /// The whole instruction on one line, as it was written.
    public let text: String
    /// Its first line in the file, from 1; in an ONBUILD trigger of an image, 1.
    public let line: Int
    /// Its last line.
    public let lastLine: Int
    /// The first line as it stands in the file.
    public let source: String

    /// The instructions. "Expanded" says which words' variables are to be replaced.
    public enum Kind: Sendable, Equatable {
        /// FROM is the head of a ``Stage``; here it never stands.
        case arguments([Argument])
        /// ENV; values expanded.
        case environment([Pair])
        /// LABEL; names and values expanded.
        case labels([Pair])
        /// MAINTAINER, which newer files say by a label.
        case maintainer(String)
        /// RUN; mounts expanded, the command not.
        case run(RunInstruction)
        /// CMD; not expanded.
        case command(CommandForm)
        /// ENTRYPOINT; not expanded.
        case entrypoint(CommandForm)
        /// COPY and ADD; everything expanded.
        case copy(CopyInstruction)
        /// WORKDIR; expanded.
        case workingFolder(String)
        /// USER; expanded.
        case user(String)
        /// EXPOSE; expanded, each word may become several.
        case expose([String])
        /// VOLUME; expanded.
        case volumes([String])
        /// STOPSIGNAL; expanded.
        case stopSignal(String)
        /// SHELL; not expanded.
        case shell([String])
        /// HEALTHCHECK; not expanded.
        case healthcheck(Healthcheck)
        /// ONBUILD: the instruction's text for later.
        case onBuild(String)
    }

    /// The place of this instruction, for an error that its execution meets.
    public func error(_ reason: String, file: String, word: String? = nil) -> DockerfileError {
        DockerfileError(reason, file: file, line: line, text: source, range: Instruction.range(of: word, in: source))
    }

    /// Where a word stands in a line, or its keyword where there is none.
    static func range(of word: String?, in line: String) -> Range<Int> {
        let characters = Array(line)
        let start = characters.prefix { $0 == " " || $0 == "\t" }.count
        let keyword = start..<(start + characters[start...].prefix { $0 != " " && $0 != "\t" }.count)
        guard let word, !word.isEmpty else { return keyword }
        let wanted = Array(word)
        guard characters.count >= wanted.count else { return keyword }
        for place in start...(characters.count - wanted.count) where characters[place] == wanted[0] {
            if characters[place..<(place + wanted.count)].elementsEqual(wanted) {
                return place..<(place + wanted.count)
            }
        }
        return keyword
    }
}

/// A name and its value, both with the quotes that they were written with.
public struct Pair: Sendable, Equatable {
    /// The name.
    public var name: String
    /// The value.
    public var value: String
}

/// One name of an ARG; the value, if any, is expanded.
public struct Argument: Sendable, Equatable {
    /// The name.
    public var name: String
    /// The default.
    public var value: String?
}

/// A command as words, or as a line for a shell.
public enum CommandForm: Sendable, Equatable {
    /// `["program", "argument"]`.
    case exec([String])
    /// A line for the shell of SHELL.
    case shell(String)
}

/// RUN.
public struct RunInstruction: Sendable, Equatable {
    /// What is run.
    public var command: CommandForm
    /// Here-documents of a shell line.
    public var heredocs: [Heredoc] = []
    /// What is mounted for this instruction only.
    public var mounts: [RunMount] = []
    /// `default`, `none` or `host`.
    public var network = "default"
    /// `sandbox`, or `insecure`, which stands for all privileges.
    public var security = "sandbox"
}

/// `RUN --mount=…`; the texts are expanded.
public struct RunMount: Sendable, Equatable {
    /// What is mounted.
    public enum Kind: String, Sendable, CaseIterable {
        case bind, cache, tmpfs, secret, ssh
    }

    /// Whether others may use a cache at the same time.
    public enum Sharing: String, Sendable, CaseIterable {
        case shared, `private`, locked
    }

    /// What is mounted.
    public var kind = Kind.bind
    /// Where; empty for a secret's own place.
    public var target = ""
    /// The folder in `from` or the context that is shown.
    public var source = ""
    /// A stage, an image or a named context; empty is the build context, or an empty folder for a cache.
    public var from = ""
    /// The identity of a cache or a secret; empty is the target.
    public var identifier = ""
    /// The variable that gets a secret's text.
    public var variable: String?
    /// Whether it can't be written; nil is the kind's own default.
    public var isReadOnly: Bool?
    /// For caches.
    public var sharing = Sharing.shared
    /// Whether a missing secret is an error.
    public var isRequired = false
    /// Permission bits; nil is 0755 for a cache and 0400 for a secret.
    public var mode: UInt32?
    /// Owner.
    public var uid: UInt32 = 0
    /// Group.
    public var gid: UInt32 = 0
    /// Bytes of a tmpfs at most.
    public var size: Int64?
}

/// COPY and ADD.
public struct CopyInstruction: Sendable, Equatable {
    /// Whether it is ADD: it unpacks archives and takes addresses.
    public var isAdd: Bool
    /// What is copied: paths, patterns or addresses.
    public var sources: [String]
    /// Here-documents that are copied, by the source that stands for each.
    public var heredocs: [Heredoc] = []
    /// Where to.
    public var destination: String
    /// A stage, an image or a named context; nil is the build context.
    public var from: String?
    /// `user[:group]`.
    public var owner: String?
    /// Octal permission bits.
    public var mode: String?
    /// Whether the copy depends on nothing below it.
    public var isLinked = false
    /// Whether folders of the source path are kept.
    public var keepsParents = false
    /// Patterns that are left out.
    public var excludes: [String] = []
    /// The digest that a remote file must have.
    public var checksum: String?
    /// Whether the .git folder of a repository is kept.
    public var keepsGitFolder = false
    /// Whether archives are unpacked; nil is the default.
    public var unpacks: Bool?
}

/// HEALTHCHECK; durations in nanoseconds, 0 for the default.
public struct Healthcheck: Sendable, Equatable {
    /// `NONE`, or what is run.
    public var command: CommandForm?
    /// Time between checks.
    public var interval: Int64 = 0
    /// How long a check may take.
    public var timeout: Int64 = 0
    /// How long failures don't count at the start.
    public var startPeriod: Int64 = 0
    /// Time between checks at the start.
    public var startInterval: Int64 = 0
    /// Failures in a row that count.
    public var retries = 0
}
