import CLinux
import Glibc
import Linux
import Support
import Testing

@testable import Snapshots

@Suite(.serialized, .enabled(if: getuid() == 0, "needs root: mounts")) struct OverlaySnapshotterTests {
    /// A snapshotter in a folder of its own, with a place to mount at.
    func with(_ body: (inout OverlaySnapshotter, String) throws -> Void) throws {
        let folder = "/tmp/hako-snapshots-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try makeDirectories("\(folder)/at")
        var snapshotter = try OverlaySnapshotter(root: "\(folder)/overlay")
        defer {
            try? snapshotter.unmount(at: "\(folder)/at")
            try? removeTree(folder)
        }
        try body(&snapshotter, folder)
    }

    /// Commits a layer with one file of its own and one that every layer has.
    func commit(_ snapshotter: OverlaySnapshotter, _ name: String, lowers: [String] = []) throws {
        try snapshotter.commitLayer(name, lowers: lowers) { root, folders in
            #expect(folders.count == lowers.count)
            for file in [name, "top"] {
                let opened = openat(root.descriptor.rawValue, file, O_CREAT | O_WRONLY | O_CLOEXEC, 0o644)
                try Descriptor(owning: opened).writeAll(Array(name.utf8))
            }
        }
    }

    @Test(arguments: [true, false])
    func layersMergeAndWritesStayInTheSnapshot(byDescriptor: Bool) throws {
        try with { snapshotter, folder in
            snapshotter.mountsByDescriptor = byDescriptor
            try commit(snapshotter, "sha256:one")
            try commit(snapshotter, "sha256:two", lowers: ["sha256:one"])
            try snapshotter.prepare(key: "c1", layers: ["sha256:one", "sha256:two"])
            try snapshotter.mount(key: "c1", at: "\(folder)/at", readOnly: false)
            #expect(try readText("\(folder)/at/top") == "sha256:two")
            #expect(try readText("\(folder)/at/sha256:one") == "sha256:one")
            try writeAtomically([1], to: "\(folder)/at/mine", durable: false)
            try snapshotter.unmount(at: "\(folder)/at")
            try snapshotter.mount(key: "c1", at: "\(folder)/at", readOnly: true)
            #expect(try readFile("\(folder)/at/mine") == [1])
            let error = try #require(throws: SystemCallError.self) {
                try writeAtomically([2], to: "\(folder)/at/other", durable: false)
            }
            #expect(error.errno == EROFS)
            try snapshotter.unmount(at: "\(folder)/at")
            #expect(try snapshotter.usage(key: "c1").inodes == 2)
            try snapshotter.unmount(at: "\(folder)/at")
            try snapshotter.remove(key: "c1")
            #expect(try snapshotter.snapshots().isEmpty)
        }
    }

    @Test(arguments: [true, false])
    func manyLayersMount(byDescriptor: Bool) throws {
        try with { snapshotter, folder in
            snapshotter.mountsByDescriptor = byDescriptor
            let names = (0..<128).map { "sha256:\(String(repeating: "a", count: 61))\($0 + 100)" }
            for name in names { try commit(snapshotter, name) }
            try snapshotter.prepare(key: "many", layers: names)
            try snapshotter.mount(key: "many", at: "\(folder)/at", readOnly: false)
            #expect(try directoryEntries("\(folder)/at").count == 129)
            #expect(try readText("\(folder)/at/top") == names.last)
        }
    }

    @Test(arguments: [true, false])
    func imageWithoutLayers(readOnly: Bool) throws {
        try with { snapshotter, folder in
            try snapshotter.prepare(key: "empty", layers: [])
            try snapshotter.mount(key: "empty", at: "\(folder)/at", readOnly: readOnly)
            #expect((mkdir("\(folder)/at/x", 0o755) == 0) == !readOnly)
        }
    }
}
