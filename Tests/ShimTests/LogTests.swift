import Glibc
import ShimProtocol
import Testing

@testable import Shim

@Suite struct LogTests {
    /// A folder that goes with the object.
    private final class Folder {
        let path: String
        init() throws {
            var template = Array("/tmp/hako-shim-log-XXXXXX".utf8CString)
            try #require(mkdtemp(&template) != nil)
            path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
        deinit {
            for number in 0..<9 { unlink(path + "/log" + (number == 0 ? "" : ".\(number)")) }
            rmdir(path)
        }
        func text(_ name: String) -> String? {
            guard let file = fopen("\(path)/\(name)", "r") else { return nil }
            defer { fclose(file) }
            var bytes = [UInt8](repeating: 0, count: 1 << 20)
            let count = fread(&bytes, 1, bytes.count, file)
            return String(decoding: bytes.prefix(count), as: UTF8.self)
        }
    }

    private func write(_ log: ContainerLog, _ text: String, _ stream: LogStream = .output) {
        Array(text.utf8).withUnsafeBytes { log.append($0, stream) }
    }

    private func escaped(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        bytes.withUnsafeBytes { DockerJSONFormat.escape($0, to: &text) }
        return String(decoding: text, as: UTF8.self)
    }

    @Test func `lines stand in the log as docker writes them`() throws {
        let folder = try Folder()
        let log = try #require(
            try ContainerLog(
                LogSettings(driver: .jsonFile, path: folder.path + "/log", attributes: ["k": "v"])))
        write(log, "one\ntw")
        write(log, "no\n", .errors)
        write(log, "o\nrest")
        #expect(folder.text("log")?.split(separator: "\n").count == 3)
        log.finish(.output)
        let lines = try #require(folder.text("log")).split(separator: "\n")
        let expected = [(#"one\n"#, "stdout"), (#"no\n"#, "stderr"), (#"two\n"#, "stdout"), ("rest", "stdout")]
        #expect(lines.count == expected.count)
        for (line, (text, stream)) in zip(lines, expected) {
            #expect(line.hasPrefix(#"{"log":"\#(text)","stream":"\#(stream)","attrs":{"k":"v"},"time":"2"#), "\(line)")
            #expect(line.hasSuffix(#"Z"}"#), "\(line)")
        }
    }

    @Test func `the local form marks lines that go on`() throws {
        let folder = try Folder()
        let log = try #require(try ContainerLog(LogSettings(driver: .local, path: folder.path + "/log")))
        write(log, String(repeating: "x", count: 16385) + "\nend\n")
        let lines = try #require(folder.text("log")).split(separator: "\n").map { $0.split(separator: " ") }
        #expect(lines.map { $0[2] } == ["P", "F", "F"])
        #expect(lines.map { $0[3].count } == [16384, 1, 3])
        #expect(lines.allSatisfy { $0[0].count == 30 && $0[1] == "stdout" })
    }

    @Test func `what JSON can't hold is escaped as docker does`() {
        #expect(escaped(Array("a\"b\\c\n\r\t<&>é\u{2028}😀".utf8)) == #"a\"b\\c\n\r\u0009\u003c\u0026\u003eé\u2028😀"#)
        #expect(escaped([0x61, 0xff, 0xc3, 0x62, 0xe2, 0x80]) == #"a\ufffd\ufffdb\ufffd\ufffd"#)
        #expect(escaped([0xed, 0xa0, 0x80]) == #"\ufffd\ufffd\ufffd"#)
        #expect(escaped([0xc0, 0x80, 0xf5, 0x01]) == #"\ufffd\ufffd\ufffd\u0001"#)
    }

    @Test func `files are rotated at their size and the oldest goes`() throws {
        let folder = try Folder()
        let log = try #require(
            try ContainerLog(
                LogSettings(driver: .local, path: folder.path + "/log", maximumSize: 200, maximumFiles: 3)))
        // A record has 30 + 1 + 6 + 1 + 1 + 1 + 3 + 1 bytes: four a file.
        for number in 100..<120 { write(log, "\(number)\n") }
        let files = ["log", "log.1", "log.2"].compactMap(folder.text)
        #expect(
            files.map { $0.split(separator: "\n").compactMap { $0.split(separator: " ").last.flatMap { Int($0) } } }
                == [Array(116..<120), Array(112..<116), Array(108..<112)])
        #expect(folder.text("log.3") == nil)
        // Lines that arrive together are divided just the same.
        write(log, (120..<126).map { "\($0)\n" }.joined())
        #expect(folder.text("log")?.split(separator: "\n").count == 2)
        #expect(folder.text("log.1")?.split(separator: "\n").count == 4)
        #expect(log.lostLines == 0)
    }

    @Test func `one file alone begins anew`() throws {
        let folder = try Folder()
        let log = try #require(
            try ContainerLog(LogSettings(driver: .local, path: folder.path + "/log", maximumSize: 100)))
        for number in 100..<105 { write(log, "\(number)\n") }
        #expect(folder.text("log")?.hasSuffix(" 104\n") == true)
        #expect(folder.text("log")?.split(separator: "\n").count == 1)
        #expect(folder.text("log.1") == nil)
    }

    @Test(arguments: [1, 7, 16384, 40000]) func `lines are cut alike whatever pieces they arrive in`(piece: Int) {
        let text = (0..<50).map { String(repeating: "a", count: $0 * 997) + "\n" }.joined() + "rest"
        func cut(_ piece: Int) -> [[UInt8]] {
            var splitter = LineSplitter()
            var lines: [[UInt8]] = []
            let bytes = Array(text.utf8)
            for start in stride(from: 0, to: bytes.count, by: piece) {
                bytes[start..<min(start + piece, bytes.count)].withUnsafeBytes {
                    splitter.split($0) { lines.append([UInt8]($0)) }
                }
            }
            splitter.finish { lines.append([UInt8]($0)) }
            return lines
        }
        let lines = cut(piece)
        #expect(lines.joined().elementsEqual(text.utf8))
        #expect(lines.allSatisfy { $0.count <= LineSplitter.longest })
        #expect(lines == cut(text.utf8.count))
    }

    @Test func `times are as Go prints them`() {
        #expect(Timestamp(seconds: 0, nanoseconds: 0).text() == "1970-01-01T00:00:00Z")
        #expect(Timestamp(seconds: 1_709_210_096, nanoseconds: 120_000_000).text() == "2024-02-29T12:34:56.12Z")
        #expect(Timestamp(seconds: 1_709_210_096, nanoseconds: 5).text() == "2024-02-29T12:34:56.000000005Z")
        #expect(Timestamp(seconds: 1_709_210_096, nanoseconds: 0).text(fixed: true) == "2024-02-29T12:34:56.000000000Z")
    }
}
