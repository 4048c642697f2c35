import CLinux
import Glibc
import Linux
import Testing

@testable import Archive

/// Everything about one entry of a tree that a layer keeps.
struct Node: Equatable {
    var kind: UInt32
    var mode: UInt32
    var owner: String
    var size: Int
    var time: String
    var links: Int
    var device: UInt64
    var target: [UInt8]
    var content: [UInt8]
    var attributes: [String]
    var inode: UInt64 = 0
    var blocks: Int = 0
}

/// What stands below a folder, by path; `withInodes` for a tree that must not have been touched at all.
func readTree(_ path: String, withInodes: Bool = false) throws -> [String: Node] {
    var nodes: [String: Node] = [:]
    func visit(_ folder: borrowing Descriptor, _ shown: String) throws {
        for name in try directoryEntryNames(folder, shown: shown) {
            let text = shown + "/" + shownName(name)
            let status = try #require(entryStatus(folder.rawValue, name[...]))
            let node = try read(status, name, folder.rawValue, withInodes)
            nodes[text] = node
            if node.kind == S_IFDIR {
                try visit(try open(folder.rawValue, name, O_RDONLY | O_DIRECTORY), text)
            }
        }
    }
    let root = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
    var status = stat()
    fstat(root.rawValue, &status)
    nodes["."] = try read(status, [0x2e], root.rawValue, withInodes)
    try visit(root, "")
    return nodes
}

private func open(_ folder: Int32, _ name: [UInt8], _ flags: Int32) throws -> Descriptor {
    Descriptor(
        owning: try check("openat") {
            withName(name + [0], from: 0) { openat(folder, $0, flags | O_NOFOLLOW | O_CLOEXEC) }
        })
}

private func read(_ status: stat, _ name: [UInt8], _ folder: Int32, _ withInodes: Bool) throws -> Node {
    let kind = status.st_mode & S_IFMT
    let attributes = extendedAttributes(of: name, in: folder).filter { !isOverlayAttribute($0.name) }.map {
        "\(shownName($0.name))=\(shownName($0.value))"
    }
    var node = Node(
        kind: kind, mode: status.st_mode & 0o7777, owner: "\(status.st_uid):\(status.st_gid)",
        size: kind == S_IFDIR ? 0 : Int(status.st_size), time: "\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)",
        links: kind == S_IFDIR ? 0 : Int(status.st_nlink), device: UInt64(status.st_rdev), target: [], content: [],
        attributes: attributes.sorted())
    if withInodes { node.inode = UInt64(status.st_ino) }
    if kind == S_IFLNK { node.target = linkTarget(folder, name[...]) ?? [] }
    if kind == S_IFREG {
        node.blocks = 0
        if status.st_size < 8 << 20 { node.content = try open(folder, name, O_RDONLY).readAll(limit: 8 << 20) }
    }
    return node
}

/// A folder for one test, removed behind it, with `root` to unpack into and `outside`, which must never change.
func withFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = "/tmp/hako-archive-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    try makeDirectories("\(folder)/root")
    defer { try? removeTree(folder) }
    return try body(folder)
}

/// Unpacks an archive held in memory.
@discardableResult
func unpack(
    _ archive: [UInt8], into path: String, options: ExtractionOptions = ExtractionOptions(),
    onData: ((UnsafeRawBufferPointer) -> Void)? = nil
) throws -> ExtractionSummary {
    let memory = Descriptor(owning: try check("memfd_create") { cl_memfd_create("archive", 1) })
    try memory.writeAll(archive)
    lseek(memory.rawValue, 0, SEEK_SET)
    return try LayerExtractor.extract(memory, into: RootDirectory(opening: path), options: options, onData: onData)
}

/// Runs a program of the host; throws unless it exits with 0.
func run(_ command: String) throws {
    let status = runShell(command)
    try #require(status == 0, "\(command): status \(status)")
}

private func runShell(_ command: String) -> Int32 {
    var pid: pid_t = 0
    let words: [String] = ["/bin/sh", "-c", command]
    let texts = words.map { (word: String) in strdup(word) }
    defer { for text in texts { free(text) } }
    let arguments: [UnsafeMutablePointer<CChar>?] = texts + [nil]
    guard posix_spawn(&pid, "/bin/sh", nil, nil, arguments, environ) == 0 else { return -1 }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    return status
}
