import Archive

/// One execution: an archive made from the seed and the case's number, and what reading it came to.
struct FuzzCase {
    let bytes: [UInt8]
    private let isGzip: Bool

    init(seed: UInt64, number: UInt64) {
        var random = Random(seed: seed, case: number)
        var grammar = TarGrammar(random)
        var bytes = grammar.archive()
        random = grammar.random
        Mutation.tar(&bytes, &random)
        let packing = random.below(4)
        isGzip = packing == 0
        switch packing {
        case 0: bytes = Packing.gzip(bytes, &random)
        case 1: bytes = Packing.zstd(bytes, &random)
        default: break
        }
        if packing < 2 { Mutation.packed(&bytes, &random) }
        self.bytes = bytes
    }

    init(bytes: [UInt8]) {
        self.bytes = bytes
        isGzip = bytes.starts(with: [0x1f, 0x8b])
    }

    /// Small bounds, so that a case that passes them is seen as slow or large.
    static var limits: ExtractionLimits {
        var limits = ExtractionLimits()
        limits.unpackedBytes = 4 << 20
        limits.entries = 1000
        limits.headerBytes = 64 << 10
        limits.xattrBytes = 64 << 10
        limits.ratioFloor = 1 << 20
        return limits
    }

    /// Reads the archive. What zlib unpacks, ISA-L must unpack to the same bytes; what zlib refuses, it must refuse too,
    /// but for incomplete Huffman codes.
    ///
    /// - Returns: whether it was valid.
    func run() -> Bool {
        let outcome = read(.fastest)
        if isGzip {
            let other = read(.zlib)
            let isAllowed =
                outcome.isValid && (other.text.contains("distances set") || other.text.contains("lengths set"))
            precondition(outcome.isValid == other.isValid || isAllowed)
            precondition(!outcome.isValid || !other.isValid || outcome.hash == other.hash)
        }
        return outcome.isValid
    }

    private struct Outcome {
        var isValid = false
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        var text = ""
    }

    private func read(_ gzip: GzipLibrary) -> Outcome {
        let cursor = MemoryInput(bytes)
        var outcome = Outcome()
        var hash = outcome.hash
        do {
            let reader = try TarReader(cursor.input, limits: Self.limits, gzip: gzip) { part in
                for byte in part { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            }
            while let entry = try reader.next() {
                var count: Int64 = 0
                try reader.readData { count += Int64($0.count) }
                precondition(count <= entry.storedSize && entry.size <= Self.limits.fileBytes)
            }
            try reader.finish()
            outcome.isValid = true
        } catch {
            outcome.text = "\(error)"
            precondition(!outcome.text.isEmpty && outcome.text.utf8.count < 4096)
        }
        outcome.hash = hash
        return outcome
    }
}
