import ContentStore
import Glibc
import Linux
import Metadata
import OCISpec
import Support
import Testing

/// A store in a folder of the test's own.
final class TestStore {
    let path: String
    let store: ContentStore

    init() throws {
        path = "/tmp/hako-content-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        store = try ContentStore(opening: path)
    }

    deinit { try? removeTree(path) }

    /// A descriptor of `bytes`.
    static func content(_ bytes: [UInt8], _ type: MediaType = .ociLayer) throws -> ContentDescriptor {
        ContentDescriptor(mediaType: type, digest: try ContentHash.digest(of: bytes), size: Int64(bytes.count))
    }

    /// Begins an ingest that must be free.
    func begin(_ content: ContentDescriptor) throws -> Ingest {
        guard case .begun(let ingest) = try store.ingest(content) else {
            throw RuntimeError(.invalidState, "not begun")
        }
        return ingest
    }
}

@Suite struct ContentStoreTests {
    let random: [UInt8] = (0..<300_000).map { _ in UInt8.random(in: 0...255) }

    @Test func hashesAndChainIDs() throws {
        #expect(
            try ContentHash.digest(of: Array("abc".utf8)).description
                == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        let a = try ContentHash.digest(of: Array("a".utf8))
        let b = try ContentHash.digest(of: Array("b".utf8))
        let chain = try chainIDs([a, b])
        #expect(chain == [a, try ContentHash.digest(of: Array("\(a) \(b)".utf8))])
        #expect(try chainIDs([]).isEmpty)
    }

    @Test func ingestPublishesWhatIsRight() throws {
        let test = try TestStore()
        let content = try TestStore.content(random)
        let ingest = try test.begin(content)
        try ingest.append(random)
        #expect(!test.store.contains(content))
        try ingest.commit()
        #expect(test.store.contains(content))
        #expect(try test.store.read(content.digest, limit: 1 << 20) == random)
        try test.store.verify(content.digest)
        guard case .present = try test.store.ingest(content) else { throw RuntimeError(.internal, "not present") }
        #expect(try directoryEntries("\(test.path)/ingest").isEmpty)
    }

    @Test func wrongContentIsRefused() throws {
        let test = try TestStore()
        let content = try TestStore.content(random)
        let ingest = try test.begin(content)
        var wrong = random
        wrong[1000] ^= 1
        try ingest.append(wrong)
        let error = try #require(throws: RuntimeError.self) { try ingest.commit() }
        #expect(error.code == .invalidState)
        #expect(ingest.count == 0)
        #expect(throws: RuntimeError.self) { try ingest.append(random + [1]) }
        try ingest.append(Array(random.dropLast()))
        #expect(throws: RuntimeError.self) { try ingest.commit() }
        #expect(!test.store.contains(content))
    }

    @Test func unfinishedIngestIsGoneOnWith() throws {
        let test = try TestStore()
        let content = try TestStore.content(random)
        do {
            let first = try test.begin(content)
            try first.append(Array(random[..<100_000]))
        }
        let second = try test.begin(content)
        #expect(second.count == 100_000)
        try second.append(Array(random[100_000...]))
        try second.commit()
        try test.store.verify(content.digest)
    }

    @Test func oneOwnerAtATime() throws {
        let test = try TestStore()
        let content = try TestStore.content(random)
        let first = try test.begin(content)
        guard case .busy = try test.store.ingest(content) else { throw RuntimeError(.internal, "not busy") }
        try first.append(random)
        try first.commit()
        guard case .present = try test.store.ingest(content) else { throw RuntimeError(.internal, "not present") }
    }

    @Test func manyTasksBringTheSameBlobs() async throws {
        let test = try TestStore()
        let store = test.store
        let blobs: [[UInt8]] = (0..<8).map { seed in (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ seed) } }
        let written = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    var written = 0
                    for blob in blobs.shuffled() {
                        let content = try TestStore.content(blob)
                        repeat {
                            switch try store.ingest(content) {
                            case .present: break
                            case .busy:
                                await Task.yield()
                                continue
                            case .begun(let ingest):
                                try ingest.append(Array(blob[Int(ingest.count)...]))
                                try ingest.commit()
                                written += 1
                            }
                        } while !store.contains(content)
                    }
                    return written
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(written == 8)
        for blob in blobs { try store.verify(try ContentHash.digest(of: blob)) }
        #expect(try directoryEntries("\(test.path)/ingest").isEmpty)
    }

    @Test func damageIsSeen() throws {
        let test = try TestStore()
        let digest = try test.store.write(random)
        let file = try Descriptor.open(test.store.blobPath(digest), O_WRONLY)
        try file.writeAll([random[0] ^ 0xff])
        let error = try #require(throws: RuntimeError.self) { _ = try test.store.read(digest, limit: 1 << 20) }
        #expect(error.description.contains("damaged"))
        #expect(throws: RuntimeError.self) { try test.store.verify(digest) }
        #expect(throws: (any Error).self) { _ = try test.store.read(digest, limit: 100) }
        let missing = try ContentHash.digest(of: [1, 2, 3])
        let notFound = try #require(throws: RuntimeError.self) { _ = try test.store.read(missing, limit: 1) }
        #expect(notFound.code == .notFound)
    }

    @Test func namesAreKept() throws {
        let test = try TestStore()
        let one = try TestStore.content([1], .ociManifest)
        let two = try TestStore.content([2], .ociManifest)
        #expect(try test.store.images().isEmpty)
        try test.store.setImage("docker.io/library/b:latest", short: "latest", to: one)
        try test.store.setImage("docker.io/library/a:latest", short: "latest", to: one)
        try test.store.setImage("docker.io/library/b:latest", short: "latest", to: two)
        #expect(try test.store.images().map(\.name) == ["docker.io/library/a:latest", "docker.io/library/b:latest"])
        #expect(try test.store.image(named: "docker.io/library/b:latest")?.digest == two.digest)
        #expect(try ContentStore(opening: test.path).images().count == 2)
        #expect(try test.store.removeImages(["docker.io/library/b:latest"]))
        #expect(try !test.store.removeImages(["docker.io/library/b:latest"]))
        #expect(try test.store.image(named: "docker.io/library/b:latest") == nil)
    }

    @Test func namesSurviveManyWriters() async throws {
        let test = try TestStore()
        let store = test.store
        let target = try TestStore.content([1], .ociManifest)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<24 {
                group.addTask { try store.setImage("localhost/i:\(number)", short: "\(number)", to: target) }
            }
            try await group.waitForAll()
        }
        #expect(try store.images().count == 24)
    }

    @Test func namesOfOlderStoresAreTakenOver() throws {
        let test = try TestStore()
        var entry = try TestStore.content([1], .ociManifest)
        entry.annotations = [ImageAnnotation.name: "localhost/old:1", ImageAnnotation.reference: "1"]
        let nameless = try TestStore.content([2], .ociManifest)
        try writeAtomically(ImageIndex.text([entry, nameless]), to: "\(test.path)/index.json")
        let image = try #require(try test.store.images().first)
        #expect(try test.store.images().count == 1)
        #expect(image.name == "localhost/old:1" && image.short == "1" && image.target.digest == entry.digest)
    }

    @Test func theIndexIsAViewThatHeals() throws {
        let test = try TestStore()
        let file = "\(test.path)/index.json"
        let one = try TestStore.content([1], .ociManifest)
        let two = try TestStore.content([2], .ociManifest)
        try test.store.setImage("localhost/a:1", short: "1", to: one)
        try test.store.setImage("localhost/a:1", short: "1", to: two)
        let written = try ImageIndex(readFile(file)).manifests
        #expect(written.map { $0.annotations[ImageAnnotation.name] } == [nil, "localhost/a:1"])
        #expect(written[1].annotations[ImageAnnotation.reference] == "1" && written[0].digest == one.digest)
        for damage in [Array("{".utf8), ImageIndex.text([])] {
            try writeAtomically(damage, to: file)
            #expect(try ContentStore(opening: test.path).images().count == 2)
            #expect(try ImageIndex(readFile(file)).manifests == written)
        }
        unlink(file)
        #expect(try ContentStore(opening: test.path).images().count == 2)
        #expect(try ImageIndex(readFile(file)).manifests == written)
    }

    @Test func brokenIndexIsNamed() throws {
        let test = try TestStore()
        try writeAtomically(Array("{".utf8), to: "\(test.path)/index.json")
        let error = try #require(throws: RuntimeError.self) { _ = try test.store.images() }
        #expect(error.description.contains("index.json"))
    }
}

@Suite struct GarbageTests {
    /// Stores an image of one layer; returns its manifest's descriptor and all its digests.
    func image(_ store: ContentStore, _ layer: [UInt8]) throws -> (ContentDescriptor, Set<Digest>) {
        let configuration = Array(#"{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":[]},"x":\#(layer)}"#.utf8)
        let parts = [
            try TestStore.content(configuration, .ociConfiguration), try TestStore.content(layer, .ociLayer),
        ]
        try store.write(configuration)
        try store.write(layer)
        let text =
            #"{"schemaVersion":2,"config":{"mediaType":"\#(parts[0].mediaType)","digest":"\#(parts[0].digest)","size":\#(parts[0].size)},"#
            + #""layers":[{"mediaType":"\#(parts[1].mediaType)","digest":"\#(parts[1].digest)","size":\#(parts[1].size)}]}"#
        let manifest = try TestStore.content(Array(text.utf8), .ociManifest)
        try store.write(Array(text.utf8))
        return (manifest, [parts[0].digest, parts[1].digest, manifest.digest])
    }

    @Test func onlyTheUnreachableGoes() throws {
        let test = try TestStore()
        let (kept, keptBlobs) = try image(test.store, [1, 2, 3])
        let (gone, goneBlobs) = try image(test.store, [4, 5, 6])
        let index = try TestStore.content(ImageIndex.text([kept]), .ociIndex)
        try test.store.write(ImageIndex.text([kept]))
        try test.store.setImage("localhost/kept:1", short: "1", to: index)
        try test.store.setImage("localhost/gone:1", short: "1", to: gone)
        #expect(try test.store.collectGarbage().removed == 0)
        try test.store.removeImages(["localhost/gone:1"])
        let report = try test.store.collectGarbage()
        #expect(report.removed == 3 && report.bytes > 0)
        for digest in keptBlobs { try test.store.verify(digest) }
        for digest in goneBlobs { #expect(test.store.size(of: digest) == nil) }
    }

    @Test func aLeaseKeepsWhatItsHolderAsksFor() throws {
        let test = try TestStore()
        let stray = try test.store.write([9])
        let before = try test.store.write([1, 2, 3])
        let other = try ContentStore(opening: test.path)
        do {
            let first = try test.store.lease()
            let second = try test.store.lease()
            // What is there already is asked for, and stays; so does what comes in.
            #expect(try test.store.write([1, 2, 3]) == before)
            let fresh = try test.store.write([4, 5])
            let coming = try TestStore.content([7, 8])
            let ingest = try test.begin(coming)
            let report = try other.collectGarbage()
            #expect(report.blobs == [stray])
            #expect(test.store.size(of: before) == 3 && test.store.size(of: fresh) == 2)
            try ingest.append([7, 8])
            try ingest.commit()
            #expect(try other.collectGarbage().removed == 0)
            withExtendedLifetime((first, second)) {}
        }
        #expect(try other.collectGarbage().removed == 3)
        #expect(try directoryEntries("\(test.path)/trash").isEmpty)
    }

    @Test func aLeaseKeepsAnImagesParts() throws {
        let test = try TestStore()
        let (manifest, blobs) = try image(test.store, [1, 2, 3])
        let lease = try test.store.lease()
        try test.store.protect([manifest.digest.description, "layer:abc"])
        let report = try test.store.collectGarbage { kept in
            #expect(kept.contains("abc"))
            return []
        }
        #expect(report.removed == 0)
        for digest in blobs { try test.store.verify(digest) }
        withExtendedLifetime(lease) {}
    }

    @Test func collectionsAndWritersGoOnTogether() async throws {
        let test = try TestStore()
        let path = test.path
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    let store = try ContentStore(opening: path)
                    for round in 0..<20 {
                        let lease = try store.lease()
                        // The same blobs by all: one writer's garbage is another one's find.
                        let (manifest, _) = try GarbageTests().image(store, [UInt8(round % 3)])
                        try store.setImage("localhost/\(worker):1", short: "1", to: manifest)
                        _ = try Manifest(store.read(manifest.digest, limit: 1 << 20))
                        withExtendedLifetime(lease) {}
                    }
                }
            }
            group.addTask {
                let store = try ContentStore(opening: path)
                for _ in 0..<40 {
                    _ = try store.collectGarbage()
                    try store.removeImages(Set(store.images().filter(\.isNameless).map(\.name)))
                }
            }
            try await group.waitForAll()
        }
        for image in try test.store.images() {
            let manifest = try Manifest(test.store.read(image.target.digest, limit: 1 << 20))
            for blob in [manifest.configuration] + manifest.layers { try test.store.verify(blob.digest) }
        }
        #expect(try test.store.images().count == 4)
    }

    @Test func oldIngestsGo() throws {
        let test = try TestStore()
        let content = try TestStore.content([1, 2, 3])
        try test.begin(content).append([1])
        #expect(try test.store.collectGarbage().removed == 0)
        #expect(try test.store.collectGarbage(ingestAge: 0).removed == 1)
        #expect(try test.begin(content).count == 0)
    }
}

@Suite(.enabled(if: geteuid() == 0, "needs root: mounts a tmpfs")) struct FullDiskTests {
    @Test func fullDiskIsNamedAndLeavesNothing() throws {
        let path = "/tmp/hako-full-\(getpid())"
        try makeDirectories(path)
        defer { try? removeTree(path) }
        guard mount("tmpfs", path, "tmpfs", 0, "size=1m") == 0 else {
            throw SystemCallError("mount", errno: errno, subject: path)
        }
        defer { umount2(path, 2) }
        let store = try ContentStore(opening: "\(path)/store")
        let small = try store.write([1])
        let large = [UInt8](repeating: 7, count: 2 << 20)
        guard case .begun(let ingest) = try store.ingest(try TestStore.content(large)) else {
            throw RuntimeError(.internal, "not begun")
        }
        let error = try #require(throws: SystemCallError.self) { try ingest.append(large) }
        #expect("\(error)".contains("ENOSPC"))
        #expect(error.runtimeCode == .resourceExhausted)
        ingest.discard()
        #expect(throws: (any Error).self) { try store.write(large) }
        #expect(try directoryEntries("\(path)/store/ingest").isEmpty)
        try store.verify(small)
    }
}
