internal import Isolation
internal import OCISpec
internal import Support

/// The process that was set up ended without having said why.
struct LostProcess: Error, CodedError, CustomStringConvertible {
    var runtimeCode: RuntimeError.Code { .internal }
    var description: String { "the container's process died while it was set up" }

    /// The error with what is known of the end: the kernel's killer is the usual reason, and a memory limit is its.
    ///
    /// - Parameter code: of the process's exit, 128 and the number of a signal.
    func explained(_ code: Int32, _ resources: RuntimeConfiguration.Resources?) -> RuntimeError {
        guard code > 128 else { return RuntimeError(runtimeCode, "\(self) (exit code \(code))") }
        guard code == 137, let limit = resources?.memory?.limit, limit >= 0 else {
            return RuntimeError(runtimeCode, "\(self) (signal \(code - 128))")
        }
        return RuntimeError(
            .resourceExhausted, "\(self) (signal 9): linux.resources.memory.limit \(limit) may be too low")
    }
}
