internal import ContainerService
internal import Glibc
internal import Linux
internal import ProcessIO
internal import Support

/// The program `hakod`.
public enum DaemonProgram {
    /// Runs until a signal ends it; gives back the exit code.
    ///
    /// - Parameter arguments: without the program's name.
    public static func run(_ arguments: [String]) -> Int32 {
        let options: DaemonOptions
        do { options = try DaemonOptions(arguments) } catch {
            put("hakod: \(error)\n", 2)
            return 64
        }
        if let answer = options.answer {
            put(answer, 1)
            return 0
        }
        let log: @Sendable (LogLevel, String) -> Void = { level, text in
            if level <= options.level { put("\(level): \(text)\n", 2) }
        }
        do {
            try serve(options, log)
            return 0
        } catch {
            put("hakod: \(error)\n", 2)
            return 1
        }
    }

    private static func serve(_ options: DaemonOptions, _ log: @escaping @Sendable (LogLevel, String) -> Void) throws {
        guard getuid() == 0 else { throw RuntimeError(.permissionDenied, "containers need root: run hakod as root") }
        ignoreBrokenPipes()
        let signals = try SignalPipe([SIGINT, SIGTERM].map { UInt8($0) })
        var wanted = options.host
        wanted.warn = { log(.warn, $0) }
        let host = try ContainerHost(wanted)
        try host.supervisor.recover()
        let service = DockerService(host) { log(.error, $0) }
        let inherited = SystemdSockets.take()
        for descriptor in inherited { try service.adopt(descriptor) }
        let standard = inherited.isEmpty ? ["\(wanted.state)/docker.sock"] : []
        for path in options.sockets.isEmpty ? standard : options.sockets {
            try service.listen(path: path)
            log(.info, "listening on \(path)")
        }
        SystemdSockets.notify("READY=1")
        var waiting = pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&waiting, 1, -1) < 0 && errno == EINTR {}
        SystemdSockets.notify("STOPPING=1")
        log(.info, "stopping; containers run on")
        for path in options.sockets.isEmpty ? standard : options.sockets { unlink(path) }
        service.shutdown()
    }

    private static func put(_ text: String, _ target: Int32) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { write(target, $0.baseAddress, $0.count) }
    }
}
