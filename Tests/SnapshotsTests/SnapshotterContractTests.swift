import CLinux
import Glibc
import Linux
import Support
import Testing

@testable import Snapshots

/// What every storage driver keeps to.
@Suite(.serialized, .enabled(if: getuid() == 0, "needs root: mounts")) struct SnapshotterContractTests {
    /// Snapshots in a folder of their own, with a place to mount at.
    func with(_ driver: StorageDriver, _ body: (any Snapshotter, String) throws -> Void) throws {
        let folder = "/tmp/hako-snapshots-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try makeDirectories("\(folder)/at")
        let snapshotter = try driver.open(root: "\(folder)/store")
        defer {
            try? snapshotter.unmount(at: "\(folder)/at")
            try? removeTree(folder)
        }
        try body(snapshotter, folder)
    }

    /// Commits a layer that a shell command makes in the layer's folder, or one with a file of its name.
    func commit(
        _ snapshotter: any Snapshotter, _ name: String, lowers: [String] = [], _ command: String? = nil
    ) throws {
        try snapshotter.commitLayer(name, lowers: lowers) { root, folders in
            #expect(folders.count == lowers.count)
            let place = "/proc/\(getpid())/fd/\(root.descriptor.rawValue)"
            try shell("cd \(place)/. && \(command ?? "printf \(name) > \(name)")")
        }
    }

    @Test(arguments: StorageDriver.allCases)
    func layersMergeAsTheirMarksSay(driver: StorageDriver) throws {
        try with(driver) { snapshotter, folder in
            try commit(
                snapshotter, "one", lowers: [],
                """
                mkdir -m 2751 kept hidden turned && chown 3:4 kept && printf 1 > gone && printf 1 > hidden/old \
                && printf 1 > kept/low && printf 1 > both && ln both also && printf 1 > turned/deep && ln -s both link \
                && setfattr -n user.mark -v low kept && chmod 4755 both && touch -d @1000000000 kept/low both \
                && truncate -s 1M holes && mkfifo -m 640 pipe
                """)
            try commit(
                snapshotter, "two", lowers: ["one"],
                """
                mknod gone c 0 0 && mkdir hidden kept && setfattr -n trusted.overlay.opaque -v y hidden \
                && printf 2 > hidden/new && printf 2 > kept/high && printf 2 > turned && chown 5:6 kept
                """)
            try snapshotter.prepare(key: "k", layers: ["one", "two"])
            try snapshotter.mount(key: "k", at: "\(folder)/at", readOnly: false)
            let script = """
                cd \(folder)/at && find . -mindepth 1 | sort | tr '\\n' ' ' && cat hidden/new kept/low kept/high turned both \
                && stat -c ' %A %u:%g' kept both pipe && stat -c %Y kept/low both && readlink link && stat -c %s holes \
                && stat -c %h both
                """
            #expect(
                try output(script) == """
                    ./also ./both ./hidden ./hidden/new ./holes ./kept ./kept/high ./kept/low ./link ./pipe ./turned \
                    21221 drwxr-xr-x 5:6
                     -rwsr-xr-x 0:0
                     prw-r----- 0:0
                    1000000000
                    1000000000
                    both
                    1048576
                    2

                    """)
        }
    }

    @Test(arguments: StorageDriver.allCases)
    func writesStayInTheSnapshot(driver: StorageDriver) throws {
        try with(driver) { snapshotter, folder in
            try commit(snapshotter, "base", lowers: [], "mkdir d && printf x > d/f && printf y > g")
            for key in ["a", "b"] { try snapshotter.prepare(key: key, layers: ["base"]) }
            try snapshotter.mount(key: "a", at: "\(folder)/at", readOnly: false)
            try shell("cd \(folder)/at && printf changed > d/f && rm g && printf new > h")
            try snapshotter.unmount(at: "\(folder)/at")
            try snapshotter.mount(key: "b", at: "\(folder)/at", readOnly: true)
            #expect(try output("cd \(folder)/at && cat d/f g && ls") == "xyd\ng\n")
            #expect(try output("touch \(folder)/at/no 2>&1; true").contains("Read-only file system"))
            try snapshotter.unmount(at: "\(folder)/at")
            try snapshotter.mount(key: "a", at: "\(folder)/at", readOnly: true)
            #expect(try output("cd \(folder)/at && cat d/f h && ls") == "changednewd\nh\n")
            try snapshotter.unmount(at: "\(folder)/at")
            try snapshotter.unmount(at: "\(folder)/at")
            #expect(try snapshotter.usage(key: "a").inodes >= 3)
            #expect(try snapshotter.snapshots() == ["a", "b"])
        }
    }

    @Test(arguments: StorageDriver.allCases)
    func anotherDriversSnapshotIsRefused(driver: StorageDriver) throws {
        try with(driver) { snapshotter, folder in
            try snapshotter.prepare(key: "k", layers: [])
            let other = try (driver == .native ? StorageDriver.overlay : .native).open(root: "\(folder)/store")
            try commit(other, "base")
            try other.prepare(key: "l", layers: ["base"])
            for (mounting, key) in [(other, "k"), (snapshotter, "l")] {
                let error = #expect(throws: RuntimeError.self) {
                    try mounting.mount(key: key, at: "\(folder)/at", readOnly: false)
                }
                #expect(error?.code == .invalidState)
            }
        }
    }

    @Test(arguments: StorageDriver.allCases)
    func aBatchIsStagedInAnyOrder(driver: StorageDriver) throws {
        try with(driver) { snapshotter, folder in
            let batch = try snapshotter.batch(of: ["low", "high"])
            let high = try #require(try batch.stage("high"))
            let low = try #require(try batch.stage("low"))
            #expect(try snapshotter.layers().isEmpty)
            try low.commit()
            #expect(try snapshotter.layers() == ["low"])
            try shell("touch /proc/\(getpid())/fd/\(high.folder.rawValue)/half")
            try high.empty()
            try high.commit()
            #expect(try batch.stage("high") == nil)
            #expect(try snapshotter.usage(layer: "high").inodes == 1)
            #expect(try directoryEntries("\(folder)/store/unsettled").count == 1)
            try batch.settle()
            for name in ["unsettled", "temporary", "locks"] {
                #expect(try directoryEntries("\(folder)/store/\(name)").isEmpty, "\(name)")
            }
        }
    }

    @Test(arguments: StorageDriver.allCases)
    func failedLayerLeavesNothing(driver: StorageDriver) throws {
        try with(driver) { snapshotter, folder in
            let error = try #require(throws: RuntimeError.self) {
                try snapshotter.commitLayer("sha256:bad", lowers: []) { root, _ in
                    mkdirat(root.descriptor.rawValue, "half", 0o755)
                    throw SystemCallError("write", errno: ENOSPC, subject: "half")
                }
            }
            #expect(error.code == .resourceExhausted)
            #expect("\(error)" == "commit layer sha256:bad: write half: no space left on device (ENOSPC)")
            for name in ["layers", "temporary", "locks"] {
                #expect(try directoryEntries("\(folder)/store/\(name)").isEmpty, "\(name)")
            }
        }
    }

    @Test(arguments: StorageDriver.allCases)
    func leftoversAreSweptAndLivingOnesKept(driver: StorageDriver) throws {
        try with(driver) { snapshotter, folder in
            try makeDirectories("\(folder)/store/temporary/sha256:dead~1/fs")
            try makeDirectories("\(folder)/store/temporary/sha256:alive~1/fs")
            let lock = try FileLock("\(folder)/store/locks/sha256:alive")
            try commit(snapshotter, "sha256:new")
            #expect(try directoryEntries("\(folder)/store/temporary") == ["sha256:alive~1"])
            lock.release()
        }
    }

    @Test(arguments: StorageDriver.allCases)
    func layersInUseStay(driver: StorageDriver) throws {
        try with(driver) { snapshotter, _ in
            try commit(snapshotter, "sha256:base")
            try commit(snapshotter, "sha256:base")
            try snapshotter.prepare(key: "k", layers: ["sha256:base"])
            let used = try #require(throws: RuntimeError.self) { try snapshotter.removeLayer("sha256:base") }
            #expect(used.code == .invalidState)
            let twice = try #require(throws: RuntimeError.self) { try snapshotter.prepare(key: "k", layers: []) }
            #expect(twice.code == .alreadyExists)
            let missing = try #require(throws: RuntimeError.self) {
                try snapshotter.prepare(key: "other", layers: ["sha256:none"])
            }
            #expect(missing.code == .notFound)
            try snapshotter.remove(key: "k")
            try snapshotter.removeLayer("sha256:base")
            #expect(try snapshotter.layers().isEmpty)
        }
    }

    @Test(arguments: ["", "../x", "a/b", ".", "a\u{0}b", "a~b"], StorageDriver.allCases)
    func namesThatLeadElsewhereAreRefused(name: String, driver: StorageDriver) throws {
        try with(driver) { snapshotter, _ in
            let error = try #require(throws: RuntimeError.self) { try snapshotter.prepare(key: name, layers: []) }
            #expect(error.code == .invalidArgument)
        }
    }
}
