import Glibc
import Linux
import Testing

@testable import Shim

/// A source that is always ready and counts its calls.
private final class Ready: EventSource {
    private let pair: DescriptorPair
    var calls = 0
    var then: () -> Void = {}

    init() throws {
        pair = try Descriptor.socketPair()
        try pair.second.writeAll([1])
    }

    var descriptor: Int32 { pair.first.rawValue }
    var interests: Int32 { POLLIN }
    func ready(_: Int32) {
        calls += 1
        then()
    }
}

@Suite struct EventLoopTests {
    @Test func removedSourcesAreNotCalled() throws {
        let loop = EventLoop()
        let (first, second) = (try Ready(), try Ready())
        first.then = { [unowned second] in loop.remove(second) }
        loop.add(first)
        loop.add(second)
        try loop.turn(milliseconds: 0)
        #expect(first.calls == 1)
        #expect(second.calls == 0)
    }
}
