internal import Archive
internal import ContentStore
internal import Dockerfile
internal import Glibc
internal import JSON
public import Linux
public import OCISpec
internal import Snapshots
internal import Support

extension ImageBuilder {
    /// Copies the root of a built image into a folder, which is made where it is missing.
    public func exportFolder(_ result: BuildResult, to path: String) throws {
        try makeDirectories(path)
        try withRoot(of: result) { root in
            let target = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
            let copy = CopyRoot(root, ignore: .init(), name: "image", excludes: [], keepsOwners: true)
            try CopyWriter(
                walk: CopyWalk(root: copy, source: .init(path: "", isFolder: true)), ownership: CopyOwnership()
            ).write(into: target, name: "")
        }
    }

    /// Writes the root of a built image as a plain tar.
    public func exportRoot(_ result: BuildResult, to file: borrowing Descriptor) throws {
        let raw = file.rawValue
        try withRoot(of: result) { root in
            _ = try LayerWriter.write(root.descriptor, options: .init(.tree, compression: .none)) { bytes in
                try Self.write(bytes, raw)
            }
        }
    }

    /// Writes an OCI layout in a tar.
    public func exportLayout(
        _ result: BuildResult, _ tags: [ImageReference], to file: borrowing Descriptor
    ) throws {
        let raw = file.rawValue
        let tar = try TarWriter { try Self.write($0, raw) }
        try tar.add(.file("oci-layout", size: 30), Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))
        var entries = tags.map { tag in
            var entry = result.manifest
            entry.annotations = [ImageAnnotation.name: tag.description]
            entry.annotations[ImageAnnotation.reference] = tag.tag
            return entry
        }
        if entries.isEmpty { entries = [result.manifest] }
        let index = ImageIndex.text(entries)
        try tar.add(.file("index.json", size: Int64(index.count)), index)
        try tar.add(.folder("blobs"))
        try tar.add(.folder("blobs/sha256"))
        try addBlobs([result.manifest.digest, result.identifier] + result.blobs.map(\.digest), to: tar) {
            "blobs/sha256/\($0.hex)"
        }
        try tar.finish()
    }

    /// Writes what `docker save` writes.
    public func exportDockerArchive(
        _ result: BuildResult, _ tags: [ImageReference], to file: borrowing Descriptor
    ) throws {
        let raw = file.rawValue
        let tar = try TarWriter { try Self.write($0, raw) }
        try tar.add(.folder("blobs"))
        try tar.add(.folder("blobs/sha256"))
        try addBlobs([result.identifier] + result.blobs.map(\.digest), to: tar) { "blobs/sha256/\($0.hex)" }
        let manifest = JSONWriter.text { writer in
            writer.array { writer in
                writer.object { object in
                    object.member("Config", "blobs/sha256/\(result.identifier.hex)")
                    object.member("RepoTags", tags.map(\.familiar))
                    object.member("Layers", result.blobs.map { "blobs/sha256/\($0.digest.hex)" })
                }
            }
        }
        try tar.add(.file("manifest.json", size: Int64(manifest.count)), manifest)
        try tar.finish()
    }

    private func addBlobs(_ digests: [Digest], to tar: TarWriter, _ name: (Digest) -> String) throws {
        var seen: Set<Digest> = []
        for digest in digests where seen.insert(digest).inserted {
            guard let size = images.content.size(of: digest) else {
                throw RuntimeError(.notFound, "blob \(digest): not in the content store")
            }
            try tar.add(.file(name(digest), size: size))
            let blob = try images.content.open(digest)
            while true {
                let part = try blob.readSome(1 << 20)
                if part.isEmpty { break }
                try part.withUnsafeBytes { try tar.write($0) }
            }
        }
    }

    /// Runs `body` with the image's root mounted to be read.
    private func withRoot(of result: BuildResult, _ body: (consuming RootDirectory) throws -> Void) throws {
        let name = "export-\(String(UInt64.random(in: 0 ... .max), radix: 16))"
        let folder = "\(folders.state)/builds/\(name)"
        try makeDirectories("\(folder)/view", mode: 0o700)
        let lock = try OwnerLock(folder)
        defer {
            try? BuildLeftovers.remove(folder, runtime: runtime)
            withExtendedLifetime(lock) {}
        }
        let drafts = try LayerDrafts(snapshots, name: name)
        defer { drafts.close() }
        try drafts.mountView(result.layers.map { .committed($0) }, at: "\(folder)/view")
        try body(try RootDirectory(opening: "\(folder)/view"))
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, _ file: Int32) throws(SystemCallError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            done += try checkCount("write", "archive") { Glibc.write(file, rest.baseAddress, rest.count) }
        }
    }
}
