import ShimProtocol
import Support
import Testing

@Suite struct MessageTests {
    private static let name = ProcessName("box", exec: "e")
    private static let container = ContainerSettings(
        id: "box", bundle: "/b", terminal: true, input: true,
        log: LogSettings(driver: .jsonFile, path: "/l", maximumSize: 5, maximumFiles: 3, attributes: ["a": "b"]))

    static let requests: [ShimRequest] = [
        .state, .subscribe, .shutdown, .create(container), .start(ProcessName("box")), .signal(name, 9),
        .exec(ExecSettings(name: name, process: Array(#"{"args":["a"]}"#.utf8), terminal: true, input: true)),
        .attach(AttachSettings(name: name, output: false, errors: false, input: true, inputOnce: true, slow: .wait)),
        .resize(name, rows: 3, columns: 4), .closeInput(name), .wait(name), .forget(name), .delete(container: "box"),
    ]

    @Test(arguments: requests) func `a request is read as it was written`(request: ShimRequest) throws {
        var id = 0
        #expect(try ShimRequest.parse(request.json(id: 42), id: &id) == request)
        #expect(id == 42)
    }

    @Test(arguments: [
        #"{"id":1,"verb":"fly","container":"a"}"#, #"{"id":1,"verb":"start"}"#, #"{"id":1,"verb":"state","more":1}"#,
        #"{"id":1,"verb":"exec","container":"a","process":{}}"#, #"{"id":1,"verb":"create"}"#,
        #"{"id":1,"verb":"attach","container":"a","slow":"never"}"#, "{}", "",
    ]) func `a request that says nothing sensible is refused`(text: String) {
        var id = 0
        #expect(throws: (any Error).self) { try ShimRequest.parse(Array(text.utf8), id: &id) }
        #expect(id == (text.contains("\"id\":1") ? 1 : 0))
    }

    private let record = ExitRecord(
        process: ProcessName("box"), pid: 7, code: 137, signal: 9, oomKilled: true, startedAt: "a", finishedAt: "b")

    @Test func `replies, events, records and settings are read as they were written`() throws {
        #expect(try ExitRecord(record.json()) == record)
        #expect(try ShimEvent(ShimEvent.exited(record).json()) == .exited(record))
        #expect(try ShimEvent(ShimEvent.started(Self.name, pid: 3).json()) == .started(Self.name, pid: 3))
        let state = ShimState(
            shim: 1,
            processes: [
                .init(name: ProcessName("box"), status: .exited, pid: 7, exit: record),
                .init(name: Self.name, status: .created, pid: nil, exit: nil),
            ], lostLines: 2)
        let reply = try ShimReply(ShimReply(id: 5, pid: 6, exit: record, state: state).json())
        #expect((reply.id, reply.pid, reply.exit, reply.state) == (5, 6, record, state))
        let settings = ShimSettings(
            runtime: "/r", runtimeRoot: "/s", runtimeArguments: ["--systemd-cgroup"], lingerSeconds: 3,
            container: Self.container)
        #expect(try ShimSettings(settings.json()) == settings)
    }

    @Test func `an error keeps its code and its causes' text`() throws {
        let cause = RuntimeError(.notFound, "inner")
        let reply = ShimReply(id: 1, error: RuntimeError(.invalidState, "outer", cause: cause))
        let error = try #require(try ShimReply(reply.json()).error)
        #expect(error.code == .invalidState)
        #expect(error.description == "outer: inner")
    }

    @Test func `settings of another version are refused`() {
        #expect(throws: (any Error).self) { try ShimSettings(Array(#"{"version":2}"#.utf8)) }
    }
}
