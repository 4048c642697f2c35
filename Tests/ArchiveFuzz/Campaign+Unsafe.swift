import CLinux
import Glibc

/// Runs cases in child processes, so that one that crashes or hangs is found, kept and passed over.
struct Campaign {
    let seed: UInt64
    let count: UInt64
    let folder: String
    /// Seconds that a case may take.
    private static let patience: UInt32 = 10

    /// What the child tells through shared memory.
    private struct Shared {
        var number: UInt64 = 0
        var valid: UInt64 = 0
    }

    /// Runs all cases and returns how many were findings.
    func run() -> Int {
        let size = MemoryLayout<Shared>.size
        let mapped = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)
        guard let mapped, mapped != MAP_FAILED else { fatalError("mmap failed") }
        // SAFETY: the mapping is large enough, and used by the parent only while no child runs.
        let shared = mapped.bindMemory(to: Shared.self, capacity: 1)
        shared.initialize(to: Shared())
        var found = 0
        while shared.pointee.number < count {
            let child = cl_clone(0, nil, -1)
            if child == 0 { work(shared) }
            var status: Int32 = 0
            while waitpid(child, &status, 0) < 0 && errno == EINTR {}
            if status == 0 { break }
            guard child > 0 else { fatalError("clone: errno \(errno)") }
            found += 1
            keep(shared.pointee.number, status & 0x7f)
            shared.pointee.number += 1
        }
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &usage)
        print(
            "archive-fuzz: seed \(seed): \(count) cases, \(shared.pointee.valid) valid, \(found) found, peak \(usage.ru_maxrss) KiB"
        )
        return found
    }

    private func work(_ shared: UnsafeMutablePointer<Shared>) -> Never {
        while shared.pointee.number < count {
            if shared.pointee.number % 256 == 0 { alarm(Self.patience) }
            if FuzzCase(seed: seed, number: shared.pointee.number).run() { shared.pointee.valid += 1 }
            shared.pointee.number += 1
        }
        _exit(0)
    }

    private func keep(_ number: UInt64, _ signal: Int32) {
        mkdir(folder, 0o755)
        let path = "\(folder)/seed\(seed)-case\(number)-signal\(signal)"
        let bytes = FuzzCase(seed: seed, number: number).bytes
        guard let file = fopen(path, "w") else { fatalError("cannot write \(path)") }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
        print("archive-fuzz: found \(path)")
    }
}

/// A file of a kept case.
func readWhole(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "r") else { fatalError("cannot read \(path)") }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65536)
    while case let count = fread(&part, 1, part.count, file), count > 0 { bytes += part[..<count] }
    return bytes
}
