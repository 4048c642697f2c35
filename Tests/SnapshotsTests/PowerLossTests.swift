import Glibc
import Linux
import Testing

@testable import Snapshots

/// Layers whose data may not have reached the disk when the power went.
@Suite struct PowerLossTests {
    func with(_ body: (String) throws -> Void) throws {
        let folder = "/tmp/hako-power-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        defer { try? removeTree(folder) }
        try body(folder)
    }

    func commit(_ store: LayerStore, _ names: [String], settling: Bool) throws {
        let batch = try LayerBatch(store, names)
        for name in names { try batch.stage(name)?.commit() }
        if settling { try batch.settle() }
    }

    @Test func layersThatWereNotSettledAreThrownAwayAtTheNextBoot() throws {
        try with { folder in
            let before = try LayerStore(root: folder, boot: "first")
            try commit(before, ["a"], settling: true)
            try commit(before, ["a", "b", "c"], settling: false)
            #expect(try LayerStore(root: folder, boot: "first").layers() == ["a", "b", "c"])
            let after = try LayerStore(root: folder, boot: "second")
            #expect(try after.layers() == ["a"])
            #expect(try directoryEntries("\(folder)/unsettled").isEmpty)
            try commit(after, ["b"], settling: false)
            #expect(try LayerStore(root: folder, boot: "second").layers() == ["a", "b"])
        }
    }

    @Test func aRecordWithoutContentIsOfAnotherBoot() throws {
        try with { folder in
            let store = try LayerStore(root: folder, boot: "first")
            try commit(store, ["a"], settling: true)
            // A record is flushed before its layers, so that one without content has none.
            try writeAtomically([], to: "\(folder)/unsettled/torn", durable: false)
            #expect(try LayerStore(root: folder, boot: "first").layers() == ["a"])
            #expect(try directoryEntries("\(folder)/unsettled").isEmpty)
        }
    }

    @Test func oldRecordsAreSettledAndThoseInUseStay() throws {
        try with { folder in
            let store = try LayerStore(root: folder, boot: "first")
            var batch: LayerBatch? = try LayerBatch(store, ["a"])
            #expect(try store.discardLost(olderThan: 0).isEmpty)
            try commit(store, ["b"], settling: false)
            let old = try store.discardLost(olderThan: 0)
            #expect(old.count == 1)
            try store.settle(old)
            #expect(try directoryEntries("\(folder)/unsettled").count == 1)
            // The next boot waits for no record of its own program's.
            withExtendedLifetime(batch) {}
            batch = nil
            #expect(try LayerStore(root: folder, boot: "second").layers() == ["b"])
        }
    }

    @Test func theDriverIsFoundOncePerBoot() throws {
        try with { folder in
            let first = try StorageDriver.choose(root: folder)
            let boot = try readText("/proc/sys/kernel/random/boot_id").filter { !$0.isWhitespace }
            #expect(try readText("\(folder)/driver").hasPrefix("\(boot)\n\(first.driver.rawValue)"))
            try writeAtomically(Array("\(boot)\nnative\nit was refused".utf8), to: "\(folder)/driver", durable: false)
            let second = try StorageDriver.choose(root: folder)
            #expect(second.driver == .native && second.reason == "it was refused")
            try writeAtomically(Array("other\nnative\nit was refused".utf8), to: "\(folder)/driver", durable: false)
            #expect(try StorageDriver.choose(root: folder).driver == first.driver)
        }
    }
}
