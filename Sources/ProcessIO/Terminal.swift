internal import CLinux
internal import Glibc
public import Linux

/// A terminal's size in characters.
public struct TerminalSize: Sendable, Equatable {
    /// Rows.
    public var rows: UInt16
    /// Columns.
    public var columns: UInt16

    /// A size.
    public init(rows: UInt16, columns: UInt16) {
        self.rows = rows
        self.columns = columns
    }

    /// The size of the terminal behind a descriptor; nil where it is no terminal.
    public init?(of descriptor: Int32) {
        rows = 0
        columns = 0
        guard cl_tty_size(descriptor, &rows, &columns) == 0 else { return nil }
    }

    /// The size of the terminal that keys come from or, where that is none, of the one that the output goes to.
    public init?(input: Int32?, output: Int32?) {
        guard let size = input.flatMap({ Self(of: $0) }) ?? output.flatMap({ Self(of: $0) }) else { return nil }
        self = size
    }

    /// Makes this the size of the terminal behind a descriptor; its foreground processes get SIGWINCH.
    public func apply(to descriptor: Int32) throws(SystemCallError) {
        try check("ioctl", "TIOCSWINSZ") { cl_tty_set_size(descriptor, rows, columns) }
    }
}

/// Whether a descriptor is a terminal.
public func isTerminal(_ descriptor: Int32) -> Bool {
    isatty(descriptor) == 1
}

/// A terminal in raw mode for as long as this object lives: keys reach the reader one by one and unchanged.
///
/// The mode that was there before comes back with ``restore()`` or when the object goes.
public final class RawTerminal {
    private let descriptor: Int32
    private var before: termios

    /// Switches the terminal behind `descriptor`, which stays open as long as this object lives.
    ///
    /// - Parameter output: what is written to it passes unchanged too; else it is processed as before (OPOST of
    ///   termios(3)), which is how a line feed gets its carriage return.
    public init(_ descriptor: Int32, output: Bool = true) throws(SystemCallError) {
        var mode = termios()
        try check("tcgetattr", "the terminal") { tcgetattr(descriptor, &mode) }
        before = mode
        self.descriptor = descriptor
        cfmakeraw(&mode)
        if !output { mode.c_oflag = before.c_oflag }
        try check("tcsetattr", "the terminal") { tcsetattr(descriptor, TCSADRAIN, &mode) }
    }

    /// Gives the terminal its mode back.
    public func restore() {
        tcsetattr(descriptor, TCSADRAIN, &before)
    }

    deinit {
        restore()
    }
}

/// A terminal that doesn't show what is typed, for as long as this object lives.
///
/// Ctrl-C sends no signal, which would leave the terminal so: it ends the line, as its last character.
public final class HiddenTerminal {
    /// The character of Ctrl-C.
    public static let interrupt: UInt8 = 3

    private let descriptor: Int32
    private var before: termios

    /// Switches the terminal behind `descriptor`, which stays open as long as this object lives.
    public init(_ descriptor: Int32) throws(SystemCallError) {
        var mode = termios()
        try check("tcgetattr", "the terminal") { tcgetattr(descriptor, &mode) }
        before = mode
        self.descriptor = descriptor
        mode.c_lflag &= ~tcflag_t(ECHO | ISIG)
        // VEOL, a further end of a line.
        mode.c_cc.11 = Self.interrupt
        try check("tcsetattr", "the terminal") { tcsetattr(descriptor, TCSAFLUSH, &mode) }
    }

    /// Gives the terminal its mode back.
    public func restore() {
        tcsetattr(descriptor, TCSADRAIN, &before)
    }

    deinit {
        restore()
    }
}
