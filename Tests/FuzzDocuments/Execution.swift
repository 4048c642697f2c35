import JSON
import OCISpec

/// One execution: a document, damaged or not, given to every reader, and what must hold of what they say.
struct Execution {
    let bytes: [UInt8]

    init(seed: UInt64, number: UInt64) {
        var grammar = DocumentGrammar(seed &+ number &* 0x2545_f491_4f6c_dd1d)
        var bytes = grammar.document().json(indent: grammar.dice.hits(4) ? 2 : 0)
        if grammar.dice.hits(2) {
            repeat { Self.damage(&bytes, &grammar.dice) } while grammar.dice.hits(2)
        }
        self.bytes = bytes
    }

    private static func damage(_ bytes: inout [UInt8], _ dice: inout Dice) {
        if bytes.isEmpty { return bytes.append(UInt8(truncatingIfNeeded: dice.next())) }
        let place = dice.below(bytes.count)
        switch dice.below(7) {
        case 0: bytes[place] = UInt8(truncatingIfNeeded: dice.next())
        case 1: bytes[place] ^= 1 << UInt8(dice.below(8))
        case 2: bytes.removeSubrange(place...)
        case 3: bytes.removeSubrange(place..<min(bytes.count, place + 1 + dice.below(16)))
        case 4:
            bytes.insert(
                contentsOf: bytes[place..<min(bytes.count, place + dice.below(64))], at: dice.below(bytes.count))
        case 5: bytes.insert(contentsOf: dice.pick(tokens), at: place)
        default: bytes += Array(bytes.prefix(dice.below(32)))
        }
    }

    private static let tokens: [[UInt8]] = [
        Array("{".utf8), Array("[".utf8), Array("]}".utf8), Array(",".utf8), Array("\"".utf8), Array("\\u".utf8),
        Array("\\ud800".utf8), Array("\\udc00\\u0000".utf8), Array("1e".utf8), Array("-".utf8), [0xff], [0xc0, 0x80],
        [0xed, 0xa0, 0x80], [0], [0xef, 0xbb, 0xbf], Array("nul".utf8), Array("NaN".utf8), Array("//".utf8),
    ]

    /// Runs the readers; what is wrong, or nil. How many accepted the document is counted.
    func fault(_ accepted: inout [Int]) -> String? {
        let manifest = try? Manifest(bytes)
        let index = try? ImageIndex(bytes)
        let configuration = try? ImageConfiguration(bytes)
        let value = try? JSONValue(bytes)
        for (place, isAccepted) in [manifest != nil, index != nil, configuration != nil, value != nil].enumerated()
        where isAccepted { accepted[place] += 1 }
        if manifest != nil && index != nil { return "read as a manifest and as an index" }
        if (manifest != nil || index != nil || configuration != nil) && value == nil { return "no JSON, but read" }
        if let manifest, let fault = Self.fault(manifest) { return fault }
        if let index, let fault = Self.fault(index) { return fault }
        if let configuration, let fault = fault(configuration) { return fault }
        if let value, (try? JSONValue(value.json())) != value { return "JSON that changes when it is written" }
        return nil
    }

    private static func fault(_ manifest: Manifest) -> String? {
        if manifest.layers.count > ImageDocumentLimits.layers { return "too many layers" }
        return fault([manifest.configuration] + manifest.layers)
    }

    private static func fault(_ index: ImageIndex) -> String? {
        if index.manifests.count > ImageDocumentLimits.indexEntries { return "too many entries" }
        if let chosen = Platform.host.choose(from: index.manifests), !index.manifests.contains(chosen) {
            return "an entry that the index does not have"
        }
        // What is written from an index reads the same.
        guard let again = try? ImageIndex(ImageIndex.text(index.manifests)) else {
            return "an index that can't be written"
        }
        return again.manifests == index.manifests ? fault(index.manifests) : "an index that changes when it is written"
    }

    private static func fault(_ content: [ContentDescriptor]) -> String? {
        for entry in content {
            if entry.size < 0 { return "a negative size" }
            if (try? Digest(entry.digest.description)) != entry.digest { return "a digest that is none" }
        }
        return nil
    }

    private func fault(_ configuration: ImageConfiguration) -> String? {
        let process = configuration.process
        let texts = process.environment + process.command + process.entrypoint + [process.user, process.workingFolder]
        if texts.contains(where: { $0.utf8.contains(0) }) { return "a NUL in a text" }
        if configuration.diffIDs.count > ImageDocumentLimits.layers { return "too many layers" }
        return configuration.raw == bytes ? nil : "other bytes than those received"
    }
}
