import JSON
import OCISpec
import Testing

@Suite struct ContainerStateTests {
    @Test func roundTrip() throws {
        let state = ContainerState(
            id: "box-1", status: .running, pid: 4422, bundle: "/bundles/box", annotations: ["k": "v"])
        let text = String(decoding: state.json(), as: UTF8.self)
        #expect(
            text == """
                {"ociVersion":"1.3.0","id":"box-1","status":"running","pid":4422,"bundle":"/bundles/box",\
                "annotations":{"k":"v"}}
                """)
        #expect(try ContainerState(json: Array(text.utf8)) == state)
    }

    @Test func readsWhatOtherRuntimesPrint() throws {
        let text = """
            {"ociVersion": "1.0.2-dev", "id": "x", "pid": 0, "status": "stopped", "bundle": "/b",
             "rootfs": "/b/rootfs", "created": "2026-01-01T00:00:00Z", "owner": ""}
            """
        let state = try ContainerState(json: Array(text.utf8))
        #expect(state.status == .stopped)
        #expect(state.pid == 0)
    }

    @Test func unknownStatusIsNamed() throws {
        let error = try #require(throws: JSONError.self) {
            try ContainerState(json: Array(#"{"id":"x","status":"gone"}"#.utf8))
        }
        #expect(error.field == "status")
    }

    @Test func featuresAreJSON() throws {
        var features = RuntimeFeatures()
        features.seccompActions = ["SCMP_ACT_ALLOW"]
        features.cgroup = ["v1": true, "v2": true]
        var seen: [String] = []
        try JSONReader.document(features.json(indent: 2)) { reader in
            try reader.object { key, value in
                seen.append(key)
                try value.skip()
            }
        }
        #expect(seen == ["ociVersionMin", "ociVersionMax", "hooks", "mountOptions", "linux"])
    }
}
