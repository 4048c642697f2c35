import JSON
import OCISpec
import Testing

/// Documents that were damaged at random: each is refused with an error that says where, or is read, written and read
/// again as the same value. The numbers are the same at every run.
@Suite struct DocumentMutationTests {
    static let rounds = 20_000

    /// splitmix64.
    struct Dice: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var word = (state ^ state >> 30) &* 0xbf58_476d_1ce4_e5b9
            word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
            return word ^ word >> 31
        }
    }

    /// The text's words: strings, numbers, names, and each other character by itself.
    static func words(_ text: String) -> [[UInt8]] {
        var words: [[UInt8]] = []
        var quoted = false
        for byte in text.utf8 {
            let quote = byte == UInt8(ascii: "\"")
            let plain = quoted || "-.0123456789".utf8.contains(byte) || (0x61...0x7a).contains(byte)
            if plain && !(quote && !quoted), !words.isEmpty, let last = words[words.count - 1].last, joins(last, quoted)
            {
                words[words.count - 1].append(byte)
            } else {
                words.append([byte])
            }
            if quote { quoted.toggle() }
        }
        return words
    }

    private static func joins(_ last: UInt8, _ quoted: Bool) -> Bool {
        quoted || "-.0123456789".utf8.contains(last) || (0x61...0x7a).contains(last)
    }

    static let strange: [[UInt8]] =
        [
            "null", "true", "-1", "0", "4294967295", "18446744073709551616", "1e9", "[]", "{}", "\"\"", "\"\\u0000\"",
            "[[[[]]]]", "\"a\"",
        ].map { Array($0.utf8) } + [[0xff], [0], [0xed, 0xa0, 0x80], [UInt8(ascii: "\"")]]

    static func damaged(_ words: [[UInt8]], _ dice: inout Dice) -> [UInt8] {
        var words = words
        for _ in 0..<Int.random(in: 1...3, using: &dice) {
            let (at, other) = (
                Int.random(in: 0..<words.count, using: &dice), Int.random(in: 0..<words.count, using: &dice)
            )
            switch Int.random(in: 0..<6, using: &dice) {
            case 0: words[at] = strange[Int.random(in: 0..<strange.count, using: &dice)]
            case 1: words.swapAt(at, other)
            case 2: words[at] = words[other]
            case 3: words.remove(at: at)
            case 4: words.insert(words[other], at: at)
            default: words.removeLast(Int.random(in: 0..<min(20, words.count), using: &dice))
            }
            if words.isEmpty { return [] }
        }
        return words.flatMap(\.self)
    }

    private func check<T: Equatable>(
        _ example: String, seed: UInt64, read: ([UInt8]) throws -> T, write: (T, inout JSONWriter) -> Void
    ) throws {
        var dice = Dice(state: seed)
        let words = Self.words(example)
        #expect(words.flatMap(\.self) == Array(example.utf8))
        var (taken, refused) = (0, 0)
        for _ in 0..<Self.rounds {
            let document = Self.damaged(words, &dice)
            do {
                let value = try read(document)
                taken += 1
                let again = try read(JSONWriter.text { write(value, &$0) })
                if again != value {
                    Issue.record("another value when read again: \(String(decoding: document, as: UTF8.self))")
                }
            } catch let error as JSONError {
                refused += 1
                if "\(error)".isEmpty { Issue.record("an error without words") }
            }
        }
        // Both ways have been gone often.
        #expect(taken > Self.rounds / 50 && refused > Self.rounds / 50, "\(taken) taken, \(refused) refused")
    }

    @Test func configurations() throws {
        try check(runtimeExample, seed: 1) {
            try RuntimeConfiguration(json: $0)
        } write: {
            $0.write(to: &$1)
        }
    }

    @Test func processesOfExec() throws {
        let process = try #require(try RuntimeConfiguration(json: Array(runtimeExample.utf8)).process)
        let example = String(decoding: JSONWriter.text { process.write(to: &$0) }, as: UTF8.self)
        try check(example, seed: 2) {
            try JSONReader.document($0) { try RuntimeConfiguration.Process(from: &$0) }
        } write: {
            $0.write(to: &$1)
        }
    }

    @Test func resourcesOfUpdate() throws {
        let linux = try RuntimeConfiguration(json: Array(runtimeExample.utf8)).linux
        let resources = try #require(linux?.resources)
        let example = String(decoding: JSONWriter.text { resources.write(to: &$0) }, as: UTF8.self)
        try check(example, seed: 3) {
            try JSONReader.document($0) { try RuntimeConfiguration.Resources(from: &$0) }
        } write: {
            $0.write(to: &$1)
        }
    }
}
