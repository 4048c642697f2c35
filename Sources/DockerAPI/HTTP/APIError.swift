internal import Support

/// An answer that is a failure: `{"message": …}` with its status.
struct APIError: Error, CustomStringConvertible {
    let status: Int
    let message: String

    init(_ status: Int, _ message: String) {
        self.status = status
        self.message = message
    }

    var description: String { message }

    /// The one mapping of the domain's errors to HTTP.
    init(_ error: any Error) {
        if let error = error as? APIError {
            self = error
            return
        }
        let code = (error as? any CodedError)?.runtimeCode ?? .internal
        status =
            switch code {
            case .invalidArgument: 400
            case .permissionDenied: 403
            case .notFound: 404
            case .alreadyExists, .invalidState: 409
            case .unsupported: 501
            case .unavailable: 503
            case .timeout: 504
            case .resourceExhausted, .cancelled, .internal: 500
            }
        message = "\(error)"
    }
}
