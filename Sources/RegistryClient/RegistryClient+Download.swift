internal import AsyncHTTPClient
internal import Glibc
internal import Linux
internal import NIOCore
internal import NIOHTTP1
internal import Support

extension RegistryClient {
    /// Writes what an ordinary web server gives into a new file; no login is ever sent.
    ///
    /// - Parameter url: `http://…` or `https://…`.
    public func download(_ url: String, to path: String) async throws {
        guard let address = Address(url) else {
            throw RuntimeError(.invalidArgument, "\"\(url)\": no address of a web server")
        }
        do {
            let response = try await transport.get(address, HTTPHeaders())
            guard response.status.code == 200 else {
                throw statusFailure(response.status.code, address.authority, [], retryAfter: nil)
            }
            let file = SharedDescriptor(try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600))
            for try await part in response.body {
                try file.duplicate().writeAll(Array(part.readableBytesView), path)
            }
        } catch {
            throw transportFailure(error, address.authority, options)
        }
    }
}
