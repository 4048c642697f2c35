import JSON
import Testing

@Suite struct JSONReaderTests {
    func read<T>(_ text: String, _ body: (inout JSONReader) throws -> T) throws -> T {
        try JSONReader.document(Array(text.utf8), body)
    }

    @Test func integersAreStrict() throws {
        #expect(try read("-9223372036854775808") { try $0.integer(Int64.self) } == Int64.min)
        #expect(try read("18446744073709551615") { try $0.integer(UInt64.self) } == UInt64.max)
        for bad in ["18446744073709551616", "-1", "01", "1.0", "1e3", "+1", "", "\"1\"", "1 2", "0x1"] {
            #expect(throws: JSONError.self, "\(bad)") { try read(bad) { try $0.integer(UInt64.self) } }
        }
    }

    @Test func stringsResolveEscapes() throws {
        #expect(try read(#""a\n\u00e9\ud83d\ude00\/""#) { try $0.string() } == "a\né😀/")
        for bad in [#""\ud83d""#, #""\x""#, "\"\u{1}\"", "\"abc", #""\u12g4""#, #""\ude00""#] {
            #expect(throws: JSONError.self, "\(bad)") { try read(bad) { try $0.string() } }
        }
        #expect(throws: JSONError.self) { try JSONReader.document([0x22, 0xff, 0x22]) { try $0.string() } }
    }

    @Test func errorNamesTheField() throws {
        let text = #"{"process":{"rlimits":[{"soft":1},{"soft":"x"}]}}"#
        let error = try #require(throws: JSONError.self) {
            try read(text) { top in
                try top.object { _, process in
                    try process.object { _, limits in
                        try limits.array { limit in try limit.object { _, soft in _ = try soft.integer(UInt64.self) } }
                    }
                }
            }
        }
        #expect(error.description == "process.rlimits[1].soft: expected an integer, found a string (byte 42)")
    }

    @Test func skippingChecksSyntaxAndDepth() throws {
        try read(#" {"a":[1,-2.5e+3,null,true,{"b":"c"}],"d":{}} "#) { try $0.skip() }
        let deep = String(repeating: "[", count: 200)
        for bad in ["{", "[1,]", "{\"a\"}", "{,}", "tru", "-", "1.", "1e", "00", deep, "[1 2]", "nul", ""] {
            #expect(throws: JSONError.self, "\(bad)") { try read(bad) { try $0.skip() } }
        }
    }

    @Test func writerAndReaderAgree() throws {
        let bytes = JSONWriter.text(indent: 2) { writer in
            writer.object { object in
                object.member("a\"\\\n\u{7}", "é\u{1f600}")
                object.member("list", ["x", "y"])
                object.member("n", Int64.min)
                object.member("empty") { $0.object { _ in } }
                object.member("map", ["k": "v"])
            }
        }
        var seen: [String] = []
        try JSONReader.document(bytes) { reader in
            try reader.object { key, value in
                seen.append(key)
                switch key {
                case "a\"\\\n\u{7}": #expect(try value.string() == "é\u{1f600}")
                case "list": #expect(try value.strings() == ["x", "y"])
                case "n": #expect(try value.integer(Int64.self) == .min)
                case "map": #expect(try value.stringMap() == ["k": "v"])
                default: try value.skip()
                }
            }
        }
        #expect(seen.count == 5)
    }

    @Test func mutatedTextNeverCrashes() throws {
        let seed = Array(#"{"a":[1,2,{"b":"\u0041é"}],"c":-12,"d":null,"e":true}"#.utf8)
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var text = seed
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                text[Int.random(in: 0..<text.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = try? JSONReader.document(text) { try $0.skip() }
        }
    }
}
