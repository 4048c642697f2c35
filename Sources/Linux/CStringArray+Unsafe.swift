internal import Glibc

/// A NULL-terminated array of C strings as execve(2) wants it, made before a fork so that the child allocates nothing.
public final class CStringArray: @unchecked Sendable {
    // SAFETY: written once in init, freed in deinit; the pointers are only handed to exec calls, which copy.
    /// What execve takes.
    public let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    /// Copies the strings; bytes after a NUL in one are lost.
    public init(_ strings: [String]) {
        count = strings.count
        pointers = .allocate(capacity: count + 1)
        for (index, string) in strings.enumerated() { (pointers + index).initialize(to: strdup(string)) }
        (pointers + count).initialize(to: nil)
    }

    deinit {
        for index in 0..<count { free(pointers[index]) }
        pointers.deallocate()
    }
}
