public import OCISpec

internal import struct Crypto.SHA256
internal import struct Crypto.SHA512

/// A running hash that ends in a ``Digest``.
public struct ContentHash {
    private var short: SHA256?
    private var long: SHA512?

    /// Starts a hash by `algorithm`.
    public init(_ algorithm: Digest.Algorithm = .sha256) {
        switch algorithm {
        case .sha256: short = SHA256()
        case .sha512: long = SHA512()
        }
    }

    /// Adds bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        short?.update(bufferPointer: bytes)
        long?.update(bufferPointer: bytes)
    }

    /// Adds bytes.
    public mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// The digest of everything added so far.
    public func digest() throws -> Digest {
        if let short { return try Digest(.sha256, hash: short.finalize()) }
        return try Digest(.sha512, hash: (long ?? SHA512()).finalize())
    }

    /// The digest of `bytes`.
    public static func digest(of bytes: [UInt8], _ algorithm: Digest.Algorithm = .sha256) throws -> Digest {
        var hash = ContentHash(algorithm)
        hash.update(bytes)
        return try hash.digest()
    }
}

/// The names of unpacked layers: each names a layer together with all below it (OCI image specification, config.md
/// "Layer ChainID").
///
/// - Parameter diffIDs: the hashes of the layers' tar streams, the lowest first.
/// - Returns: as many chain IDs, the lowest first; the last one names the whole root file system.
public func chainIDs(_ diffIDs: [Digest]) throws -> [Digest] {
    var chain: [Digest] = []
    for diffID in diffIDs {
        if let below = chain.last {
            chain.append(try ContentHash.digest(of: Array("\(below) \(diffID)".utf8)))
        } else {
            chain.append(diffID)
        }
    }
    return chain
}
