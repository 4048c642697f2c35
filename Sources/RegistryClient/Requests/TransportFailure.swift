internal import AsyncHTTPClient
internal import Linux
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Support

/// A failed connection in our words, marked as worth another try where it may be.
///
/// - Parameters:
///   - connect: seconds that a connection may take; nil is the options' own.
///   - patience: seconds without a byte; nil is the options' idle timeout.
func transportFailure(
    _ error: any Error, _ registry: String, _ options: RegistryOptions, connect: Double? = nil,
    patience: Double? = nil
) -> any Error {
    if error is any CodedError || error is RegistryFailure || error is CancellationError { return error }
    let shown = "registry \(registry)"
    if let error = error as? HTTPClientError {
        return clientFailure(
            error, shown, connect: connect ?? options.connectTimeout, patience: patience ?? options.idleTimeout)
    }
    let lowest = (error as? NIOConnectionError)?.connectionErrors.first?.error ?? error
    if let error = lowest as? IOError {
        let leaf = SystemCallError(error.errnoCode == 104 ? "read" : "connect", errno: error.errnoCode)
        return RegistryFailure(.unavailable, "\(shown): \(leaf)")
    }
    if error is NIOConnectionError {
        return RegistryFailure(.unavailable, "\(shown): no address was found for it")
    }
    if let failure = certificateFailure(error, registry) { return failure }
    return RegistryFailure(.unavailable, "\(shown): \(plainText("\(error)"))")
}

private func clientFailure(
    _ error: HTTPClientError, _ shown: String, connect: Double, patience: Double
) -> any Error {
    switch error {
    case .cancelled: return CancellationError()
    case .readTimeout: return RegistryFailure(.timeout, "\(shown): nothing came for \(short(patience)) s")
    case .writeTimeout: return RegistryFailure(.timeout, "\(shown): it took nothing for \(short(patience)) s")
    case .connectTimeout: return RegistryFailure(.timeout, "\(shown): no connection within \(short(connect)) s")
    case .remoteConnectionClosed: return RegistryFailure(.unavailable, "\(shown): it closed the connection")
    default: return RegistryFailure(.unavailable, "\(shown): \(plainText(error.description))")
    }
}

/// What a TLS connection fails by; none of it is mended by another try.
private func certificateFailure(_ error: any Error, _ registry: String) -> RuntimeError? {
    let text = "\(error)"
    guard error is NIOSSLError || error is BoringSSLError || error is NIOSSLExtraError else { return nil }
    let shown = "registry \(registry)"
    let folder = "certs.d/\(registry)"
    if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") {
        return RuntimeError(
            .unavailable,
            "\(shown): it does not speak TLS; if plain HTTP is meant, name it with http:// in \(folder)/hosts.toml")
    }
    if text.contains("CERTIFICATE_VERIFY_FAILED") {
        return RuntimeError(
            .permissionDenied,
            "\(shown): its certificate is signed by an unknown authority or has expired; to trust its authority put the "
                + "certificate into \(folder)/ca.crt")
    }
    if error is NIOSSLExtraError, text.lowercased().contains("hostname") {
        return RuntimeError(.permissionDenied, "\(shown): its certificate is for another host")
    }
    if text.contains("CERTIFICATE_REQUIRED") || text.contains("HANDSHAKE_FAILURE") || text.contains("BAD_CERTIFICATE")
        || text.contains("UNKNOWN_CA")
    {
        return RuntimeError(
            .permissionDenied,
            "\(shown): it wants a client's certificate that it knows; put one into \(folder)/client.cert and client.key"
        )
    }
    return nil
}

/// Seconds without a needless fraction.
func short(_ seconds: Double) -> String {
    seconds == seconds.rounded() && seconds.magnitude < 1e15 ? "\(Int(seconds))" : "\(seconds)"
}

/// Untrusted text as one line of printable ASCII of bounded length.
func plainText(_ text: String) -> String {
    var shown = ""
    for scalar in text.unicodeScalars.prefix(300) {
        shown.unicodeScalars.append((0x20..<0x7f).contains(scalar.value) ? scalar : " ")
    }
    return shown
}
