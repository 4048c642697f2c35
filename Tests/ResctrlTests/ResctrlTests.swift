import Foundation
import Linux
import Support
import Testing

@testable import Resctrl

/// A folder that looks like resctrl: a new group has the files that the kernel gives it, and is removed with them.
private final class Imitation {
    let root: String
    let resctrl: Resctrl

    init() throws {
        let root = NSTemporaryDirectory() + "hako-test-resctrl-\(UInt64.random(in: .min ... .max))"
        self.root = root
        func populate(_ path: String, isMonitor: Bool) {
            let files = isMonitor ? ["tasks"] : ["tasks", "schemata"]
            for file in files { _ = FileManager.default.createFile(atPath: "\(path)/\(file)", contents: Data()) }
            if isMonitor { return }
            try? FileManager.default.createDirectory(atPath: "\(path)/mon_groups", withIntermediateDirectories: false)
        }
        try FileManager.default.createDirectory(atPath: "\(root)/info", withIntermediateDirectories: true)
        populate(root, isMonitor: false)
        resctrl = Resctrl(
            mountPoint: root,
            folders: Resctrl.Folders(
                make: { path throws(SystemCallError) in
                    if path.hasSuffix("/full") { throw SystemCallError("mkdir", errno: ENOSPC, subject: path) }
                    try check("mkdir", path) { mkdir(path, 0o755) }
                    populate(path, isMonitor: path.contains("/mon_groups/"))
                },
                remove: { path throws(SystemCallError) in
                    guard FileManager.default.fileExists(atPath: path) else {
                        throw SystemCallError("rmdir", errno: ENOENT, subject: path)
                    }
                    try? FileManager.default.removeItem(atPath: path)
                }))
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func text(_ file: String) -> String? { try? String(contentsOfFile: "\(root)/\(file)", encoding: .utf8) }

    func write(_ text: String, _ file: String) throws {
        try text.write(toFile: "\(root)/\(file)", atomically: false, encoding: .utf8)
    }

    /// A class as an administrator makes it.
    func makeClass(_ name: String, _ schemata: String) throws {
        try FileManager.default.createDirectory(atPath: "\(root)/\(name)/mon_groups", withIntermediateDirectories: true)
        try write("", "\(name)/tasks")
        try write(schemata, "\(name)/schemata")
    }

    /// Everything below the root, but for the info folder and the files of the root itself.
    var groups: [String] {
        (FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? [])
            .filter { $0.hasSuffix("/tasks") }.map { String($0.dropLast(6)) }.sorted()
    }
}

private func settings(_ change: (inout ResctrlSettings) -> Void) -> ResctrlSettings {
    var settings = ResctrlSettings()
    change(&settings)
    return settings
}

@Suite struct ResctrlTests {
    @Test func aGroupOfTheContainersOwnGoesWithIt() throws {
        let imitation = try Imitation()
        let group = try imitation.resctrl.makeGroup(
            settings {
                ($0.l3CacheSchema, $0.memBwSchema, $0.schemata) = ("L3:0=f", "MB:0=20", ["L2:0=3", "L2:1=1"])
            }, id: "c1")
        #expect(group == ResctrlGroup(path: "\(imitation.root)/c1", isOurs: true))
        #expect(imitation.text("c1/schemata") == "L3:0=f\nMB:0=20\nL2:0=3\nL2:1=1\n")
        #expect(group.tasksFiles == ["\(imitation.root)/c1/tasks"])
        try imitation.resctrl.remove(group)
        #expect(imitation.groups == [])
        try imitation.resctrl.remove(group)
    }

    @Test func withoutASchemaNoneIsWritten() throws {
        let imitation = try Imitation()
        _ = try imitation.resctrl.makeGroup(ResctrlSettings(), id: "c1")
        #expect(imitation.text("c1/schemata") == "")
    }

    @Test func aClassThatIsMadeByNameStays() throws {
        let imitation = try Imitation()
        let group = try imitation.resctrl.makeGroup(
            settings { ($0.closID, $0.memBwSchema) = ("gold", "MB:0=50") }, id: "c1")
        #expect(!group.isOurs && imitation.text("gold/schemata") == "MB:0=50\n")
        try imitation.resctrl.remove(group)
        #expect(imitation.groups == ["gold"])
    }

    @Test func aClassThatIsThereMustHaveTheSchema() throws {
        let imitation = try Imitation()
        try imitation.makeClass("gold", "    MB:0= 20;1= 70\n    L3:0=007f0;1=0001f\n")
        for (cache, bandwidth) in [("L3:1=1f;0=7f0", "MB:0=20;1=70"), ("L3:0=7f0", nil), (nil, "MB:1=70")] {
            let wanted = settings { ($0.closID, $0.l3CacheSchema, $0.memBwSchema) = ("gold", cache, bandwidth) }
            let group = try imitation.resctrl.makeGroup(wanted, id: "c1")
            #expect(!group.isOurs && group.path.hasSuffix("/gold"))
            try imitation.makeClass("gold", "    MB:0= 20;1= 70\n    L3:0=007f0;1=0001f\n")
        }
        for (cache, bandwidth) in [("L3:0=7f1", nil), (nil, "MB:0=30"), ("L3:2=1", nil), ("L3:0=7f0", "MB:1=20")] {
            let wanted = settings { ($0.closID, $0.l3CacheSchema, $0.memBwSchema) = ("gold", cache, bandwidth) }
            let error = #expect(throws: RuntimeError.self) { try imitation.resctrl.makeGroup(wanted, id: "c1") }
            #expect(error?.code == .invalidState, "\(error.map { "\($0)" } ?? "")")
        }
        #expect(imitation.text("gold/schemata") == "    MB:0= 20;1= 70\n    L3:0=007f0;1=0001f\n")
    }

    @Test func aClassThatIsOnlyNamedMustBeThere() throws {
        let imitation = try Imitation()
        let wanted = settings { $0.closID = "gold" }
        let error = #expect(throws: RuntimeError.self) { try imitation.resctrl.makeGroup(wanted, id: "c1") }
        #expect(error?.code == .notFound && imitation.groups == [])
        try imitation.makeClass("gold", "L3:0=f\n")
        #expect(try imitation.resctrl.makeGroup(wanted, id: "c1").tasksFiles == ["\(imitation.root)/gold/tasks"])
        #expect(imitation.text("gold/schemata") == "L3:0=f\n")
    }

    @Test func theDefaultClassIsTheRoot() throws {
        let imitation = try Imitation()
        let group = try imitation.resctrl.makeGroup(settings { ($0.closID, $0.monitors) = ("/", true) }, id: "c1")
        #expect(group.tasksFiles == ["\(imitation.root)/tasks", "\(imitation.root)/mon_groups/c1/tasks"])
        try imitation.resctrl.remove(group)
        #expect(imitation.groups == [] && imitation.text("tasks") == "")
    }

    @Test func aMonitoringGroupIsTheContainersOwn() throws {
        let imitation = try Imitation()
        try imitation.makeClass("gold", "L3:0=f\n")
        let wanted = settings { ($0.closID, $0.monitors) = ("gold", true) }
        let group = try imitation.resctrl.makeGroup(wanted, id: "c1")
        #expect(
            group.tasksFiles.map { $0.dropFirst(imitation.root.count) } == ["/gold/tasks", "/gold/mon_groups/c1/tasks"])
        let again = #expect(throws: RuntimeError.self) { try imitation.resctrl.makeGroup(wanted, id: "c1") }
        #expect(again?.code == .alreadyExists)
        try imitation.resctrl.remove(group)
        #expect(imitation.groups == ["gold"])
    }

    @Test func aFailureLeavesNothing() throws {
        let imitation = try Imitation()
        try imitation.write("more than the processor has\n", "info/last_cmd_status")
        let error = #expect(throws: RuntimeError.self) {
            try imitation.resctrl.makeGroup(settings { $0.l3CacheSchema = "L3:0=f" }, id: "full")
        }
        #expect(error?.code == .resourceExhausted)
        #expect(error?.description.contains("(more than the processor has)") == true)
        // A monitoring group that can't be made takes the new class with it.
        #expect(throws: RuntimeError.self) {
            try imitation.resctrl.makeGroup(
                settings { ($0.closID, $0.monitors, $0.memBwSchema) = ("new", true, "MB:0=5") }, id: "full")
        }
        #expect(imitation.groups == [])
    }

    @Test func anUpdateWritesTheLines() throws {
        let imitation = try Imitation()
        let group = try imitation.resctrl.makeGroup(ResctrlSettings(), id: "c1")
        try imitation.resctrl.update(group, ["L3:0=1", "MB:0=10"])
        #expect(imitation.text("c1/schemata") == "L3:0=1\nMB:0=10\n")
    }

    @Test(arguments: ["", ".", "..", "a/b", "/a", "info", "mon_groups", "a b", "a\nb", "schemata"])
    func classesThatCantBe(name: String) {
        let error = #expect(throws: RuntimeError.self) { try settings { $0.closID = name }.validate(id: "c1") }
        #expect(error?.code == .invalidArgument && error?.message.hasPrefix("linux.intelRdt.closID") == true)
    }

    @Test func schemasThatCantBe() throws {
        for wanted in [
            settings { $0.l3CacheSchema = "L3:0=f\nMB:0=1" }, settings { $0.memBwSchema = "L3:0=f" },
            settings { $0.memBwSchema = "MB:0=1\n" }, settings { $0.schemata = ["L3:0=f", "a\nb"] },
            settings { $0.schemata = [""] },
        ] {
            let error = #expect(throws: RuntimeError.self) { try wanted.validate(id: "c1") }
            #expect(error?.code == .invalidArgument)
        }
        #expect(throws: RuntimeError.self) { try ResctrlSettings().validate(id: "info") }
        try settings { $0.closID = "/" }.validate(id: "info")
    }

    @Test func theMountIsFoundWhereverItIs() {
        let mounts = """
            24 29 0:22 / /proc rw,nosuid - proc proc rw
            40 29 0:50 /sub /elsewhere rw - resctrl resctrl rw
            41 29 0:50 / /mnt/re\\040sctrl rw,relatime shared:5 master:2 - resctrl none rw
            42 29 0:50 / /sys/fs/resctrl rw - resctrl none rw
            """
        #expect(Resctrl.mountPoint(in: Array(mounts.utf8)) == "/mnt/re sctrl")
        #expect(Resctrl.mountPoint(in: Array("24 29 0:22 / /resctrl rw - proc resctrl rw\n\n- resctrl\n".utf8)) == nil)
    }
}
