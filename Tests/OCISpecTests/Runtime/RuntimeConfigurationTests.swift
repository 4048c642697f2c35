import JSON
import OCISpec
import Testing

@Suite struct RuntimeConfigurationTests {
    func parse(_ text: String) throws -> RuntimeConfiguration {
        try RuntimeConfiguration(json: Array(text.utf8))
    }

    @Test func everyMemberSurvivesARoundTrip() throws {
        let document = try parse(runtimeExample)
        #expect(String(decoding: document.json(), as: UTF8.self) == runtimeExample)
        #expect(try RuntimeConfiguration(json: document.json(indent: 4)) == document)
    }

    @Test func membersLandWhereTheyBelong() throws {
        let document = try parse(runtimeExample)
        let process = try #require(document.process)
        let linux = try #require(document.linux)
        #expect(process.args == ["sh", "-c", "echo \"hi\""])
        #expect(process.rlimits.first?.hard == UInt64.max)
        #expect(process.user.additionalGids == [5, 6])
        #expect(linux.namespaces.map(\.type) == RuntimeConfiguration.Namespace.Kind.allCases)
        #expect(linux.namespaces.first?.path == "/proc/1234/ns/pid")
        #expect(linux.resources?.memory?.swap == -1)
        #expect(linux.seccomp?.syscalls.last?.args.first?.op == .SCMP_CMP_MASKED_EQ)
        #expect(linux.netDevices["eth0"]?.name == "container_eth0")
    }

    /// To setresuid(2) this number means no change: the program would stay root.
    @Test(arguments: [#""uid":4294967295"#, #""gid":4294967295"#, #""additionalGids":[5,4294967295]"#, #""uid":-1"#])
    func theIdThatMeansNoChangeIsRefused(member: String) throws {
        let error = #expect(throws: JSONError.self) {
            try parse(#"{"ociVersion":"1.0.2","process":{"cwd":"/","user":{\#(member)}}}"#)
        }
        #expect("\(error.map { "\($0)" } ?? "")".contains("process.user."))
    }

    /// The kernel would take the part before it: a root of "\0" would be the bundle itself.
    @Test(arguments: [
        (#""root":{"path":"\u0000"}"#, "root.path"), (#""hostname":"a\u0000b""#, "hostname"),
        (#""mounts":[{"destination":"/a","source":"/b\u0000c"}]"#, "mounts[0].source"),
        (#""mounts":[{"destination":"/a","options":["ro\u0000"]}]"#, "mounts[0].options[0]"),
        (#""linux":{"maskedPaths":["/a\u0000"]}"#, "linux.maskedPaths[0]"),
        (#""linux":{"sysctl":{"net.a\u0000":"1"}}"#, "linux.sysctl"),
        (#""linux":{"sysctl":{"net.a":"1\u0000"}}"#, "linux.sysctl"),
        (#""linux":{"netDevices":{"a\u0000":{}}}"#, "linux.netDevices"),
        (#""process":{"cwd":"/","args":["a\u0000"]}"#, "process.args[0]"),
        (#""hooks":{"poststop":[{"path":"/bin/a\u0000"}]}"#, "hooks.poststop[0].path"),
    ])
    func nullBytesAreRefused(member: String, field: String) throws {
        let error = #expect(throws: JSONError.self) { try parse(#"{"ociVersion":"1.0.2",\#(member)}"#) }
        let said = error.map { "\($0)" } ?? ""
        #expect(said.contains(field) && said.contains("null byte"), "\(said)")
    }

    @Test func absentNullAndUnknownMembers() throws {
        let document = try parse(
            """
            {"ociVersion":"1.0.2-dev","mounts":null,"hooks":null,"x":{"y":[1,null,{"z":"ø"}]},
             "process":{"cwd":"/","args":null,"env":null,"capabilities":{"bounding":null},"rlimits":null,
                        "user":{"uid":0,"gid":0,"additionalGids":null},"commandLine":"dir"},
             "linux":{"namespaces":null,"resources":{"devices":null,"memory":{"limit":null}},"rootfsPropagation":""}}
            """)
        #expect(document.process?.args == [])
        #expect(document.linux?.rootfsPropagation == nil)
        let text = String(decoding: document.json(), as: UTF8.self)
        #expect(
            text == """
                {"ociVersion":"1.0.2-dev","process":{"user":{"uid":0,"gid":0},"cwd":"/","capabilities":{}},\
                "linux":{"resources":{"memory":{}}}}
                """)
    }

    @Test(arguments: [
        ("{}", "the required member \"ociVersion\" is missing"),
        (#"{"ociVersion":"2.0.0"}"#, "ociVersion: version 2.0.0 is not supported (1.0.0 to 1.3.0)"),
        (#"{"ociVersion":"one"}"#, "ociVersion: \"one\" is not a version (MAJOR.MINOR.PATCH)"),
        (#"{"ociVersion":"1.0.0","root":{}}"#, "root: the required member \"path\" is missing"),
        (#"{"ociVersion":"1.0.0","mounts":[{"type":"proc"}]}"#, "mounts[0]: the required member \"destination\""),
        (#"{"process":{"cwd":"home"}}"#, "process.cwd: \"home\" is not an absolute path"),
        (#"{"process":{"user":{"uid":-1}}}"#, "process.user.uid: number out of range (0 to 4294967295)"),
        (#"{"process":{"user":{"uid":4294967296}}}"#, "process.user.uid: number out of range"),
        (#"{"process":{"oomScoreAdj":1001}}"#, "process.oomScoreAdj: 1001 is out of range (-1000 to 1000)"),
        (
            #"{"process":{"rlimits":[{"type":"RLIMIT_CPU","soft":1,"hard":1},{"type":"RLIMIT_X"}]}}"#,
            "process.rlimits[1].type: unknown"
        ),
        (#"{"process":{"rlimits":[{"soft":1}]}}"#, "process.rlimits[0]: the required member \"type\" is missing"),
        (
            #"{"process":{"rlimits":[{"type":"RLIMIT_CPU","soft":1}]}}"#,
            "process.rlimits[0]: the required member \"hard\" is missing"
        ),
        (#"{"process":{"args":["a",1]}}"#, "process.args[1]: expected a string, found a number"),
        (#"{"process":{"scheduler":{"policy":"SCHED_X"}}}"#, "process.scheduler.policy: unknown value \"SCHED_X\""),
        (#"{"process":{"ioPriority":{"class":"IOPRIO_CLASS_BE","priority":8}}}"#, "process.ioPriority.priority: 8 is"),
        (
            #"{"process":{"ioPriority":{"class":"IOPRIO_CLASS_BE"}}}"#,
            "process.ioPriority: the required member \"priority\""
        ),
        (#"{"process":{"terminal":"yes"}}"#, "process.terminal: expected a boolean, found a string"),
        (#"{"hooks":{"poststop":[{"path":"x"}]}}"#, "hooks.poststop[0].path: \"x\" is not an absolute path"),
        (#"{"hooks":{"prestart":[{"path":"/x","timeout":0}]}}"#, "hooks.prestart[0].timeout: 0 is out of range"),
        (
            #"{"linux":{"namespaces":[{"type":"pid"},{"type":"net"}]}}"#,
            "linux.namespaces[1].type: unknown value \"net\" (known: pid, network, mount, ipc, uts, user, cgroup, time)"
        ),
        (#"{"linux":{"namespaces":[{"type":"pid"},{"type":"pid"}]}}"#, "linux.namespaces[1]: the pid namespace stands"),
        (#"{"linux":{"namespaces":[{"type":"pid","path":"x"}]}}"#, "linux.namespaces[0].path: \"x\" is not"),
        (#"{"linux":{"rootfsPropagation":"up"}}"#, "linux.rootfsPropagation: unknown value \"up\""),
        (#"{"linux":{"timeOffsets":{"realtime":{}}}}"#, "linux.timeOffsets.realtime: unknown clock"),
        (#"{"linux":{"devices":[{"path":"/dev/x","type":"c"}]}}"#, "linux.devices[0]: the required member \"major\""),
        (#"{"linux":{"resources":{"devices":[{"access":"rx"}]}}}"#, "linux.resources.devices[0].access: \"rx\""),
        (#"{"linux":{"resources":{"memory":{"limit":1.5}}}}"#, "linux.resources.memory.limit: expected an integer"),
        (#"{"linux":{"resources":{"cpu":{"shares":-1}}}}"#, "linux.resources.cpu.shares: number out of range"),
        (#"{"linux":{"resources":{"blockIO":{"weight":70000}}}}"#, "linux.resources.blockIO.weight: number out of"),
        (#"{"linux":{"seccomp":{}}}"#, "linux.seccomp: the required member \"defaultAction\" is missing"),
        (#"{"linux":{"seccomp":{"defaultAction":"ALLOW"}}}"#, "linux.seccomp.defaultAction: unknown value"),
        (#"{"linux":{"seccomp":{"architectures":["SCMP_ARCH_Z80"]}}}"#, "linux.seccomp.architectures[0]: unknown"),
        (#"{"linux":{"seccomp":{"syscalls":[{"action":"SCMP_ACT_ALLOW"}]}}}"#, "linux.seccomp.syscalls[0]: the req"),
        (#"{"linux":{"seccomp":{"syscalls":[{"args":[{"index":6}]}]}}}"#, "linux.seccomp.syscalls[0].args[0].index: 6"),
        (#"{"linux":{"seccomp":{"syscalls":[{"args":[{"op":"EQ"}]}]}}}"#, "linux.seccomp.syscalls[0].args[0].op: unk"),
        (
            #"{"linux":{"seccomp":{"syscalls":[{"args":[{"index":1,"op":"SCMP_CMP_EQ"}]}]}}}"#,
            "linux.seccomp.syscalls[0].args[0]: the required member \"value\" is missing"
        ),
        (
            #"{"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","listenerMetadata":"m"}}}"#,
            "linux.seccomp: listenerMetadata needs a listenerPath"
        ),
        (
            #"{"linux":{"resources":{"blockIO":{"weightDevice":[{"major":8,"minor":0}]}}}}"#,
            "linux.resources.blockIO.weightDevice[0]: neither weight nor leafWeight is given"
        ),
        (
            #"{"linux":{"resources":{"blockIO":{"throttleReadBpsDevice":[{"minor":0,"rate":1}]}}}}"#,
            "linux.resources.blockIO.throttleReadBpsDevice[0]: the required member \"major\" is missing"
        ),
        (#"{"linux":{"personality":{"domain":"BSD"}}}"#, "linux.personality.domain: unknown value \"BSD\""),
        (#"{"ociVersion":"1.0.0"} x"#, "unexpected text after the value"),
    ])
    func errorsNameTheField(text: String, message: String) throws {
        let error = try #require(throws: JSONError.self) { try parse(text) }
        #expect(error.description.hasPrefix(message), "\(error)")
    }

    @Test func mutatedDocumentsNeverCrash() throws {
        let seed = Array(runtimeExample.utf8)
        var random = SystemRandomNumberGenerator()
        var accepted = 0
        for round in 0..<20_000 {
            var text = seed
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let at = Int.random(in: 0..<text.count, using: &random)
                switch round % 3 {
                case 0: text[at] = UInt8.random(in: 0...255, using: &random)
                case 1: text.remove(at: at)
                default: text[at] = Array("{}[]:,\"0-9nulltrue".utf8).randomElement(using: &random) ?? 0
                }
            }
            guard let document = try? RuntimeConfiguration(json: text) else { continue }
            accepted += 1
            #expect(try RuntimeConfiguration(json: document.json()) == document)
        }
        #expect(accepted > 0)
    }
}
