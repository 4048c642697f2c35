internal import AsyncHTTPClient
internal import Glibc
internal import Linux
internal import NIOCore
internal import NIOHTTP1
internal import Support

extension RegistryClient {
    /// Downloads what an http or https address names into a new file, by the same proxies as registries are reached; no
    /// login is ever sent.
    ///
    /// - Parameters:
    ///   - path: a file that is not there yet; removed again where the download fails.
    ///   - limit: bytes at most.
    public func download(_ address: String, to path: String, limit: Int64 = .max) async throws {
        guard let place = Address(address) else {
            throw RuntimeError(.invalidArgument, "\(plainText(address)): no http or https address")
        }
        do {
            let response = try await transport.execute(Transport.Request(address: place)).response
            guard response.status.code == 200 else {
                let code = response.status.code
                throw RuntimeError(code == 404 ? .notFound : .unavailable, "the server answers \(code)")
            }
            try await write(response, to: path, limit: limit)
        } catch {
            unlink(path)
            let known = transportFailure(error, place.authority, options)
            let cause: any Error = (known as? RegistryFailure)?.error ?? known
            throw RuntimeError(
                (cause as? any CodedError)?.runtimeCode ?? .unavailable, "download \(plainText(address))", cause: cause)
        }
    }

    private func write(_ response: HTTPClientResponse, to path: String, limit: Int64) async throws {
        let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        var count: Int64 = 0
        for try await part in response.body {
            count += Int64(part.readableBytes)
            guard count <= limit else { throw RuntimeError(.resourceExhausted, "more than \(limit) bytes") }
            try file.writeAll(Array(part.readableBytesView), path)
        }
        if let announced = response.headers.first(name: "Content-Length").flatMap({ Int64($0) }), announced != count {
            throw RuntimeError(.unavailable, "\(count) bytes where \(announced) were announced")
        }
    }
}
