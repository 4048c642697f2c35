import Linux
import RootFilesystem
import Support
import Testing

@Suite struct MountOptionsTests {
    func parse(_ words: String...) throws -> MountOptions {
        try MountOptions(words, field: "mounts[0].options")
    }

    @Test func wordsBecomeAttributesPropagationAndData() throws {
        let options = try parse(
            "nosuid", "ro", "noatime", "rprivate", "mode=755", "size=64k", "newinstance", "defaults")
        #expect(options.set == [.noSuid, .readOnly, .noAccessTime])
        #expect(options.clear == .accessTimeMask)
        #expect(options.propagation == .private && options.propagationIsRecursive)
        #expect(options.data.map(\.key) == ["mode", "size", "newinstance"])
        #expect(options.data.map(\.value) == ["755", "64k", nil])
    }

    @Test func theLastWordOfAPairCounts() throws {
        #expect(try parse("ro", "rw").set == [])
        #expect(try parse("ro", "rw").clear == .readOnly)
        #expect(try parse("rw", "ro").set == .readOnly)
        #expect(try parse("rw", "ro").clear == [])
        #expect(try parse("nodev", "dev", "nodev").set == .noDevices)
    }

    @Test func recursiveWordsAreKeptApart() throws {
        let options = try parse("rbind", "rro", "nosuid")
        #expect(options.bind == .recursive)
        #expect(options.recursiveSet == .readOnly)
        #expect(options.set == .noSuid)
    }

    @Test func whatIsNotHonouredIsAnErrorThatNamesIt() {
        for words in [
            ["bind", "sync"], ["remount", "idmap"], ["bind", "mode=755"], ["idmap=x"], ["rbind", "bogus"],
        ] {
            let error = #expect(throws: RuntimeError.self) { try MountOptions(words, field: "mounts[0].options") }
            #expect(error?.description.hasPrefix("mounts[0].options: \"") == true, "\(words)")
        }
    }

    /// The table of runtime-spec config.md, "Linux mount options".
    static let table = """
        async atime bind defaults dev diratime dirsync exec iversion lazytime loud mand noatime nodev nodiratime noexec
        noiversion nolazytime nomand norelatime nostrictatime nosuid nosymfollow private ratime rbind rdev rdiratime
        relatime remount rexec rnoatime rnodev rnodiratime rnoexec rnorelatime rnostrictatime rnosuid rnosymfollow ro
        rprivate rrelatime rro rrw rshared rslave rstrictatime rsuid rsymfollow runbindable rw shared silent slave
        strictatime suid symfollow sync tmpcopyup unbindable idmap ridmap
        """.split(whereSeparator: \.isWhitespace).map(String.init)

    @Test(arguments: table) func everyWordOfTheTableIsKnown(word: String) throws {
        #expect(MountOptionWords.all.contains(word))
        #expect(try parse(word).data.isEmpty)
    }

    @Test func switchesAreTheFileSystems() throws {
        #expect(try parse("sync", "lazytime", "nolazytime").switches == [.sync: true, .lazytime: false])
        #expect(try parse("bind", "async").bind == .single)
    }

    @Test func laterAccessTimeWordsWinRecursivelyToo() throws {
        #expect(try parse("rnoatime", "rstrictatime").recursiveSet == .strictAccessTime)
        #expect(try parse("noatime", "relatime").set == [])
    }

    @Test func featuresListsEveryWordOnce() {
        let words = MountOptionWords.all
        #expect(Set(words).count == words.count)
        #expect(Set(words).isSuperset(of: ["bind", "rbind", "ro", "rro", "rshared", "nosymfollow", "strictatime"]))
    }
}
