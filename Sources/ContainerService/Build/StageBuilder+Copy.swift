internal import Archive
internal import CLinux
internal import ContentStore
internal import Dockerfile
internal import Glibc
internal import Linux
internal import OCISpec
internal import Snapshots
internal import Support

extension StageBuilder {
    /// COPY and ADD.
    mutating func carryOut(_ copy: CopyInstruction, _ instruction: Instruction) throws {
        var whole = try expanded(copy)
        whole.destination = Self.destination(whole.destination, from: state.process.workingFolder)
        let from = whole.from
        let builder = self
        try builder.withCopyRoots(whole) { roots in
            let items = try builder.items(whole, roots)
            try builder.validate(whole, items)
            var key = CacheKey("copy")
            key.add("chain", builder.state.chain)
            key.add("date", "\(builder.session.request.sourceDate)")
            key.add("destination", whole.destination)
            key.add("from", from ?? "")
            key.add("owner", whole.owner ?? "")
            key.add("content", try builder.content(items, whole))
            try layer(key: key.finish(), text: instruction.text) { builder, draft in
                try builder.write(items, whole, draft)
            }
        }
    }

    private func expanded(_ copy: CopyInstruction) throws -> CopyInstruction {
        var whole = copy
        whole.sources = try copy.sources.map(expand)
        whole.destination = try expand(copy.destination)
        whole.from = try copy.from.map(expand)
        whole.owner = try copy.owner.map(expand)
        whole.mode = try copy.mode.map(expand)
        whole.checksum = try copy.checksum.map(expand)
        whole.excludes = try copy.excludes.map(expand)
        let variables = state.variables
        whole.heredocs = try copy.heredocs.map { document in
            var document = document
            guard document.expands else { return document }
            document.content = try HeredocText.expand(document.content, lexer, variables.value)
            return document
        }
        return whole
    }

    /// An absolute destination; a slash at its end says that it is a folder.
    private static func destination(_ path: String, from folder: String) -> String {
        let isFolder = path.hasSuffix("/") || path.hasSuffix("/.") || path == "." || path == ".."
        let whole = absolute(path, from: folder)
        return isFolder && whole != "/" ? whole + "/" : whole
    }

    /// What is copied and where it comes from.
    struct CopyItem {
        let root: CopyRoot
        let source: CopySource
        /// The name in the destination's folder.
        let name: String
        /// An archive to unpack in place of the file.
        var isArchive = false
    }

    /// Opens the roots: the context, a stage, an image, and a folder with what was downloaded or written in the file.
    private func withCopyRoots(_ copy: CopyInstruction, _ body: ([CopyRoot]) throws -> Void) throws {
        let excludes = try copy.excludes.map { try PathPattern($0, crossesFolders: true) }
        let made = try generated(copy)
        let extra =
            try made.map {
                [
                    CopyRoot(
                        try RootDirectory(opening: $0), ignore: IgnoreFile(), name: "download", excludes: [],
                        keepsOwners: false)
                ]
            } ?? []
        defer { if let made { try? removeTree(made) } }
        try withSource(copy.from) { root, ignore, name, keepsOwners in
            let main = CopyRoot(root, ignore: ignore, name: name, excludes: excludes, keepsOwners: keepsOwners)
            try body([main] + extra)
        }
    }

    private func items(_ copy: CopyInstruction, _ roots: [CopyRoot]) throws -> [CopyItem] {
        var items: [CopyItem] = []
        for source in copy.sources where !RemoteFile.isAddress(source, copy) {
            for found in try CopySource.find(source, in: roots[0]) {
                let name = copy.keepsParents ? found.path : found.name
                var item = CopyItem(root: roots[0], source: found, name: name)
                item.isArchive = copy.isAdd && copy.unpacks != false && !found.isFolder && isArchive(found, roots[0])
                items.append(item)
            }
        }
        guard roots.count > 1 else { return items }
        for name in try directoryEntries(try roots[1].root.open("/", O_RDONLY | O_DIRECTORY), shown: "download")
            .sorted()
        {
            var item = CopyItem(
                root: roots[1], source: .init(path: name, isFolder: false),
                name: String(name.drop { $0 != "-" }.dropFirst()))
            item.isArchive = copy.unpacks == true && isArchive(item.source, roots[1])
            items.append(item)
        }
        return items
    }

    private func isArchive(_ source: CopySource, _ root: CopyRoot) -> Bool {
        guard let file = try? root.root.open(source.path, O_RDONLY | O_NONBLOCK), let reader = try? TarReader(file)
        else {
            return false
        }
        return (try? reader.next()) ?? nil != nil
    }

    private func validate(_ copy: CopyInstruction, _ items: [CopyItem]) throws {
        guard !items.isEmpty else { throw RuntimeError(.notFound, "nothing to copy") }
        if items.count > 1 && !copy.destination.hasSuffix("/") && copy.destination != "/" {
            throw RuntimeError(
                .invalidArgument,
                "several sources need a folder as destination: \"\(copy.destination)\" must end with a /")
        }
    }

    private func content(_ items: [CopyItem], _ copy: CopyInstruction) throws -> String {
        var hash = ContentHash()
        for item in items {
            hash.update(Array("\(item.name.utf8.count):\(item.name) \(item.isArchive) ".utf8))
            // The owner's names are in the key beside it: their numbers depend on files of the layers below.
            try CopyWalk(root: item.root, source: item.source).hash(into: &hash, CopyOwnership(mode: try mode(copy)))
        }
        return try hash.digest().description
    }

    private func mode(_ copy: CopyInstruction) throws -> UInt32? {
        guard let text = copy.mode else { return nil }
        guard let mode = UInt32(text, radix: 8), mode <= 0o7777 else {
            throw RuntimeError(.invalidArgument, "--chmod=\(text): no octal permission bits such as 0755")
        }
        return mode
    }

    private func write(_ items: [CopyItem], _ copy: CopyInstruction, _ draft: LayerDraft) throws {
        try withRoot(draft) { root in
            var ownership = CopyOwnership(mode: try mode(copy))
            if let text = copy.owner {
                ownership.owner = try Self.owner(text, root)
            }
            for item in items { try write(item, copy, ownership, root) }
        }
    }

    /// `user[:group]`; a user alone stands for the group of the same name or number too.
    private static func owner(_ text: String, _ root: borrowing RootDirectory) throws -> (uid: UInt32, gid: UInt32) {
        if !text.contains(":"), let both = try? UserResolution("\(text):\(text)", in: root) {
            return (both.user.uid, both.user.gid)
        }
        let user = try UserResolution(text, in: root).user
        return (user.uid, user.gid)
    }

    private func write(
        _ item: CopyItem, _ copy: CopyInstruction, _ ownership: CopyOwnership, _ root: borrowing RootDirectory
    ) throws {
        let place = copy.destination
        let isFolder = try item.source.isFolder || item.isArchive || place.hasSuffix("/") || Self.isFolder(place, root)
        let walk = CopyWalk(root: item.root, source: item.source)
        let writer = CopyWriter(walk: walk, ownership: ownership)
        if item.isArchive { return try unpack(item, place, root) }
        if item.source.isFolder {
            let inner = copy.keepsParents ? "\(place)/\(item.name)" : place
            return try writer.write(into: try makeFolder(inner, ownership, root), name: "")
        }
        let whole = isFolder ? "\(place)/\(item.name)" : place
        let name = whole.split(separator: "/").last.map(String.init) ?? ""
        guard !name.isEmpty else { throw RuntimeError(.invalidArgument, "the destination \"\(place)\" is a folder") }
        try writer.write(into: try makeFolder(parentPath(whole), ownership, root), name: name)
    }

    /// Opens a folder of the image, making what is missing; what is made gets the owner of what is copied.
    private func makeFolder(
        _ path: String, _ ownership: CopyOwnership, _ root: borrowing RootDirectory
    ) throws -> Descriptor {
        var missing: [String] = []
        var place = path
        while place != "/", place != ".", try root.openIfPresent(place, CL_O_PATH) == nil {
            missing.append(place)
            place = parentPath(place)
        }
        _ = try root.openMakingDirectories(path)
        if let owner = ownership.owner {
            for made in missing {
                let folder = try root.open(made, O_RDONLY | O_DIRECTORY)
                let raw = folder.rawValue
                try check("fchown", made) { fchown(raw, owner.uid, owner.gid) }
            }
        }
        return try root.open(path, O_RDONLY | O_DIRECTORY)
    }

    private static func isFolder(_ path: String, _ root: borrowing RootDirectory) throws -> Bool {
        guard let opened = try root.openIfPresent(path, CL_O_PATH) else { return false }
        var status = stat()
        return fstat(opened.rawValue, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// ADD of an archive: its entries keep their owners and modes; the folder itself stays as it is.
    private func unpack(_ item: CopyItem, _ place: String, _ root: borrowing RootDirectory) throws {
        let folder = try makeFolder(place, CopyOwnership(), root)
        let raw = folder.rawValue
        var status = stat()
        try check("fstat", place) { fstat(raw, &status) }
        let archive = try item.root.root.open(item.source.path, O_RDONLY | O_NONBLOCK)
        let target = RootDirectory(try folder.duplicate(), shown: place)
        _ = try LayerExtractor.extract(archive, into: target)
        try check("fchown", place) { fchown(raw, status.st_uid, status.st_gid) }
        try check("fchmod", place) { fchmod(raw, status.st_mode & 0o7777) }
    }

    /// Writes here-documents and downloads into a folder; nil where there are none.
    private func generated(_ copy: CopyInstruction) throws -> String? {
        let addresses = copy.sources.filter { RemoteFile.isAddress($0, copy) }
        guard !copy.heredocs.isEmpty || !addresses.isEmpty else { return nil }
        let folder = try session.scratch("generated")
        for (index, document) in copy.heredocs.enumerated() {
            let name = document.name.replacingSlashes
            try writeAtomically(
                Array(document.content.utf8), to: "\(folder)/\(index)-\(name)", mode: 0o644, durable: false)
            try check("chmod", name) { chmod("\(folder)/\(index)-\(name)", 0o644) }
        }
        for (index, address) in addresses.enumerated() {
            try RemoteFile.fetch(address, checksum: copy.checksum, into: folder, prefix: "\(index)-", session)
        }
        return folder
    }
}

extension String {
    /// As a file name.
    fileprivate var replacingSlashes: String { String(map { $0 == "/" ? "_" : $0 }) }
}

/// Here-documents whose variables are replaced.
enum HeredocText {
    /// Replaces variables and keeps quotes, as a shell does in a here-document.
    static func expand(_ text: String, _ lexer: ShellLexer, _ value: (String) -> String?) throws -> String {
        try lexer.expandKeepingQuotes(text, value)
    }
}
