import Glibc
import Linux
import Synchronization
import Testing

@Suite struct ThreadTests {
    @Test func manyThatWaitRunAtOnce() throws {
        let counter = Counter()
        var ends: [Int32] = [-1, -1]
        pipe(&ends)
        for _ in 0..<32 {
            try startThread { [reading = ends[0]] in
                var byte: UInt8 = 0
                counter.waiting.add(1, ordering: .relaxed)
                read(reading, &byte, 1)
                counter.waiting.subtract(1, ordering: .relaxed)
            }
        }
        while counter.waiting.load(ordering: .relaxed) < 32 { usleep(1000) }
        close(ends[1])
        while counter.waiting.load(ordering: .relaxed) > 0 { usleep(1000) }
        close(ends[0])
    }
}

private final class Counter: Sendable {
    let waiting = Atomic(0)
}
