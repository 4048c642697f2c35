/// A socket or System V call that i386 programs can also make through `socketcall` or `ipc`.
struct Multiplexed {
    /// The number of `socketcall` or `ipc` on i386.
    let multiplexer: UInt16
    /// The first argument that selects the call.
    let selector: UInt64

    /// ipc's selector carries a version in its upper half.
    var comparison: Condition.Comparison {
        multiplexer == 102
            ? Condition.Comparison(index: 0, op: .equal, value: selector, valueTwo: 0)
            : Condition.Comparison(index: 0, op: .maskedEqual, value: 0xffff, valueTwo: selector)
    }

    /// The multiplexed form of `name`; `row` is its row in the table of numbers.
    static func call(_ name: String, row: Int?) -> Multiplexed? {
        guard let row else { return nil }
        // Most names are ruled out by their own number on i386 without comparing strings.
        switch SystemCallTable.numbers[row * 5 + Seccomp.Architecture.i386.column] {
        case 337, 345, 359...373, 393...402, 0xffff: break
        default: return nil
        }
        if let index = socketCalls.firstIndex(of: name) {
            return Multiplexed(multiplexer: 102, selector: UInt64(index + 1))
        }
        return ipcCalls.first { $0.0 == name }.map { Multiplexed(multiplexer: 117, selector: $0.1) }
    }

    /// linux/net.h SYS_*, from 1.
    private static let socketCalls = [
        "socket", "bind", "connect", "listen", "accept", "getsockname", "getpeername", "socketpair", "send", "recv",
        "sendto", "recvfrom", "shutdown", "setsockopt", "getsockopt", "sendmsg", "recvmsg", "accept4", "recvmmsg",
        "sendmmsg",
    ]

    /// linux/ipc.h.
    private static let ipcCalls: [(String, UInt64)] = [
        ("semop", 1), ("semget", 2), ("semctl", 3), ("semtimedop", 4), ("msgsnd", 11), ("msgrcv", 12),
        ("msgget", 13), ("msgctl", 14), ("shmat", 21), ("shmdt", 22), ("shmget", 23), ("shmctl", 24),
    ]
}
