import Glibc
import Linux
import Testing

@testable import ContainerService

@Suite struct VolumePopulationTests {
    @Test func contentsModesAndLinks() throws {
        let folder = try TemporaryFolder()
        let image = "\(folder.path)/image"
        let volume = "\(folder.path)/volume"
        try makeDirectories("\(image)/data/inner", mode: 0o751)
        try makeDirectories(volume)
        try writeAtomically(Array("text".utf8), to: "\(image)/data/inner/file", mode: 0o640)
        try folder.link("image/data/link", to: "/etc/passwd")
        try folder.makeFIFO("image/data/fifo")
        try VolumePopulation.fill(volume, from: RootDirectory(opening: image), "/data")
        #expect(try readText("\(volume)/inner/file") == "text")
        #expect(Set(try directoryEntries(volume)) == ["inner", "link"])
        var status = stat()
        #expect(stat("\(volume)/inner/file", &status) == 0)
        #expect(status.st_mode & 0o777 == 0o640)
        #expect(lstat("\(volume)/link", &status) == 0)
        #expect(status.st_mode & S_IFMT == S_IFLNK)
        // What is there already is kept.
        try writeAtomically(Array("mine".utf8), to: "\(volume)/inner/file")
        try VolumePopulation.fill(volume, from: RootDirectory(opening: image), "/data")
        #expect(try readText("\(volume)/inner/file") == "mine")
    }

    @Test func missingFoldersAndLinksOutChangeNothing() throws {
        let folder = try TemporaryFolder()
        try makeDirectories("\(folder.path)/image")
        try makeDirectories("\(folder.path)/volume")
        try makeDirectories("\(folder.path)/outside")
        try writeAtomically([1], to: "\(folder.path)/outside/secret")
        try folder.link("image/data", to: "../outside")
        for path in ["/nothing", "/data"] {
            try VolumePopulation.fill(
                "\(folder.path)/volume", from: RootDirectory(opening: "\(folder.path)/image"), path)
        }
        #expect(try directoryEntries("\(folder.path)/volume") == [])
    }
}
