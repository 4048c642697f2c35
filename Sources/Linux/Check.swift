internal import Glibc

/// Runs a system call, again after EINTR, and throws ``SystemCallError`` when it returns -1.
///
/// - Parameters:
///   - call: the call's name, for the error.
///   - subject: what it is done to, for the error; evaluated on failure only.
@discardableResult
public func check(
    _ call: StaticString, _ subject: @autoclosure () -> String = "", _ body: () -> Int32
) throws(SystemCallError) -> Int32 {
    while true {
        let result = body()
        if result != -1 { return result }
        let code = errno
        if code != EINTR { throw SystemCallError("\(call)", errno: code, subject: subject()) }
    }
}

/// Like ``check(_:_:_:)`` for calls that return a byte count.
@discardableResult
public func checkCount(
    _ call: StaticString, _ subject: @autoclosure () -> String = "", _ body: () -> Int
) throws(SystemCallError) -> Int {
    while true {
        let result = body()
        if result != -1 { return result }
        let code = errno
        if code != EINTR { throw SystemCallError("\(call)", errno: code, subject: subject()) }
    }
}
