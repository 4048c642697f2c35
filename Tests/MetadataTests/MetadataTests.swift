import CSQLite
import Glibc
import Linux
import OCISpec
import Support
import Testing

@testable import Metadata

/// A database in a folder of the test's own.
final class TestDatabase {
    let folder: String
    var path: String { "\(folder)/metadata.db" }

    init() throws {
        folder = "/tmp/hako-metadata-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try makeDirectories(folder)
    }

    deinit { try? removeTree(folder) }

    func open() throws -> Metadata { try Metadata(opening: path) }

    static func digest(_ number: Int) throws -> Digest {
        let text = String(number, radix: 16)
        return try Digest(.sha256, hex: String(repeating: "0", count: 64 - text.count) + text)
    }

    static func image(_ name: String, _ number: Int) throws -> NamedImage {
        NamedImage(
            name: name, short: "1",
            target: ContentDescriptor(mediaType: .ociManifest, digest: try digest(number), size: Int64(number)))
    }
}

/// A view that keeps nothing.
private func noView(_: [NamedImage]) -> String { "" }

@Suite struct MetadataTests {
    @Test func namesAreKept() throws {
        let test = try TestDatabase()
        let metadata = try test.open()
        let one = try TestDatabase.image("localhost/b:1", 1)
        try metadata.setImage(one, view: noView)
        try metadata.setImage(try TestDatabase.image("localhost/a:1", 1), view: noView)
        #expect(try metadata.images().map(\.name) == ["localhost/a:1", "localhost/b:1"])
        #expect(try test.open().image(named: "localhost/b:1") == one)
        #expect(try metadata.removeImages(["localhost/a:1", "localhost/c:1"], view: noView) == ["localhost/a:1"])
        #expect(try metadata.removeImages(["localhost/a:1"], view: noView).isEmpty)
    }

    @Test func theLastNameLeavesANamelessImage() throws {
        let test = try TestDatabase()
        let metadata = try test.open()
        let (one, two) = (try TestDatabase.image("localhost/a:1", 1), try TestDatabase.image("localhost/a:1", 2))
        try metadata.setImage(one, view: noView)
        try metadata.setImage(two, view: noView)
        let left = NamedImage(nameless: one.target)
        #expect(try metadata.images() == [left, two])
        #expect(left.isNameless && !two.isNameless)
        // A name makes it a named image again; a second name changes nothing of the first.
        try metadata.setImage(try TestDatabase.image("localhost/b:1", 1), view: noView)
        #expect(try metadata.images().map(\.name) == ["localhost/a:1", "localhost/b:1"])
        try metadata.setImage(try TestDatabase.image("localhost/c:1", 1), view: noView)
        try metadata.setImage(try TestDatabase.image("localhost/b:1", 2), view: noView)
        #expect(try metadata.images().map(\.name) == ["localhost/a:1", "localhost/b:1", "localhost/c:1"])
    }

    @Test func aViewThatFailsChangesNothing() throws {
        let test = try TestDatabase()
        let metadata = try test.open()
        let image = try TestDatabase.image("localhost/a:1", 1)
        #expect(throws: RuntimeError.self) {
            try metadata.setImage(image) { images in
                #expect(images == [image])
                throw RuntimeError(.resourceExhausted, "full")
            }
        }
        #expect(try metadata.images().isEmpty)
        try metadata.setImage(image) { _ in "mark 1" }
        var seen: [String] = []
        try metadata.refreshView(isCurrent: { mark in
            seen.append(mark)
            return true
        }) { _ in "never" }
        try metadata.refreshView(isCurrent: { _ in false }) { images in
            #expect(images == [image])
            return "mark 2"
        }
        try metadata.refreshView(isCurrent: { mark in
            seen.append(mark)
            return true
        }) { _ in "never" }
        #expect(seen == ["mark 1", "mark 2"])
    }

    @Test func summariesGoWithTheirImages() throws {
        let test = try TestDatabase()
        let metadata = try test.open()
        let image = try TestDatabase.image("localhost/a:1", 1)
        let summary = ImageSummary(
            identifier: try TestDatabase.digest(7), created: nil, size: 5, platform: "linux/amd64")
        try metadata.putSummaries([image.target.digest: summary])
        try metadata.setImage(image, view: noView)
        #expect(try metadata.summaries().map(\.summary) == [nil])
        try metadata.putSummaries([image.target.digest: summary])
        #expect(try metadata.summaries().map(\.summary) == [summary])
        // Another platform of the same index may have come: the documents are to be read again.
        try metadata.setImage(image, view: noView)
        #expect(try metadata.summaries().map(\.summary) == [nil])
    }

    @Test func migrationImportsOnce() throws {
        let test = try TestDatabase()
        let image = try TestDatabase.image("localhost/a:1", 1)
        var calls = 0
        for _ in 0..<2 {
            let metadata = try Metadata(opening: test.path) {
                calls += 1
                return [image]
            }
            #expect(try metadata.images() == [image])
        }
        #expect(calls == 1)
        // An import that fails leaves a database that the next program fills.
        try removeTree(test.folder)
        try makeDirectories(test.folder)
        #expect(throws: RuntimeError.self) {
            _ = try Metadata(opening: test.path) { throw RuntimeError(.internal, "no names") }
        }
        #expect(try Metadata(opening: test.path) { [image] }.images() == [image])
    }

    @Test func aNewerFormIsRefused() throws {
        let test = try TestDatabase()
        do { _ = try test.open() }
        let connection = try Connection(test.path)
        try connection.execute("PRAGMA user_version=\(Schema.version + 1)")
        let error = try #require(throws: RuntimeError.self) { _ = try test.open() }
        #expect(error.code == .unsupported)
        #expect("\(error)".contains("newer hako"))
    }

    @Test func whatIsNoDatabaseIsNamed() throws {
        let test = try TestDatabase()
        try writeAtomically([UInt8](repeating: 65, count: 4096), to: test.path)
        let error = try #require(throws: RuntimeError.self) { _ = try test.open() }
        #expect(error.code == .invalidState && "\(error)".contains("metadata.db"))
    }

    @Test func manyThreadsAndConnections() async throws {
        let test = try TestDatabase()
        let path = test.path
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<6 {
                group.addTask {
                    let metadata = try Metadata(opening: path)
                    for number in 0..<20 {
                        try metadata.setImage(
                            try TestDatabase.image("localhost/i\(worker):\(number)", worker * 100 + number),
                            view: noView)
                    }
                }
            }
            try await group.waitForAll()
        }
        let metadata = try test.open()
        #expect(try metadata.images().count == 120)
        #expect(try metadata.check().isEmpty)
    }

    @Test func factsOfBlobsAndLayers() throws {
        let test = try TestDatabase()
        let metadata = try test.open()
        let (blob, diffID) = (try TestDatabase.digest(1), try TestDatabase.digest(2))
        let layer = Metadata.LayerBlob(digest: blob, size: 9, diffID: diffID)
        try metadata.noteLayers([layer])
        #expect(try metadata.diffID(of: blob) == diffID && metadata.blobs(diffID: diffID) == [layer])
        #expect(try metadata.diffID(of: diffID) == nil)
        try metadata.noteSource("docker.io/library/a", of: [blob])
        try metadata.noteSource("localhost/b", of: [blob])
        #expect(try Set(metadata.sources(of: blob)) == ["docker.io/library/a", "localhost/b"])
        try metadata.noteUsage(["abc": .init(bytes: 3, inodes: 2)])
        #expect(try metadata.layerUsage() == ["abc": .init(bytes: 3, inodes: 2)])
        try metadata.collect { _ in [blob.description, Metadata.layerItem("abc")] }
        #expect(try metadata.sources(of: blob).isEmpty && metadata.layerUsage().isEmpty)
        #expect(try metadata.diffID(of: blob) == nil)
    }

    @Test func theBuildCacheKeepsWhatItNames() throws {
        let test = try TestDatabase()
        let metadata = try test.open()
        let item = try TestDatabase.digest(1).description
        #expect(try metadata.cached("step") == nil)
        try metadata.putCache("step", value: [1, 2], keeping: [item, Metadata.layerItem("abc")], size: 12)
        #expect(try metadata.cached("step") == [1, 2])
        let record = try #require(try metadata.cacheRecords().first)
        #expect(record.uses == 1 && record.size == 12)
        #expect(try metadata.roots().cached == [item, "layer:abc"])
        try metadata.putCache("step", value: [3], keeping: [], size: 1)
        #expect(try metadata.roots().cached.isEmpty && metadata.cached("step") == [3])
        #expect(try metadata.removeCache(["step", "other"]) == 1)
        #expect(try metadata.cacheRecords().isEmpty)
    }
}

@Suite struct LeaseTests {
    @Test func aLeaseKeepsItsItemsUntilItEnds() throws {
        let test = try TestDatabase()
        let metadata = try test.open()
        let (first, second) = (try metadata.takeLease(), try metadata.takeLease())
        try metadata.protect(["a", "b"], leases: [first])
        try metadata.protect(["b"], leases: [second, 99])
        try metadata.collect { roots in
            #expect(roots.leased == ["a", "b"])
            return []
        }
        try metadata.endLease(first)
        #expect(try metadata.roots().leased == ["b"])
    }

    @Test func theDeadKeepNothing() throws {
        let test = try TestDatabase()
        let metadata = try test.open()
        let (own, dead, expired, older) = (
            try metadata.takeLease(), try metadata.takeLease(), try metadata.takeLease(), try metadata.takeLease()
        )
        for lease in [own, dead, expired, older] { try metadata.protect(["\(lease)"], leases: [lease]) }
        let connection = try Connection(test.path)
        // Another process had this pid, the time has run out, the machine was booted again.
        try connection.run("UPDATE leases SET started = started - 1 WHERE id = ?", [.integer(dead)])
        try connection.run("UPDATE leases SET expires = 1 WHERE id = ?", [.integer(expired)])
        try connection.run("UPDATE leases SET boot = 'earlier' WHERE id = ?", [.integer(older)])
        try metadata.collect { roots in
            #expect(roots.leased == ["\(own)"])
            return []
        }
    }

    @Test func anotherPidNamespaceIsTrustedUntilItExpires() throws {
        let test = try TestDatabase()
        let metadata = try test.open()
        let lease = try metadata.takeLease()
        try metadata.protect(["a"], leases: [lease])
        let connection = try Connection(test.path)
        try connection.run("UPDATE leases SET space = space + 1, pid = 999999999, started = 1")
        try metadata.collect { roots in
            #expect(roots.leased == ["a"])
            return []
        }
        try connection.run("UPDATE leases SET expires = 1")
        try metadata.collect { roots in
            #expect(roots.leased.isEmpty)
            return []
        }
    }
}
