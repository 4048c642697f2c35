import Glibc
import Linux
import Testing

@testable import ContainerService

@Suite struct LogReaderTests {
    private func line(_ text: String, _ stream: String = "stdout") -> String {
        #"{"log":"\#(text)\n","stream":"\#(stream)","time":"2026-01-31T12:00:00.5Z"}"# + "\n"
    }

    /// Writes into the file that is there, as a log's writer does.
    private func put(_ text: String, to path: String) throws {
        let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
        try file.writeAll(Array(text.utf8)[...])
    }

    private func texts(_ reader: inout LogReader) throws -> [String] {
        var all: [String] = []
        while let entry = try reader.next() { all.append(String(decoding: entry.text, as: UTF8.self)) }
        return all
    }

    @Test func `all files are read, oldest first, and what is added`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/log"
        try put(line("1") + line("2"), to: path + ".2")
        try put(line("3"), to: path + ".1")
        try put(line("4"), to: path)
        var reader = try LogReader(path: path)
        #expect(try texts(&reader) == ["1\n", "2\n", "3\n", "4\n"])
        try put(line("4") + line("5"), to: path)
        #expect(try texts(&reader) == ["5\n"])
    }

    @Test func `a file that is renamed while it is read is read to its end`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/log"
        try put(line("1"), to: path)
        var reader = try LogReader(path: path)
        #expect(try texts(&reader) == ["1\n"])
        try put(line("1") + line("2"), to: path)
        rename(path, path + ".1")
        try put(line("3"), to: path)
        #expect(try texts(&reader) == ["2\n", "3\n"])
    }

    @Test func `half a line is waited for, and a damaged one passed over`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/log"
        let whole = line("whole", "stderr")
        try put("{damaged\n" + whole.prefix(20), to: path)
        var reader = try LogReader(path: path)
        #expect(try reader.next() == nil)
        try put("{damaged\n" + whole, to: path)
        let entry = try reader.next()
        #expect(entry?.isError == true)
        #expect(entry?.time == 1_769_860_800_500_000_000)
        #expect(entry.map { String(decoding: $0.text, as: UTF8.self) } == "whole\n")
    }

    @Test func `a log that is not there yet is empty`() throws {
        let folder = try TemporaryFolder()
        var reader = try LogReader(path: folder.path + "/log")
        #expect(try reader.next() == nil)
        try put(line("1"), to: folder.path + "/log")
        #expect(try texts(&reader) == ["1\n"])
    }
}
