import ContainerService
import ContentStore
import Glibc
import JSON
import Linux
import OCISpec
import RegistryClient
import Snapshots
import Support
import Synchronization
import Testing

private let isRoot = geteuid() == 0

extension ImageWorld {
    /// Writes a layout with an image of two layers; the second one hides a file of the first.
    func makeLayout() throws {
        try makeDirectories("\(folder)/one/etc")
        try makeDirectories("\(folder)/two/etc")
        try writeAtomically(Array("one".utf8), to: "\(folder)/one/etc/name")
        try writeAtomically(Array("gone".utf8), to: "\(folder)/one/etc/gone")
        let noise = (0..<200_000).map { _ in UInt8.random(in: 0...255) }
        try writeAtomically(noise, to: "\(folder)/one/noise")
        try writeAtomically(Array("two".utf8), to: "\(folder)/two/etc/name")
        try writeAtomically([], to: "\(folder)/two/etc/.wh.gone")
        let store = try ContentStore(opening: "\(folder)/layout")
        var diffs: [Digest] = []
        var layers: [ContentDescriptor] = []
        for (name, flags, type) in [("one", "-czf", MediaType.ociLayerGzip), ("two", "-cf", MediaType.ociLayer)] {
            #expect(try runProgram(["tar", "-C", "\(folder)/\(name)", "-cf", "\(folder)/\(name).tar", "."]) == 0)
            diffs.append(try ContentHash.digest(of: try readFile("\(folder)/\(name).tar")))
            if flags == "-czf" { #expect(try runProgram(["gzip", "-kf", "\(folder)/\(name).tar"]) == 0) }
            let bytes = try readFile(flags == "-czf" ? "\(folder)/\(name).tar.gz" : "\(folder)/\(name).tar")
            layers.append(ContentDescriptor(mediaType: type, digest: try store.write(bytes), size: Int64(bytes.count)))
        }
        let configuration = JSONWriter.text { writer in
            writer.object { object in
                object.member("architecture", Platform.host.architecture)
                object.member("os", "linux")
                object.member("config") {
                    $0.object {
                        $0.member("Env", ["A=B"]); $0.member("Cmd", ["/bin/sh"])
                    }
                }
                object.member("rootfs") {
                    $0.object { root in
                        root.member("type", "layers")
                        root.member("diff_ids", diffs.map(\.description))
                    }
                }
            }
        }
        let config = ContentDescriptor(
            mediaType: .ociConfiguration, digest: try store.write(configuration), size: Int64(configuration.count))
        let manifest = JSONWriter.text { writer in
            writer.object { object in
                object.member("schemaVersion", 2)
                object.member("mediaType", MediaType.ociManifest.rawValue)
                object.member("config") { config.write(to: &$0) }
                object.member("layers") { $0.array { for layer in layers { layer.write(to: &$0) } } }
            }
        }
        var entry = ContentDescriptor(
            mediaType: .ociManifest, digest: try store.write(manifest), size: Int64(manifest.count))
        entry.annotations = [ImageAnnotation.reference: "box"]
        try writeAtomically(ImageIndex.text([entry]), to: "\(folder)/layout/index.json", mode: 0o644)
    }

    /// A service with a store of its own in this world.
    func service(_ name: String = "store") throws -> ImageService {
        var options = RegistryOptions()
        options.backOff = 0.01
        return try ImageService(
            root: "\(folder)/\(name)", snapshots: try OverlaySnapshotter(root: "\(folder)/\(name)/snapshots"),
            registry: RegistryClient(options: options))
    }
}

/// A store opens with one image in it: what a pull must come to from every source.
func checkImage(_ image: Image, _ service: ImageService, _ folder: String) throws {
    #expect(image.layers.count == 2)
    #expect(image.containerImage.environment == ["A=B"])
    #expect(image.containerImage.command == ["/bin/sh"])
    let snapshots = try OverlaySnapshotter(root: "\(folder)/snapshots")
    for layer in image.layers { #expect(try snapshots.contains(layer: layer)) }
    let top = "\(folder)/snapshots/layers/\(image.layers[1])/fs/etc"
    #expect(try readText("\(top)/name") == "two")
    #expect(try service.resolve(image.name).identifier == image.identifier)
    #expect(try service.resolve(image.identifier.short).name == image.name)
    #expect(try directoryEntries("\(folder)/content/ingest").isEmpty)
}

@Suite(.enabled(if: isRoot, "needs root: overlayfs layers")) struct ImageServiceTests {
    @Test func layoutTwiceThenRemoved() async throws {
        let world = try ImageWorld()
        try world.makeLayout()
        let service = try world.service()
        let seen = Mutex<Set<String>>([])
        let image = try await service.pull("oci:\(world.folder)/layout:box") { event in
            seen.withLock { _ = $0.insert(event.phase.rawValue) }
        }
        #expect(seen.withLock { $0 }.isSuperset(of: ["resolving", "downloading", "verifying", "extracting", "done"]))
        try checkImage(image, service, "\(world.folder)/store")
        let again = try await service.pull("oci:\(world.folder)/layout")
        #expect(again.identifier == image.identifier && again.name == "localhost/layout:box")
        #expect(try service.list().count == 1)
        try makeDirectories("\(world.folder)/store/imports/left/behind")
        #expect(try await service.ensure(image.identifier.hex).identifier == image.identifier)
        let removal = try service.remove(image.identifier.short)
        #expect(removal.untagged == [image.name] && removal.deleted == image.identifier)
        #expect(try service.list().isEmpty)
        #expect(try directoryEntries("\(world.folder)/store/content/blobs/sha256").isEmpty)
        #expect(try directoryEntries("\(world.folder)/store/snapshots/layers").isEmpty)
        #expect(access("\(world.folder)/store/imports", F_OK) != 0)
        await service.shutdown()
    }

    @Test func badSourcesAreNamed() async throws {
        let world = try ImageWorld()
        try world.makeLayout()
        let service = try world.service()
        for (text, code, words) in [
            ("oci:\(world.folder)/layout:other", RuntimeError.Code.notFound, "it has: box"),
            ("oci:\(world.folder)/nothing", .notFound, "ENOENT"), ("oci:", .invalidArgument, "path"),
            ("docker-archive:\(world.folder)/one.tar", .notFound, "image archive"),
            ("docker-archive:\(world.folder)/nothing", .notFound, "ENOENT"),
            ("Bad", .invalidArgument, "lower case"),
        ] {
            let error = await #expect(throws: RuntimeError.self) { _ = try await service.pull(text) }
            #expect(error?.code == code, "\(text): \(error.map(\.description) ?? "")")
            #expect(error?.description.contains(words) == true, "\(error.map(\.description) ?? "")")
        }
        let other = await #expect(throws: RuntimeError.self) {
            _ = try await service.pull("oci:\(world.folder)/layout", platform: try Platform("linux/s390x"))
        }
        #expect(other?.description.contains("not for linux/s390x") == true)
        #expect(try service.list().isEmpty)
        _ = try service.collectGarbage()
        #expect(try directoryEntries("\(world.folder)/store/content/blobs/sha256").isEmpty)
        await service.shutdown()
    }

    @Test func damagedBlobsAreBroughtAnew() async throws {
        let world = try ImageWorld()
        try world.makeLayout()
        let service = try world.service()
        let image = try await service.pull("oci:\(world.folder)/layout")
        let layer = image.manifest.layers[0].digest
        let snapshots = try OverlaySnapshotter(root: "\(world.folder)/store/snapshots")
        for layer in image.layers.reversed() { try snapshots.removeLayer(layer) }
        let blob = try Descriptor.open(service.content.blobPath(layer), O_RDWR)
        #expect(lseek(blob.rawValue, 1000, SEEK_SET) == 1000)
        try blob.writeAll([UInt8](repeating: 0, count: 500))
        await #expect(throws: RuntimeError.self) { _ = try await service.ensure(image.name) }
        #expect(try snapshots.layers().isEmpty)
        try checkImage(
            try await service.pull("oci:\(world.folder)/layout"), service, "\(world.folder)/store")
        await service.shutdown()
    }

    /// Wraps the layout's image into `depth` indexes.
    func nest(_ world: ImageWorld, _ depth: Int) throws {
        let store = try ContentStore(opening: "\(world.folder)/layout")
        var entry = try ImageIndex(try readFile("\(world.folder)/layout/index.json")).manifests[0]
        for _ in 0..<depth {
            entry.platform = .host
            let text = ImageIndex.text([entry])
            entry = ContentDescriptor(mediaType: .ociIndex, digest: try store.write(text), size: Int64(text.count))
        }
        entry.annotations = [ImageAnnotation.reference: "nested\(depth)"]
        try writeAtomically(ImageIndex.text([entry]), to: "\(world.folder)/layout/index.json", mode: 0o644)
    }

    @Test func nestedIndexesHaveABound() async throws {
        let world = try ImageWorld()
        try world.makeLayout()
        let service = try world.service()
        try nest(world, 3)
        let image = try await service.pull("oci:\(world.folder)/layout:nested3")
        #expect(try service.resolve(image.name).identifier == image.identifier)
        try nest(world, 4)
        let error = await #expect(throws: RuntimeError.self) {
            _ = try await service.pull("oci:\(world.folder)/layout:nested4")
        }
        #expect(error?.description.contains("indexes nested deeper than 4") == true)
        await service.shutdown()
    }

    /// A layer whose tar is not the one the configuration names leaves nothing unpacked under its name.
    @Test func wrongDiffIDIsRefused() async throws {
        let world = try ImageWorld()
        try world.makeLayout()
        let store = try ContentStore(opening: "\(world.folder)/layout")
        let entry = try ImageIndex(try readFile("\(world.folder)/layout/index.json")).manifests[0]
        var text = String(decoding: try store.read(entry.digest, limit: 1 << 20), as: UTF8.self)
        let manifest = try Manifest(Array(text.utf8))
        let configuration = try store.read(manifest.configuration.digest, limit: 1 << 20)
        let right = try ImageConfiguration(configuration).diffIDs[1]
        let wrong = try store.write(
            Array(
                String(decoding: configuration, as: UTF8.self)
                    .replacing("\(right)", with: "sha256:\(String(repeating: "1", count: 64))").utf8))
        text = text.replacing("\(manifest.configuration.digest)", with: "\(wrong)")
        var changed = ContentDescriptor(
            mediaType: .ociManifest, digest: try store.write(Array(text.utf8)), size: Int64(text.utf8.count))
        changed.annotations = [ImageAnnotation.reference: "box"]
        try writeAtomically(ImageIndex.text([changed]), to: "\(world.folder)/layout/index.json", mode: 0o644)
        let service = try world.service()
        let error = await #expect(throws: RuntimeError.self) {
            _ = try await service.pull("oci:\(world.folder)/layout:box")
        }
        #expect(error?.description.contains("it unpacks to \(right)") == true, "\(error.map(\.description) ?? "")")
        #expect(try service.list().isEmpty)
        // The layers of an image are made side by side: the right one may be there or not, the wrong one never.
        #expect(try OverlaySnapshotter(root: "\(world.folder)/store/snapshots").layers().count <= 1)
        _ = try service.collectGarbage()
        #expect(try OverlaySnapshotter(root: "\(world.folder)/store/snapshots").layers().isEmpty)
        await service.shutdown()
    }

    @Test(.enabled(if: areInstalled("skopeo"), "needs skopeo"))
    func archivesOfBothForms() async throws {
        let world = try ImageWorld()
        try world.makeLayout()
        for (index, target) in ["docker-archive:\(world.folder)/d.tar:box:1", "oci-archive:\(world.folder)/o.tar:box"]
            .enumerated()
        {
            let code = try runProgram(
                ["skopeo", "copy", "--insecure-policy", "oci:\(world.folder)/layout:box", target],
                output: "\(world.folder)/log")
            #expect(code == 0, "\((try? readText("\(world.folder)/log")) ?? "")")
            let service = try world.service("store\(index)")
            let file = index == 0 ? "d.tar" : "o.tar"
            let image = try await service.pull("docker-archive:\(world.folder)/\(file)")
            #expect(image.name == ["docker.io/library/box:1", "localhost/o-tar:box"][index])
            try checkImage(image, service, "\(world.folder)/store\(index)")
            // Gone, with what the import had unpacked there.
            #expect(access("\(world.folder)/store\(index)/imports", F_OK) != 0)
            await service.shutdown()
        }
    }

    @Test(.enabled(if: areInstalled("skopeo", "docker-registry"), "needs skopeo and docker-registry"))
    func registryByTagAndDigest() async throws {
        let world = try ImageWorld()
        try world.makeLayout()
        try world.startRegistry()
        for (name, format) in [("a/oci:1", "oci"), ("a/docker:1", "v2s2")] {
            let code = try runProgram(
                [
                    "skopeo", "copy", "--insecure-policy", "--dest-tls-verify=false", "--format", format,
                    "oci:\(world.folder)/layout:box", "docker://127.0.0.1:\(world.port)/\(name)",
                ], output: "\(world.folder)/log")
            #expect(code == 0, "\((try? readText("\(world.folder)/log")) ?? "")")
            let service = try world.service(format)
            let image = try await service.pull("127.0.0.1:\(world.port)/\(name)")
            try checkImage(image, service, "\(world.folder)/\(format)")
            let pinned = "127.0.0.1:\(world.port)/\(name.dropLast(2))@\(image.target.digest)"
            #expect(try await service.pull(pinned).identifier == image.identifier)
            let missing = await #expect(throws: RuntimeError.self) {
                _ = try await service.pull("127.0.0.1:\(world.port)/nope:1")
            }
            #expect(missing?.code == .notFound)
            #expect(
                missing?.description
                    == "image 127.0.0.1:\(world.port)/nope:1: registry 127.0.0.1:\(world.port): nope:1: manifest unknown (404)"
            )
            await service.shutdown()
        }
    }
}
