import Support
import Testing

@testable import Dockerfile

/// Variables, patterns and durations.
@Suite struct TextTests {
    private static let values = ["a": "x", "b": "", "path": "/usr/lib/libz.so.1", "sp": "1 2", "star": "a*b"]

    @Test(arguments: [
        ("$a", "x"), ("${a}", "x"), ("pre$a.post", "prex.post"), ("$aa", ""), ("${b}", ""), ("\\$a", "$a"), ("$", "$"),
        ("'$a'", "$a"), ("\"$a\"", "x"), ("\"\\$a\"", "$a"), ("\"\\n\"", "\\n"), ("\\n", "n"), ("a\\", "a"),
        ("'a'\"b\"c", "abc"), ("\"'$a'\"", "'x'"), ("'\"'", "\""), ("$1", ""), ("a$ b", "a$ b"), ("$-", "$-"),
        ("${no:-d}", "d"), ("${no-d}", "d"), ("${b:-d}", "d"), ("${b-d}", ""), ("${a:-d}", "x"),
        ("${no:+d}", ""), ("${a:+d}", "d"), ("${b:+d}", ""), ("${b+d}", "d"), ("${a+d}", "d"),
        ("${no:-${a}}", "x"), ("${no:-${no:-$a}y}", "xy"), ("${no:-'$a'}", "$a"), ("${no:-\"}\"}", "}"),
        ("${no:-\\}}", "}"),
        ("${a:?why}", "x"), ("${b?why}", ""),
        ("${path#*/}", "usr/lib/libz.so.1"), ("${path##*/}", "libz.so.1"), ("${path%.*}", "/usr/lib/libz.so"),
        ("${path%%.*}", "/usr/lib/libz"), ("${path#/???/}", "lib/libz.so.1"), ("${path#no}", "/usr/lib/libz.so.1"),
        ("${path/lib/LIB}", "/usr/LIB/libz.so.1"), ("${path//lib/L}", "/usr/L/Lz.so.1"),
        ("${path//\\//.}", ".usr.lib.libz.so.1"),
        ("${star#a\\*}", "b"), ("${sp}", "1 2"), ("${a/$a/$path}", "/usr/lib/libz.so.1"),
    ])
    func expansion(word: String, expected: String) throws {
        let lexer = ShellLexer()
        #expect(try lexer.expand(word) { Self.values[$0] } == expected)
    }

    @Test(arguments: [
        "${", "${a", "${a:", "${a:x}", "${}", "'a", "\"a", "${no:?say}", "${no?}", "${a^}", "${a:-${b}",
        "${path/lib}",
    ])
    func expansionFaults(word: String) {
        #expect(throws: (any Error).self) { try ShellLexer().expand(word) { Self.values[$0] } }
    }

    @Test func wordsAndEscapes() throws {
        #expect(
            try ShellLexer().expandWords("$sp 'a b' \"$sp\" ''") { Self.values[$0] } == ["1", "2", "a b", "1 2", ""])
        #expect(try ShellLexer(escape: "`").expand("C:\\x`$a") { Self.values[$0] } == "C:\\x$a")
        #expect(ShellLexer().variables(in: "$a ${b:-$c} '$d' ${e:+$f}") == ["a", "b", "c", "e", "f"])
    }

    @Test func expansionIsBounded() {
        let big = String(repeating: "x", count: 600_000)
        #expect(throws: (any Error).self) { try ShellLexer().expand("$a$a$a") { _ in big } }
        let deep = String(repeating: "${a:-", count: 500) + String(repeating: "}", count: 500)
        #expect(throws: (any Error).self) { try ShellLexer().expand(deep) { _ in nil } }
    }

    @Test(arguments: [
        ("a", "a", true), ("a", "b", false), ("a*", "abc", true), ("a*", "a/b", false), ("*/b", "a/b", true),
        ("a?c", "abc", true), ("a?c", "a/c", false), ("[a-c]x", "bx", true), ("[^a-c]x", "bx", false),
        ("[^a]", "/", false),
        ("\\*", "*", true), ("\\*", "a", false), ("**", "a/b", false), ("", "", true),
    ])
    func globs(pattern: String, path: String, fits: Bool) throws {
        #expect(try PathPattern(pattern).matches(path) == fits)
    }

    @Test(arguments: [
        ("**", "a/b/c", true), ("**/x", "x", true), ("**/x", "a/b/x", true), ("**/x", "ax", false),
        ("a/**/x", "a/x", true),
        ("a/**/x", "a/b/c/x", true), ("a/**", "a/b/c", true), ("**.go", "a/b.go", true), ("**/*.go", "b.go", true),
        ("a**b", "a/x/b", true), ("*.go", "a/b.go", false),
    ])
    func deepGlobs(pattern: String, path: String, fits: Bool) throws {
        #expect(try PathPattern(pattern, crossesFolders: true).matches(path) == fits)
    }

    @Test(arguments: ["[]a]", "[a", "[a-", "a\\"])
    func globFaults(pattern: String) {
        #expect(throws: RuntimeError.self) { try PathPattern(pattern) }
    }

    @Test func slowPatternsAreNone() throws {
        let pattern = try PathPattern(String(repeating: "*a", count: 60), crossesFolders: true)
        #expect(!pattern.matches(String(repeating: "a", count: 3000) + "b"))
    }

    @Test func ignoreFiles() throws {
        let file = try IgnoreFile("# c\n*.log\n/build/\n!important.log\n\n  docs/**/*.md \n!docs/README.md\n.\n")
        for (path, ignored) in [
            ("a.log", true), ("important.log", false), ("build", true), ("build/x/y", true), ("src/build", false),
            ("docs/a/b.md", true), ("docs/README.md", false), ("x/a.log", false), ("Dockerfile", false),
        ] { #expect(file.ignores(path) == ignored, "\(path)") }
        let all = try IgnoreFile("*\n!src\nsrc/secret")
        #expect(all.ignores("a") && !all.ignores("src/x") && all.ignores("src/secret/y") && all.hasExceptions)
        #expect(throws: RuntimeError.self) { try IgnoreFile("a\n[b") }
        #expect(throws: RuntimeError.self) { try IgnoreFile("!") }
    }

    @Test(arguments: [
        ("1s", 1_000_000_000), ("1m30s", 90_000_000_000), ("1.5h", 5_400_000_000_000), ("300ms", 300_000_000), ("0", 0),
        (".5s", 500_000_000),
    ])
    func durations(text: String, nanoseconds: Int64) {
        #expect(GoDuration.nanoseconds(text) == nanoseconds)
    }

    @Test(arguments: ["", "5", "s", "1x", "-1s", "1..5s", "99999999999h", "1 s"])
    func durationFaults(text: String) {
        #expect(GoDuration.nanoseconds(text) == nil)
    }
}
