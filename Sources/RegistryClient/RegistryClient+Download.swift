internal import AsyncHTTPClient
internal import Glibc
internal import Linux
internal import NIOCore
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
            let answer = try await transport.execute(Transport.Request(address: address))
            guard answer.status == 200 else {
                throw RuntimeError(
                    answer.status == 404 ? .notFound : .unavailable, "\(address.authority): it answers \(answer.status)"
                )
            }
            let file = SharedDescriptor(try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600))
            for try await part in answer.response.body {
                try file.duplicate().writeAll(Array(part.readableBytesView), path)
            }
        } catch let failure as RegistryFailure {
            throw failure.error
        } catch {
            throw transportFailure(error, address.authority, options)
        }
    }
}
