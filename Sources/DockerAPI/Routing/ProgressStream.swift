internal import JSON
internal import Linux

/// The lines of JSON by which pulls, pushes, loads and builds tell how far they are. From any thread.
final class ProgressStream: Sendable {
    private let exchange: Exchange
    private let state = Monitor(State())

    private struct State {
        var hasBegun = false
        /// What was told last of each thing, to leave repetitions out.
        var last: [String: String] = [:]
    }

    init(_ exchange: Exchange) { self.exchange = exchange }

    /// Runs `body`. What it throws is the answer's status where nothing was told before, else the stream's last line.
    func running(_ body: () throws -> Void) throws {
        do {
            try body()
            begin()
        } catch  where state.update({ !$0.hasBegun }) {
            throw error
        } catch { fail("\(error)") }
    }

    /// A line about the whole, or about the thing called `id`.
    func status(_ text: String, id: String? = nil) {
        line([("status", .string(text))] + (id.map { [("id", .string($0))] } ?? []))
    }

    /// How far a layer is; bytes are shown where there are some to come.
    func layer(_ id: String, _ phase: String, _ bytes: Int64 = 0, _ total: Int64 = 0) {
        let shown = "\(phase) \(total > 0 ? bytes * 100 / total : 0)"
        let isNews = state.update { state in
            defer { state.last[id] = shown }
            return state.last[id] != shown
        }
        guard isNews else { return }
        var detail: [(String, JSONValue)] = []
        if bytes > 0 { detail = [("current", .integer(bytes)), ("total", .integer(total))] }
        line([("status", .string(phase)), ("progressDetail", .members(detail)), ("id", .string(id))])
    }

    /// Output of a build.
    func output(_ text: String) { line([("stream", .string(text))]) }

    /// A document for programs.
    func auxiliary(_ value: JSONValue) { line([("aux", value)]) }

    /// The line that tells of a failure.
    func fail(_ message: String) {
        line([("errorDetail", .members([("message", .string(message))])), ("error", .string(message))])
    }

    private func line(_ members: [(String, JSONValue)]) {
        begin()
        // Who no longer listens needs no line; the work goes on, as it does with dockerd.
        try? exchange.write(JSONValue.members(members).json() + [0x0d, 0x0a])
    }

    private func begin() {
        state.update { state in
            guard !state.hasBegun else { return }
            state.hasBegun = true
            try? exchange.begin(type: "application/json")
        }
    }
}
