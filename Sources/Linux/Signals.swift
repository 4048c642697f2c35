/// Linux signal numbers (x86-64 and arm64) by name.
public enum Signal {
    /// Names without `SIG`, in the order of their numbers from 1; aliases follow in ``number(of:)``.
    public static let names: [String] = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
        "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
        "WINCH", "IO", "PWR", "SYS",
    ]

    /// The number of a signal given as `15`, `TERM`, `SIGTERM`, `term`, `RTMIN`, `RTMIN+3` or `RTMAX-1`; nil where it is
    /// none.
    public static func number(of text: String) -> Int32? {
        if let number = Int32(text) { return (1...64).contains(number) ? number : nil }
        var name = text.uppercased()
        if name.hasPrefix("SIG") { name.removeFirst(3) }
        if let index = names.firstIndex(of: name) { return Int32(index + 1) }
        switch name {
        case "IOT": return 6
        case "CLD": return 17
        case "POLL": return 29
        default: return realTime(name)
        }
    }

    private static func realTime(_ name: String) -> Int32? {
        let (base, sign): (Int32, Int32)
        if name.hasPrefix("RTMIN") {
            (base, sign) = (34, 1)
        } else if name.hasPrefix("RTMAX") {
            (base, sign) = (64, -1)
        } else {
            return nil
        }
        let rest = name.dropFirst(5)
        if rest.isEmpty { return base }
        guard rest.first == (sign > 0 ? "+" : "-"), let offset = Int32(rest.dropFirst()), (0...30).contains(offset)
        else {
            return nil
        }
        return base + sign * offset
    }
}
