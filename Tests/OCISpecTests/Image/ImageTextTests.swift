import OCISpec
import Support
import Testing

/// Image documents that hako writes.
@Suite struct ImageTextTests {
    private let diffID = "sha256:" + String(repeating: "a", count: 64)

    @Test func whatIsWrittenIsReadBack() throws {
        var process = ImageConfiguration.Process()
        process.environment = ["A=b", "C=\"d\""]
        process.entrypoint = ["/e"]
        process.command = ["c", "d e"]
        process.workingFolder = "/w"
        process.user = "u:g"
        process.exposedPorts = ["80/tcp", "90/udp"]
        process.volumes = ["/v"]
        process.labels = ["l": "m", "b": "a"]
        process.stopSignal = "SIGINT"
        process.healthcheck = Array(#"{"Test":["NONE"]}"#.utf8)
        process.shell = ["/bin/bash", "-c"]
        process.onBuild = ["RUN x"]
        var step = ImageConfiguration.History()
        (step.created, step.createdBy, step.isEmptyLayer) = ("1980-01-01T00:00:00Z", "ENV A=b", true)
        let text = ImageConfiguration.text(
            platform: try Platform("linux/arm64/v8"), created: "1980-01-01T00:00:00Z", author: "me", process: process,
            diffIDs: [try Digest(diffID)], history: [step])
        let platform = try Platform("linux/arm64")
        let read = try ImageConfiguration(text)
        #expect(read.process == process && read.history == [step] && read.author == "me")
        #expect(read.diffIDs.map(\.description) == [diffID] && read.platform == platform)
        #expect(read.created == "1980-01-01T00:00:00Z")
    }

    @Test func whatIsEmptyIsLeftOut() throws {
        let text = ImageConfiguration.text(
            platform: try Platform("linux/amd64"), created: "", process: .init(), diffIDs: [], history: [])
        #expect(
            String(decoding: text, as: UTF8.self)
                == #"{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]},"history":[]}"#
        )
    }

    @Test func manifests() throws {
        let content = ContentDescriptor(mediaType: .ociConfiguration, digest: try Digest(diffID), size: 5)
        let layer = ContentDescriptor(mediaType: .ociLayerGzip, digest: try Digest(diffID), size: 7)
        let manifest = try Manifest(
            Manifest.text(configuration: content, layers: [layer, layer], annotations: ["a": "b"]))
        #expect(
            manifest.configuration == content && manifest.layers == [layer, layer] && manifest.annotations == ["a": "b"]
        )
    }
}
