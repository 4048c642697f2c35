import Testing

@testable import Support

@Suite struct OneLineTests {
    @Test func `a plain message stays as it is`() {
        let text = "mounts[0]: mkdir /a/b: permission denied (EACCES)"
        #expect(oneLine(text) == text)
        #expect(oneLine("chdir /größe: no such file") == "chdir /größe: no such file")
        #expect(oneLine("") == "")
    }

    @Test(arguments: [
        ("a\nb", "a\\nb"), ("a\r\nb", "a\\r\\nb"), ("\u{1b}[2J", "\\u{1b}[2J"), ("a\0", "a\\u{0}"), ("\t", "\\t"),
        ("\u{7f}", "\\u{7f}"),
        ("\u{85}", "\\u{85}"), ("a\u{2028}b", "a\\u{2028}b"), ("\u{202e}txt", "\\u{202e}txt"),
        ("\u{2066}", "\\u{2066}"),
    ])
    func `what would forge a line or move the cursor is escaped`(text: String, expected: String) {
        #expect(oneLine(text) == expected)
    }

    @Test func `a long message keeps its beginning and its reason, within the limit`() {
        for filler in ["x", "é", "\n", "👩‍👩‍👧"] {
            let text = "process.env[0]: " + String(repeating: filler, count: 100_000) + ": permission denied (EACCES)"
            let line = oneLine(text, limit: 200)
            #expect(line.utf8.count <= 200)
            #expect(line.hasPrefix("process.env[0]: "))
            #expect(line.hasSuffix(": permission denied (EACCES)"))
            #expect(line.contains(" […] "))
        }
    }
}
