internal import Linux
internal import NIOSSL
internal import Support

/// Certificates and keys by their files, relative to the folder that names them.
struct TLSFiles: Equatable, Sendable {
    /// A client's certificate, and its key where that lies in a file of its own.
    struct Client: Equatable, Sendable {
        var certificate: String
        var key: String?
    }

    /// Certificates of authorities that are trusted besides the system's.
    var authorities: [String] = []
    /// Who we are; servers that ask get the first.
    var clients: [Client] = []
    /// Whether any certificate will do.
    var skipsVerification = false

    /// Reads the files; nil where nothing differs from what the system trusts.
    ///
    /// - Throws: an error that names the file.
    func configuration(in folder: String) throws -> TLSConfiguration? {
        if self == TLSFiles() { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        if skipsVerification { configuration.certificateVerification = .none }
        var trusted: [NIOSSLCertificate] = []
        for name in authorities { trusted += try Self.certificates(Self.path(name, folder)) }
        if !trusted.isEmpty { configuration.additionalTrustRoots = [.certificates(trusted)] }
        if let client = clients.first {
            let file = Self.path(client.certificate, folder)
            configuration.certificateChain = try Self.certificates(file).map { .certificate($0) }
            configuration.privateKey = .privateKey(try Self.key(client.key.map { Self.path($0, folder) } ?? file))
        }
        return configuration
    }

    private static func path(_ name: String, _ folder: String) -> String {
        name.hasPrefix("/") ? name : "\(folder)/\(name)"
    }

    private static func certificates(_ path: String) throws -> [NIOSSLCertificate] {
        let bytes = try readRegularFile(path, limit: 4 << 20)
        guard let found = try? NIOSSLCertificate.fromPEMBytes(bytes), !found.isEmpty else {
            throw RuntimeError(.invalidArgument, "\(path): holds no certificate in PEM")
        }
        return found
    }

    private static func key(_ path: String) throws -> NIOSSLPrivateKey {
        let bytes = try readRegularFile(path, limit: 1 << 20)
        guard let key = try? NIOSSLPrivateKey(bytes: bytes, format: .pem) else {
            throw RuntimeError(
                .invalidArgument, "\(path): holds no private key in PEM (one with a passphrase is not read)")
        }
        return key
    }
}
