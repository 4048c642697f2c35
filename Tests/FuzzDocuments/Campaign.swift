import Glibc

/// A row of executions in this process.
struct Batch {
    let seed: UInt64
    let first: UInt64
    let last: UInt64

    /// Exit code 0, or 3 where a reader was fooled or slow.
    func run() -> Int32 {
        var accepted = [0, 0, 0, 0]
        for number in first...last {
            let execution = Execution(seed: seed, number: number)
            let start = clock()
            let fault = execution.fault(&accepted)
            // Of processor time: documents here have some hundred KiB at most.
            let isSlow = clock() - start > CLOCKS_PER_SEC / 2
            if let fault = fault ?? (isSlow ? "took more than half a second" : nil) {
                print("execution \(number) of seed \(seed): \(fault)")
                return 3
            }
        }
        print("accepted", accepted.map(String.init).joined(separator: " "))
        return 0
    }
}

/// Many batches, each in a process of its own, so that a reader that dies is noticed.
struct Campaign {
    let seed: UInt64
    let count: UInt64
    let folder: String
    private let size: UInt64 = 50_000
    /// Seconds after which a batch hangs.
    private let patience: UInt32 = 600

    func run() -> Int32 {
        var done: UInt64 = 0
        var failures = 0
        print("seed \(seed)")
        while done < count {
            let last = min(done + size, count) - 1
            if !succeeds(done, last) {
                failures += 1
                keep(find(done, last))
            }
            done = last + 1
            if done % 1_000_000 == 0 {
                print("\(done) executions, \(failures) failures")
                fflush(nil)
            }
        }
        print("\(count) executions, \(failures) failures")
        return failures == 0 ? 0 : 1
    }

    /// The first execution that fails of a range that does.
    private func find(_ first: UInt64, _ last: UInt64) -> UInt64 {
        var (low, high) = (first, last)
        while low < high {
            let middle = low + (high - low) / 2
            if succeeds(low, middle) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func succeeds(_ first: UInt64, _ last: UInt64) -> Bool {
        let words = ["/proc/self/exe", "--range", "\(seed)", "\(first)", "\(last)"]
        var arguments = words.map { strdup($0) } + [nil]
        defer { for word in arguments { free(word) } }
        var pid: pid_t = 0
        guard posix_spawn(&pid, words[0], nil, nil, &arguments, environ) == 0 else { return false }
        var waited: UInt32 = 0
        var status: Int32 = 0
        while waitpid(pid, &status, WNOHANG) == 0 {
            usleep(20_000)
            waited += 20
            if waited > patience * 1000 { kill(pid, SIGKILL) }
        }
        return status == 0
    }

    private func keep(_ number: UInt64) {
        let path = "\(folder)/failed-\(seed)-\(number).json"
        print("failed: execution \(number), kept in \(path)")
        guard let file = fopen(path, "w") else { return }
        let bytes = Execution(seed: seed, number: number).bytes
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }
}
