internal import Glibc
internal import Linux
internal import ProcessIO

/// Signals of the shim: ends of children, and requests to end itself.
final class SignalSource: EventSource {
    private let pipe: SignalPipe
    private let received: (Int32) -> Void

    init(_ signals: [Int32], _ received: @escaping (Int32) -> Void) throws(SystemCallError) {
        pipe = try SignalPipe(signals.map { UInt8($0) })
        self.received = received
    }

    var descriptor: Int32 { pipe.descriptor }
    var interests: Int32 { POLLIN }

    func ready(_: Int32) {
        var seen: [Int32] = []
        while let signal = pipe.next() { if !seen.contains(signal) { seen.append(signal) } }
        for signal in seen { received(signal) }
    }
}
