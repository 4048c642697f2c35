/// How a process ended.
public enum ExitStatus: Sendable, Equatable {
    /// It called exit(2) with this code, 0 to 255.
    case exited(Int32)
    /// This signal killed it.
    case signalled(Int32)

    /// Reads what wait4(2) stored.
    public init(waitStatus: Int32) {
        let signal = waitStatus & 0x7f
        self = signal == 0 ? .exited((waitStatus >> 8) & 0xff) : .signalled(signal)
    }

    /// The code a shell shows: the exit code, or 128 and the signal's number.
    public var code: Int32 {
        switch self {
        case .exited(let code): code
        case .signalled(let signal): 128 + signal
        }
    }
}
