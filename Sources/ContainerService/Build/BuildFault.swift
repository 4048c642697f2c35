internal import Dockerfile
internal import Support

/// Why a step failed, without the place that is put in front of it.
func faultReason(_ error: any Error) -> String {
    Dockerfile.reason(of: error) ?? "\(error)"
}

/// The word of the line that is to blame, where the error knows it.
func faultWord(_ error: any Error) -> String? {
    Dockerfile.word(of: error)
}
