internal import ContainerService
internal import Glibc
internal import Synchronization

/// Shows a build on the standard error: on a terminal a line for each step that is kept up to date, else a line for
/// everything that happens. May be called from any thread.
final class BuildDisplay: Sendable {
    /// How it is shown.
    enum Mode {
        case none, plain, terminal
    }

    private let mode: Mode
    private let lines: PullDisplay
    private let pulls: PullDisplay
    private let state = Mutex(State())

    private struct State {
        /// The end of each step's output, for when it fails.
        var tails: [Int: [UInt8]] = [:]
        /// Pieces of lines that have not ended.
        var pieces: [Int: [UInt8]] = [:]
        var starts: [Int: Double] = [:]
        var failed: Int?
    }

    /// Bytes of a step's output that are kept.
    private static let tailBytes = 8 << 10

    init(_ mode: Mode) {
        self.mode = mode
        lines = PullDisplay(quiet: mode != .terminal)
        pulls = PullDisplay(quiet: mode == .none)
    }

    /// Takes what happens.
    func show(_ event: BuildProgress) {
        keep(event)
        switch mode {
        case .none: break
        case .plain: plain(event)
        case .terminal: terminal(event)
        }
    }

    /// Leaves the last state; after a failure the end of what the step printed.
    func finish(failed: Bool) {
        lines.finish()
        pulls.finish()
        guard failed, mode != .plain else { return }
        let tail = state.withLock { state in state.failed.flatMap { state.tails[$0] } } ?? []
        if !tail.isEmpty { Console.note(String(decoding: tail, as: UTF8.self) + (tail.last == 0x0a ? "" : "\n")) }
    }

    private func keep(_ event: BuildProgress) {
        state.withLock { state in
            switch event {
            case .started(let step): state.starts[step.number] = Self.now()
            case .output(let step, let bytes):
                var tail = (state.tails[step.number] ?? []) + bytes
                if tail.count > Self.tailBytes { tail = Array(tail.suffix(Self.tailBytes)) }
                state.tails[step.number] = tail
            case .done(let step, _): state.tails[step.number] = nil
            case .failed(let step): state.failed = state.failed ?? step.number
            default: break
            }
        }
    }

    private static func title(_ step: BuildProgress.Step) -> String {
        "[\(step.stage) \(step.place)/\(step.count)] \(oneLine(step.text))"
    }

    /// Text of a file on one line, without what a terminal would take as a command.
    private static func oneLine(_ text: String) -> String {
        String(
            text.prefix(160).map { character in
                character.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f } ? character : " "
            })
    }

    private func plain(_ event: BuildProgress) {
        switch event {
        case .started(let step): Console.note("#\(step.number) \(Self.title(step))\n")
        case .cached(let step): Console.note("#\(step.number) CACHED\n")
        case .output(let step, let bytes): output(step, bytes)
        case .done(let step, let seconds):
            flush(step)
            Console.note("#\(step.number) DONE \(Self.text(seconds))\n")
        case .failed(let step):
            flush(step)
            Console.note("#\(step.number) FAILED\n")
        case .warning(let text): Console.note("warning: \(text)\n")
        case .pull(let step): pulls.show(step)
        case .exporting(let what): Console.note("exporting \(what)\n")
        }
    }

    /// Whole lines with the step's number and its time.
    private func output(_ step: BuildProgress.Step, _ bytes: [UInt8]) {
        let text = state.withLock { state -> String in
            var pending = (state.pieces[step.number] ?? []) + bytes
            guard let end = pending.lastIndex(of: 0x0a) else {
                state.pieces[step.number] = pending
                return ""
            }
            let lines = pending[..<end].split(separator: 0x0a, omittingEmptySubsequences: false)
            pending.removeSubrange(...end)
            state.pieces[step.number] = pending
            let time = Self.text(Self.now() - (state.starts[step.number] ?? 0), unit: "")
            return lines.map { "#\(step.number) \(time) \(String(decoding: $0, as: UTF8.self))\n" }.joined()
        }
        if !text.isEmpty { Console.note(text) }
    }

    private func flush(_ step: BuildProgress.Step) {
        if state.withLock({ !($0.pieces[step.number] ?? []).isEmpty }) { output(step, [0x0a]) }
    }

    private func terminal(_ event: BuildProgress) {
        switch event {
        case .started(let step): lines.update(Self.title(step), phase: "running")
        case .cached(let step): lines.update(Self.title(step), phase: "cached", ended: true)
        case .output(let step, let bytes):
            guard let line = bytes.split(separator: 0x0a).last else { return }
            lines.update(Self.title(step), phase: Self.oneLine(String(decoding: line, as: UTF8.self)))
        case .done(let step, let seconds): lines.update(Self.title(step), phase: Self.text(seconds), ended: true)
        case .failed(let step): lines.update(Self.title(step), phase: "failed", ended: true)
        case .warning(let text): lines.say("warning: \(text)")
        case .pull(let step): pulls.show(step)
        case .exporting(let what): lines.update("exporting", phase: what)
        }
    }

    private static func text(_ seconds: Double, unit: String = "s") -> String {
        let thousandths = Int(seconds * 1000)
        let rest = String(thousandths % 1000)
        return "\(thousandths / 1000).\(String(repeating: "0", count: 3 - rest.count))\(rest)\(unit)"
    }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
