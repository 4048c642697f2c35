internal import CLinux
internal import Glibc
internal import JSON
internal import Linux
internal import Support

/// What a checkpoint's first process has as stdin, stdout and stderr: on restore the caller's take the place of what was
/// outside. The names are kept as a list of three texts in `descriptors.json`, where runc has it too.
struct StandardStreams {
    private static let fileName = "descriptors.json"
    /// By descriptor: `pipe:[N]`, `file[MOUNT:INODE]` of a file outside, or what it is inside.
    private var names: [String] = []

    /// What criu is told not to look into.
    var external: [String] { names.filter { $0.hasPrefix("file[") } }

    /// Looks at a process.
    init(of pid: Int32) throws {
        let mounts = try readText("/proc/\(pid)/mountinfo").split(separator: "\n").compactMap {
            $0.split(separator: " ").first
        }
        for descriptor in 0...2 {
            names.append(try Self.name("/proc/\(pid)", descriptor, mounts: mounts))
        }
    }

    /// Empty where the process has none.
    private static func name(_ process: String, _ descriptor: Int, mounts: [Substring]) throws -> String {
        let path = "\(process)/fd/\(descriptor)"
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &buffer, buffer.count)
        if count < 0 { return "" }
        let text = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        guard text.hasPrefix("/") else { return text }
        var status = stat()
        try check("stat", path) { stat(path, &status) }
        let terminal = status.st_mode & S_IFMT == S_IFCHR && (136..<144).contains(cl_major(status.st_rdev))
        let mount = try readText("\(process)/fdinfo/\(descriptor)").split(separator: "\n").first {
            $0.hasPrefix("mnt_id:")
        }?.split(whereSeparator: \.isWhitespace).last
        guard let mount, let number = UInt64(mount), !mounts.contains(mount), !terminal else { return text }
        return "file[\(String(number, radix: 16)):\(String(status.st_ino, radix: 16))]"
    }

    /// Writes the names beside the images.
    func save(in folder: String) throws {
        let text = JSONWriter.text { writer in writer.array { list in names.forEach { list.string($0) } } }
        try writeAtomically(text, to: "\(folder)/\(Self.fileName)", mode: 0o600, durable: false)
    }

    /// Reads the names beside images.
    init(savedIn folder: String) throws {
        let path = "\(folder)/\(Self.fileName)"
        names = try attempt(path) { try JSONReader.document(readFile(path, limit: 1 << 16)) { try $0.strings() } }
    }

    /// The streams of this process that take the place of what was outside.
    var inherited: [(key: String, descriptor: Int32)] {
        names.prefix(3).enumerated().compactMap { index, name in
            name.hasPrefix("pipe:") || name.hasPrefix("file[") ? (name, Int32(index)) : nil
        }
    }
}
