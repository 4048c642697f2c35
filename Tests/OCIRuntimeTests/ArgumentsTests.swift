import Support
import Testing

@testable import OCIRuntime

@Suite struct ArgumentsTests {
    let options = [
        Option("bundle", short: "b", value: "DIR", ""), Option("force", short: "f", ""), Option("n", value: "N", ""),
    ]

    func parse(_ words: String...) throws -> Arguments {
        var rest: ArraySlice<String> = []
        return try Arguments(words[...], options: options, rest: &rest)
    }

    @Test func everyFormOfAnOptionIsTaken() throws {
        for words in [["--bundle", "/b", "id"], ["--bundle=/b", "id"], ["-b", "/b", "id"], ["id", "-bundle", "/b"]] {
            var rest: ArraySlice<String> = []
            let arguments = try Arguments(words[...], options: options, rest: &rest)
            #expect(arguments["bundle"] == "/b", "\(words)")
            #expect(arguments.positionals == ["id"], "\(words)")
        }
        #expect(try parse("-f", "id").has("force"))
        #expect(try !parse("--force=false", "id").has("force"))
        #expect(try parse("--", "-f").positionals == ["-f"])
        #expect(try parse("--bundle=a=b")["bundle"] == "a=b")
    }

    @Test func anOptionMayBeGivenSeveralTimes() throws {
        let arguments = try parse("--n", "1", "--n=2", "id")
        #expect(arguments.all("n") == ["1", "2"])
        #expect(arguments["n"] == "2")
        #expect(try parse("id").all("n").isEmpty)
    }

    @Test func whatFollowsAnIdIsItsCommand() throws {
        var rest: ArraySlice<String> = []
        let words = ["-f", "id", "ls", "-f", "--", "--bundle", "x"]
        let arguments = try Arguments(words[...], options: options, stopsAtPositional: true, rest: &rest)
        #expect(arguments.positionals == ["id", "ls", "-f", "--", "--bundle", "x"])
        #expect(arguments.has("force") && arguments["bundle"] == nil)
    }

    @Test func faultsAreTold() {
        for words in [["--nope"], ["--bundle"], ["--force=x"], ["-x"]] {
            var rest: ArraySlice<String> = []
            #expect(throws: RuntimeError.self, "\(words)") {
                _ = try Arguments(words[...], options: options, rest: &rest)
            }
        }
        #expect(throws: RuntimeError.self) { try parse("--n", "12x").number("n", 0...100) }
        #expect(throws: RuntimeError.self) { try parse("--n", "101").number("n", 0...100) }
        #expect(throws: RuntimeError.self) { try parse("a", "b").only("container ID") }
        #expect(throws: RuntimeError.self) { try parse().only("container ID") }
    }

    @Test func identifiersAreNamesOnly() throws {
        for good in ["a", "A-b_c.d+1", String(repeating: "x", count: 1024)] { try StateDirectory.validate(good) }
        for bad in ["", ".", "..", "a/b", "a b", "é", "a\0b", String(repeating: "x", count: 1025)] {
            #expect(throws: RuntimeError.self, "\(bad)") { try StateDirectory.validate(bad) }
        }
    }
}
