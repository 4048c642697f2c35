import OCISpec
import Support
import Testing

@Suite struct ImageDocumentTests {
    @Test func indexOfAnOfficialImage() throws {
        let bytes = Array(ImageSamples.index.utf8)
        let index = try ImageIndex(bytes)
        #expect(index.mediaType == .ociIndex)
        #expect(index.manifests.count == 4)
        #expect(index.manifests[2].platform == Platform(os: "linux", architecture: "arm64"))
        #expect(index.manifests[0].size == 1022)
        #expect(index.raw == bytes)
    }

    @Test func manifestsOfBothKinds() throws {
        let docker = try Manifest(Array(ImageSamples.dockerManifest.utf8))
        #expect(docker.mediaType == .dockerManifest)
        #expect(docker.layers.map(\.mediaType.layerCompression) == [.gzip])
        #expect(docker.configuration.mediaType.isConfiguration)
        let oci = try Manifest(Array(ImageSamples.ociManifest.utf8))
        #expect(oci.layers.map(\.mediaType.layerCompression) == [.zstd])
        #expect(oci.annotations.count == 1)
    }

    @Test func configurationWithGoNulls() throws {
        let image = try ImageConfiguration(Array(ImageSamples.configuration.utf8))
        #expect(image.process.environment.count == 2)
        #expect(image.process.entrypoint == ["/docker-entrypoint.sh"])
        #expect(image.process.command == ["nginx", "-g", "daemon off;"])
        #expect(image.process.exposedPorts == ["443/tcp", "80/tcp"])
        #expect(image.process.volumes == ["/data"])
        #expect(image.process.user == "www-data:www-data")
        #expect(image.process.stopSignal == "SIGQUIT")
        #expect(image.process.healthcheck?.first == UInt8(ascii: "{"))
        #expect(image.diffIDs.count == 1)
        #expect(image.history.map(\.isEmptyLayer) == [false, true])
        #expect(image.platform.description == "linux/amd64")
    }

    @Test func nullsAndLoneStringsAreAccepted() throws {
        let text = """
            {"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":null},"history":null,
            "config":{"Env":null,"Cmd":"run me","Entrypoint":null,"Labels":null,"Volumes":null,"ExposedPorts":null,
            "Healthcheck":null,"User":null,"NewMember":{"a":[1]}}}
            """
        let image = try ImageConfiguration(Array(text.utf8))
        #expect(image.process.command == ["run me"])
        #expect(image.process.healthcheck == nil)
        let bare = try ImageConfiguration(
            Array(#"{"os":"linux","architecture":"arm64","config":null,"rootfs":{"diff_ids":[]}}"#.utf8))
        #expect(bare.process == ImageConfiguration.Process())
        let manifest =
            #"{"schemaVersion":2,"config":{"mediaType":"x","digest":"\#(ImageSamples.digest)","size":1},"layers":null}"#
        #expect(try Manifest(Array(manifest.utf8)).layers.isEmpty)
    }

    @Test(arguments: [
        (#"{"schemaVersion":1,"name":"a","fsLayers":[]}"#, "schema 1"),
        (#"{"schemaVersion":2,"layers":[]}"#, "no config"),
        (#"{"schemaVersion":2,"manifests":[],"layers":[]}"#, "must not have"),
        (#"{"schemaVersion":"2"}"#, "schemaVersion: expected an integer"),
        (
            #"{"schemaVersion":2,"config":{"mediaType":"x","digest":"sha256:xyz","size":1},"layers":[]}"#,
            "config.digest"
        ),
        (
            #"{"schemaVersion":2,"config":{"mediaType":"x","digest":"\#(ImageSamples.digest)","size":-1},"layers":[]}"#,
            "negative"
        ),
        (#"{"schemaVersion":2,"config":{"mediaType":"x","size":1},"layers":[]}"#, "without a digest"),
        (#"{"schemaVersion":2} x"#, "unexpected text"),
        ("", "end of the text"), ("[]", "expected an object"),
        (
            #"{"schemaVersion":2,"mediaType":"text/html","config":{"mediaType":"x","digest":"\#(ImageSamples.digest)","size":1},"layers":[]}"#,
            "mediaType is text/html"
        ),
    ])
    func badManifestsAreNamed(text: String, expected: String) throws {
        let error = try #require(throws: (any Error).self, "\(text)") { _ = try Manifest(Array(text.utf8)) }
        #expect("\(error)".contains(expected), "\(error)")
    }

    @Test func configurationsThatLieAreRefused() throws {
        for bad in [
            #"{"os":"linux","architecture":"amd64"}"#, #"{"architecture":"amd64","rootfs":{"diff_ids":[]}}"#,
            #"{"os":"linux","architecture":"a","rootfs":{"type":"zip","diff_ids":[]}}"#,
            #"{"os":"linux","architecture":"a","rootfs":{"diff_ids":["../x"]}}"#,
            #"{"os":"linux","architecture":"a","rootfs":{"diff_ids":[]},"config":{"Env":["A=\u0000"]}}"#,
            #"{"os":"linux","architecture":"a","rootfs":{"diff_ids":[]},"config":{"Env":{"A":"B"}}}"#,
        ] {
            #expect(throws: (any Error).self, "\(bad)") { _ = try ImageConfiguration(Array(bad.utf8)) }
        }
    }

    @Test func boundsHold() throws {
        let entry = #"{"mediaType":"x","digest":"\#(ImageSamples.digest)","size":1}"#
        let many = Array(repeating: entry, count: ImageDocumentLimits.layers + 1).joined(separator: ",")
        let text = #"{"schemaVersion":2,"config":\#(entry),"layers":[\#(many)]}"#
        let error = try #require(throws: (any Error).self) { _ = try Manifest(Array(text.utf8)) }
        #expect("\(error)".contains("more than 512 entries"))
        let long = [UInt8](repeating: 0x20, count: ImageDocumentLimits.manifestBytes + 1)
        let tooLong = try #require(throws: RuntimeError.self) { _ = try ImageIndex(long) }
        #expect(tooLong.code == .resourceExhausted)
    }

    @Test func descriptorsAreWrittenAsRead() throws {
        let index = try ImageIndex(Array(ImageSamples.index.utf8))
        let again = try ImageIndex(ImageIndex.text(index.manifests))
        #expect(again.manifests == index.manifests)
    }

    /// Any change of some bytes gives a document or an error, never a crash.
    @Test func mutatedDocumentsNeverCrash() throws {
        let seeds = [
            ImageSamples.index, ImageSamples.dockerManifest, ImageSamples.ociManifest, ImageSamples.configuration,
        ]
        .map { Array($0.utf8) }
        let pieces = [
            "null", "[]", "{}", "\"\"", "-1", "1e9", "99999999999999999999", "\\u0000", "{\"a\":", "]", "true",
        ]
        var random = SystemRandomNumberGenerator()
        var parsed = 0
        for round in 0..<24_000 {
            var text = seeds[round % seeds.count]
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<text.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: text[place] = UInt8.random(in: 0...255, using: &random)
                case 1: text.removeSubrange(place..<min(text.count, place + Int.random(in: 1...40, using: &random)))
                case 2: text.insert(contentsOf: Array((pieces.randomElement(using: &random) ?? "").utf8), at: place)
                default: text.insert(contentsOf: text[place..<min(text.count, place + 60)], at: place)
                }
                if text.isEmpty { text = [0x7b] }
            }
            if let index = try? ImageIndex(text) { parsed += 1; #expect(index.manifests.count <= 4096) }
            if let manifest = try? Manifest(text) { parsed += 1; #expect(manifest.layers.allSatisfy { $0.size >= 0 }) }
            if let image = try? ImageConfiguration(text) { parsed += 1; #expect(image.raw == text) }
        }
        #expect(parsed > 100)
    }
}
