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

    @Test func templates() throws {
        let values = ["ID": "1", "Names": "box"]
        let text = try Template(#"table {{.ID}}\t{{ .Names }}!{{json .}}"#).text({ values[$0] }, json: { "{}" })
        #expect(text == "1\tbox!{}")
        #expect(throws: RuntimeError.self) { try Template("{{.ID}").text({ values[$0] }, json: { "" }) }
        #expect(throws: RuntimeError.self) { try Template("{{range .}}") }
        #expect(throws: RuntimeError.self) { try Template("{{.Nothing}}").text({ values[$0] }, json: { "" }) }
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
