import Glibc
import Linux
import ProcessIO
import Testing

/// Serialised: signals and children belong to the whole test process.
@Suite(.serialized) struct ProcessSessionTests {
    func readAll(_ descriptor: borrowing Descriptor) throws -> String {
        String(decoding: try descriptor.readAll(limit: 1 << 20), as: UTF8.self)
    }

    func pipePair() throws -> (Int32, Int32) {
        var pair: [Int32] = [-1, -1]
        try check("pipe") { pipe(&pair) }
        for end in pair { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (pair[0], pair[1])
    }

    @Test func exitCodesAndSignals() throws {
        for (script, expected) in [
            ("exit 0", ExitStatus.exited(0)), ("exit 42", .exited(42)), ("kill -KILL $$", .signalled(9)),
            ("kill -TERM $$", .signalled(15)),
        ] {
            let pid = try ChildProgram(path: "/bin/sh", arguments: ["-c", script]).spawn()
            var session = try ProcessSession(pid: pid)
            #expect(try session.run(signals: .frontEnd()) { _ in } == expected)
        }
        #expect(ExitStatus.signalled(9).code == 137)
    }

    @Test func childGetsItsDescriptorsAndNoOther() throws {
        let (reader, writer) = try pipePair()
        let read = Descriptor(owning: reader)
        var child = ChildProgram(
            path: "/bin/sh", arguments: ["-c", "cat; echo to-stderr >&2; ls /proc/self/fd | tr '\\n' ' '; echo $A"],
            environment: ["A=b", "PATH=/bin:/usr/bin"])
        child.output = writer
        child.error = writer
        let pid = try child.spawn()
        close(writer)
        // /dev/null on 0, the pipe on 1 and 2, and the folder that ls itself reads.
        #expect(try readAll(read) == "to-stderr\n0 1 2 3 b\n")
        #expect(try waitForChild(pid) == .exited(0))
    }

    @Test func missingProgramIsAnError() {
        let error = #expect(throws: SystemCallError.self) { try ChildProgram(path: "/nowhere", arguments: []).spawn() }
        #expect(error?.errno == ENOENT)
    }

    @Test func terminalIsRelayedBothWays() throws {
        let master = try PseudoTerminal.openMaster()
        let slave = try PseudoTerminal.openSlave(of: master)
        var child = ChildProgram(
            path: "/bin/sh", arguments: ["-c", "read line; echo got:$line; test -t 0 && echo tty; exit 3"])
        child.input = slave.rawValue
        child.output = slave.rawValue
        child.error = slave.rawValue
        let pid = try child.spawn()
        _ = consume slave
        let (keysReader, keysWriter) = try pipePair()
        let (outputReader, outputWriter) = try pipePair()
        _ = "hello\n".withCString { write(keysWriter, $0, 6) }
        var session = try ProcessSession(
            pid: pid, master: SharedDescriptor(master), input: keysReader, output: outputWriter)
        #expect(try session.run(signals: .frontEnd()) { _ in } == .exited(3))
        for end in [keysReader, keysWriter, outputWriter] { close(end) }
        let text = try readAll(Descriptor(owning: outputReader))
        #expect(text.contains("got:hello\r\n"))
        #expect(text.contains("tty\r\n"))
    }

    @Test func signalsArePassedOn() throws {
        let (reader, writer) = try pipePair()
        var child = ChildProgram(
            path: "/bin/sh", arguments: ["-c", "trap 'exit 7' USR1; kill -USR1 $PPID; while :; do sleep 0.01; done"],
            environment: ["PATH=/bin:/usr/bin"])
        child.input = reader
        // The child signals its parent as soon as it runs: catch before it starts.
        let early = try SignalPipe.frontEnd()
        let pid = try child.spawn()
        var session = try ProcessSession(pid: pid)
        var seen: [Int32] = []
        let status = try session.run(signals: early) { signal in
            seen.append(signal)
            kill(pid, signal)
        }
        close(reader)
        close(writer)
        #expect(status == .exited(7))
        #expect(seen == [SIGUSR1])
    }

    @Test func terminalSizes() throws {
        let master = try PseudoTerminal.openMaster()
        let slave = try PseudoTerminal.openSlave(of: master)
        try TerminalSize(rows: 33, columns: 77).apply(to: master.rawValue)
        #expect(TerminalSize(of: slave.rawValue) == TerminalSize(rows: 33, columns: 77))
        #expect(TerminalSize(of: -1) == nil)
        #expect(isTerminal(slave.rawValue))
    }

    @Test func rawModeComesBack() throws {
        let master = try PseudoTerminal.openMaster()
        let slave = try PseudoTerminal.openSlave(of: master)
        var mode = termios()
        tcgetattr(slave.rawValue, &mode)
        let before = mode.c_lflag
        do {
            let raw = try RawTerminal(slave.rawValue)
            tcgetattr(slave.rawValue, &mode)
            #expect(mode.c_lflag & tcflag_t(ICANON | ECHO) == 0)
            _ = raw
        }
        tcgetattr(slave.rawValue, &mode)
        #expect(mode.c_lflag == before)
    }
}
