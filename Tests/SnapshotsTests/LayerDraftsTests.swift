import Glibc
import Linux
import Support
import Testing

@testable import Snapshots

/// Layers that are made one upon the other and committed together.
@Suite(.serialized, .enabled(if: getuid() == 0, "needs root: mounts")) struct LayerDraftsTests {
    private func with(_ body: (OverlaySnapshotter, LayerDrafts, String) throws -> Void) throws {
        let folder = "/tmp/hako-drafts-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try makeDirectories("\(folder)/at")
        let snapshotter = try OverlaySnapshotter(root: "\(folder)/overlay")
        let drafts = try LayerDrafts(snapshotter, name: "drafts")
        defer {
            try? drafts.unmount(at: "\(folder)/at")
            drafts.close()
            try? removeTree(folder)
        }
        try body(snapshotter, drafts, "\(folder)/at")
    }

    private func write(_ name: String, _ drafts: LayerDrafts, _ draft: LayerDraft, _ lowers: [LayerPlace], _ at: String)
        throws
    {
        try drafts.mount(draft, upon: lowers, at: at)
        try writeAtomically(Array(name.utf8), to: "\(at)/\(name)", durable: false)
        try drafts.unmount(at: at)
    }

    @Test func draftsStandUponDraftsAndAreCommittedTogether() throws {
        try with { snapshotter, drafts, at in
            let first = try drafts.begin(upon: [])
            try write("one", drafts, first, [], at)
            let second = try drafts.begin(upon: [.draft(first)])
            try write("two", drafts, second, [.draft(first)], at)
            try drafts.mountView([.draft(first), .draft(second)], at: at)
            #expect(try directoryEntries(at).sorted() == ["one", "two"])
            try drafts.unmount(at: at)
            #expect(try snapshotter.layers().isEmpty)
            try drafts.commit([(first, "a"), (second, "b")])
            #expect(try snapshotter.layers() == ["a", "b"])
            try drafts.mountView([.committed("a"), .committed("b")], at: at)
            #expect(try directoryEntries(at).sorted() == ["one", "two"])
        }
    }

    @Test func aDraftCanBeMountedAgain() throws {
        try with { _, drafts, at in
            let base = try drafts.begin(upon: [])
            try write("base", drafts, base, [], at)
            let draft = try drafts.begin(upon: [.draft(base)])
            for name in ["x", "y"] { try write(name, drafts, draft, [.draft(base)], at) }
            #expect(try directoryEntries(draft.path).sorted() == ["x", "y"])
        }
    }

    @Test func aScaffoldIsSeenAndNoPartOfTheLayer() throws {
        try with { _, drafts, at in
            let base = try drafts.begin(upon: [])
            try write("base", drafts, base, [], at)
            let draft = try drafts.begin(upon: [.draft(base)], scaffolded: true)
            try drafts.mountScaffold(draft, upon: [.draft(base)], at: at)
            try makeDirectories("\(at)/proc")
            try drafts.unmount(at: at)
            try drafts.mount(draft, upon: [.draft(base)], at: at)
            #expect(try directoryEntries(at).sorted() == ["base", "proc"])
            try drafts.unmount(at: at)
            #expect(try directoryEntries(draft.path).isEmpty)
        }
    }

    @Test func theRootIsLikeTheOneBelow() throws {
        try with { _, drafts, _ in
            let base = try drafts.begin(upon: [])
            chmod(base.path, 0o711)
            chown(base.path, 5, 6)
            let draft = try drafts.begin(upon: [.draft(base)])
            var status = stat()
            lstat(draft.path, &status)
            #expect(status.st_mode & 0o7777 == 0o711 && status.st_uid == 5 && status.st_gid == 6)
        }
    }

    @Test func oneThatIsThereStaysAndWhatIsNotCommittedGoes() throws {
        try with { snapshotter, drafts, at in
            let first = try drafts.begin(upon: [])
            try write("first", drafts, first, [], at)
            let same = try drafts.begin(upon: [])
            try write("same", drafts, same, [], at)
            try drafts.commit([(first, "a")])
            try drafts.commit([(same, "a")])
            #expect(try directoryEntries(try snapshotter.folder(ofLayer: "a")) == ["first"])
            _ = try drafts.begin(upon: [.committed("a")])
            #expect(throws: RuntimeError.self) { try drafts.begin(upon: [.committed("missing")]) }
            drafts.close()
            #expect(try directoryEntries("\(snapshotter.root)/temporary").isEmpty)
        }
    }
}
