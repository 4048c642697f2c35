import Support
import Testing

@testable import OCIRuntime

@Suite struct QuantityTests {
    @Test func bytesHaveTheUnitsOfDocker() throws {
        let known: [(String, Int64)] = [
            ("0", 0), ("512", 512), ("1k", 1024), ("1K", 1024), ("1kb", 1024), ("1KiB", 1024), ("2m", 2 << 20),
            ("50M", 50 << 20), ("1.5g", 3 << 29), ("1T", 1 << 40), ("3 MB", 3 << 20), ("1p", 1 << 50), ("7b", 7),
            ("-1", -1),
        ]
        for (text, value) in known { #expect(try Quantity.bytes(text, option: "memory") == value, "\(text)") }
        for text in ["", "m", "-2", "1x", "1mm", "1..5k", ".5k", "lots", "9999999p", "1e3", "0x10", "٣"] {
            #expect(throws: RuntimeError.self, "\(text)") { try Quantity.bytes(text, option: "memory") }
        }
    }

    @Test func durationsAreGo() throws {
        let known = [
            ("5s", 5000), ("100ms", 100), ("1m30s", 90_000), ("0.5s", 500), ("1h", 3_600_000), ("1us", 1), ("0s", 0),
        ]
        for (text, value) in known { #expect(try Quantity.milliseconds(text, option: "interval") == value, "\(text)") }
        for text in ["", "5", "s", "5x", "-1s", "5s3", "1e3s", "99999999999999h"] {
            #expect(throws: RuntimeError.self, "\(text)") { try Quantity.milliseconds(text, option: "interval") }
        }
    }

    @Test func psLinesAreChosenByTheirColumn() throws {
        let listing = "USER   PID COMMAND\nroot    12 a\nroot   120 b 12\n\nroot    13 c\n"
        #expect(try ProcessTable.lines(of: [12], in: listing) == ["USER   PID COMMAND", "root    12 a"])
        #expect(try ProcessTable.lines(of: [], in: listing) == ["USER   PID COMMAND"])
        #expect(throws: RuntimeError.self) { try ProcessTable.lines(of: [12], in: "USER COMMAND\nroot a\n") }
        #expect(throws: RuntimeError.self) { try ProcessTable.lines(of: [12], in: "") }
    }
}
