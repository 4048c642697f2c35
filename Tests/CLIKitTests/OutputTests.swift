import ContainerService
import JSON
import Support
import Testing

@testable import CLIKit

@Suite struct OutputTests {
    @Test(
        arguments: [
            ("1", 1), ("64m", 64 << 20), ("64M", 64 << 20), ("64MB", 64 << 20), ("64MiB", 64 << 20), ("1.5g", 3 << 29),
            ("2k", 2048), ("10b", 10), ("0", 0),
        ] as [(String, Int64)])
    func bytes(text: String, value: Int64) throws {
        #expect(try Quantities.bytes(text, option: "memory") == value)
    }

    @Test(arguments: ["", "m", "1x", "-1", "1e3", "9999999p", "1 2"]) func noBytes(text: String) {
        #expect(throws: RuntimeError.self) { try Quantities.bytes(text, option: "memory") }
    }

    @Test(
        arguments: [
            (0, "0B"), (999, "999B"), (1000, "1kB"), (1_234_000, "1.23MB"), (12_340_000, "12.3MB"),
            (123_400_000, "123MB"),
            (5_000_000_000, "5GB"),
        ] as [(Int64, String)])
    func sizes(value: Int64, text: String) { #expect(Quantities.size(value) == text) }

    @Test(
        arguments: [
            (0, "Less than a second"), (1, "1 second"), (59, "59 seconds"), (60, "About a minute"), (180, "3 minutes"),
            (3600, "About an hour"), (86_400, "24 hours"), (172_800, "2 days"), (1_209_600, "2 weeks"),
            (5_184_000, "2 months"), (63_072_000, "2 years"),
        ] as [(Int64, String)])
    func spans(seconds: Int64, text: String) { #expect(Quantities.span(seconds) == text) }

    @Test(
        arguments: [
            (#"table {{.ID}}\t{{ .Names }}!{{json .L}}"#, "1\tbox![1,\"b\"]"), ("{{.A.B}} {{.A.C.D}}", "x <no value>"),
            ("{{json .A}}", #"{"B":"x","N":null}"#), (#"{{index .A "B"}}{{index .L 1}}"#, "xb"),
            ("{{range .L}}<{{.}}>{{end}}{{range .E}}x{{else}}none{{end}}", "<1><b>none"),
            ("{{if .E}}a{{else}}b{{end}}{{if .ID}}c{{end}}", "bc"), (#"{{join .L ","}} {{len .L}}"#, "1,b 2"),
            (#"{{.Names | upper | json}}"#, #""BOX""#), (#"{{if eq .Names "box"}}same{{end}}"#, "same"),
            ("{{.A}} {{.L}}", "map[B:x N:<no value>] [1 b]"), ("{{range .L}}{{$.ID}}{{end}}", "11"),
            (#"{{(index .L 0)}}{{not true}}"#, "1false"), ("plain", "plain"),
        ])
    func templates(source: String, expected: String) throws {
        let text = #"{"ID":"1","Names":"box","A":{"B":"x","N":null},"L":[1,"b"],"E":[]}"#
        #expect(try Template(source).text(JSONValue(Array(text.utf8))) == expected)
    }

    @Test(arguments: [
        "{{.ID}", "{{template .}}", "{{.Nothing}}", "{{range .L}}", "{{end}}", "{{index .L 9}}", #"{{"a}}"#,
    ])
    func noTemplates(source: String) {
        let document = JSONValue.object([.init("ID", .string("1")), .init("L", .array([]))])
        #expect(throws: RuntimeError.self) { try Template(source).text(document) }
    }

    @Test func runtimesAreFound() throws {
        #expect(try RuntimeLocation.find("/bin/sh").hasSuffix("sh"))
        #expect(try RuntimeLocation.find("sh").hasSuffix("/sh"))
        let error = #expect(throws: RuntimeError.self) { try RuntimeLocation.find("no-such-runtime") }
        #expect(error?.code == .notFound)
        #expect(throws: RuntimeError.self) { try RuntimeLocation.find("/no/such") }
    }

    @Test func foldersAreMadeAbsolute() {
        #expect(VolumeText.normal("/a/./b/../c//d") == "/a/c/d")
        #expect(VolumeText.normal("/..") == "/")
    }
}

@Suite struct TimestampsTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2026-01-31T12:00:00.123456789Z", 1_769_860_800),
            ("2026-01-31T14:00:00+02:00", 1_769_860_800), ("0001-01-01T00:00:00Z", -62_135_596_800),
            ("", nil), ("yesterday", nil), ("2026-13-01T00:00:00Z", nil),
        ] as [(String, Int64?)])
    func seconds(text: String, expected: Int64?) { #expect(Timestamps.seconds(text) == expected) }
}
