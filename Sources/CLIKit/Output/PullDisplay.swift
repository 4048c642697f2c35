internal import Glibc
internal import ProcessIO

/// Shows a pull on the standard error: a bar for each layer on a terminal, else a line when something ends.
///
/// May be called from any thread.
final class PullDisplay: @unchecked Sendable {
    // SAFETY: every access to the mutable state is between lock and unlock.
    private var lock = pthread_mutex_t()
    private var lines: [Line] = []
    private var drawn = 0
    private var lastDraw: Int64 = 0
    private let isTerminal = Console.errorIsTerminal
    private let isQuiet: Bool

    /// One thing that is under way.
    private struct Line {
        let id: String
        var phase: String
        var done: Int64
        var total: Int64
        var ended: Bool
    }

    /// A display; a quiet one shows nothing.
    init(quiet: Bool = false) {
        isQuiet = quiet
        pthread_mutex_init(&lock, nil)
    }

    deinit { pthread_mutex_destroy(&lock) }

    /// How far the thing called `id` is.
    ///
    /// - Parameters:
    ///   - phase: such as `downloading`.
    ///   - total: bytes in all, 0 where unknown.
    ///   - ended: whether nothing more comes of it.
    func update(_ id: String, phase: String, done: Int64 = 0, total: Int64 = 0, ended: Bool = false) {
        if isQuiet { return }
        pthread_mutex_lock(&lock)
        defer { pthread_mutex_unlock(&lock) }
        let line = Line(id: id, phase: phase, done: done, total: total, ended: ended)
        if let place = lines.firstIndex(where: { $0.id == id }) {
            if lines[place].ended { return }
            lines[place] = line
        } else {
            lines.append(line)
        }
        if isTerminal { draw(force: ended) } else if ended { Console.note("\(id): \(phase)\n") }
    }

    /// A line about the whole.
    func say(_ text: String) {
        if isQuiet { return }
        pthread_mutex_lock(&lock)
        defer { pthread_mutex_unlock(&lock) }
        if isTerminal { erase() }
        Console.note(text + "\n")
        if isTerminal { draw(force: true) }
    }

    /// Draws the last state and leaves it there.
    func finish() {
        if isQuiet || !isTerminal { return }
        pthread_mutex_lock(&lock)
        defer { pthread_mutex_unlock(&lock) }
        draw(force: true)
        drawn = 0
        lines = []
    }

    private func erase() {
        if drawn > 0 { Console.note("\u{1b}[\(drawn)A\u{1b}[J") }
        drawn = 0
    }

    /// At most twenty times a second.
    private func draw(force: Bool) {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let now = Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
        if !force && now - lastDraw < 50 { return }
        lastDraw = now
        // A terminal that nobody has given a size says 0.
        var size = TerminalSize(of: 2) ?? TerminalSize(rows: 0, columns: 0)
        if size.rows < 2 || size.columns < 2 { size = TerminalSize(rows: 24, columns: 80) }
        let shown = lines.suffix(max(1, Int(size.rows) - 2))
        var text = drawn > 0 ? "\u{1b}[\(drawn)A\u{1b}[J" : ""
        for line in shown {
            text += String(Self.text(line, columns: Int(size.columns)).prefix(Int(size.columns) - 1)) + "\n"
        }
        Console.note(text)
        drawn = shown.count
    }

    private static func text(_ line: Line, columns: Int) -> String {
        var text = "\(line.id): \(line.phase)"
        guard !line.ended, line.total > 0 else { return text }
        let figures = "\(Quantities.size(line.done))/\(Quantities.size(line.total))"
        let width = columns - text.count - figures.count - 6
        if width >= 10 {
            let full = Int(Int64(min(width, 50)) * min(line.done, line.total) / line.total)
            text +=
                " [" + String(repeating: "=", count: full) + String(repeating: " ", count: min(width, 50) - full) + "]"
        }
        return "\(text) \(figures)"
    }
}
