import ContentStore
import OCISpec
import Support
import Testing

@testable import RegistryClient

@Suite struct ListTests {
    func ask<T>(
        _ answer: @escaping FaultyServer.Answer, _ body: (RegistryClient, ImageReference) async throws -> T
    ) async throws -> (T, [SeenRequest]) {
        let server = try FaultyServer(answer)
        defer { server.stop() }
        var options = RegistryOptions.patient
        options.backOff = 0.01
        options.attempts = 2
        let client = TestClients.keep(RegistryClient(options: options))
        do {
            let result = try await body(client, try ImageReference("127.0.0.1:\(server.port)/a/b:1"))
            await client.shutdown()
            return (result, server.requests)
        } catch {
            await client.shutdown()
            throw error
        }
    }

    @Test func tagsComeInPages() async throws {
        let (tags, requests) = try await ask({ request, connection in
            switch request.path {
            case "/v2/a/b/tags/list?n=1000":
                connection.reply(
                    "200 OK", Array(#"{"name":"a/b","tags":["1","2"]}"#.utf8),
                    ["Link: </v2/a/b/tags/list?last=2&n=1000>; rel=\"next\""])
            case "/v2/a/b/tags/list?last=2&n=1000":
                connection.reply("200 OK", Array(#"{"name":"a/b","tags":["3"]}"#.utf8))
            default: connection.reply("404 Not Found")
            }
        }) { client, reference in try await client.tags(of: reference) }
        #expect(tags == ["1", "2", "3"])
        #expect(requests.count == 2)
        let (none, _) = try await ask({ _, connection in
            connection.reply("200 OK", Array(#"{"name":"a/b","tags":null}"#.utf8))
        }) { client, reference in try await client.tags(of: reference) }
        #expect(none.isEmpty)
    }

    @Test(arguments: [
        ("</v2/a/b/tags/list?last=1>; rel=\"next\"", "runs in a circle"),
        ("<http://127.0.0.2/v2/a/b/tags/list>; rel=next", "goes on at another host (127.0.0.2)"),
    ])
    func listsThatLeadAstrayEnd(link: String, part: String) async throws {
        let error = await #expect(throws: RuntimeError.self) {
            _ = try await ask({ _, connection in
                connection.reply("200 OK", Array(#"{"tags":["1"]}"#.utf8), ["Link: \(link)"])
            }) { client, reference in try await client.tags(of: reference) }
        }
        #expect(error?.description.contains(part) == true, "\(error.map(\.description) ?? "")")
    }

    @Test func manifestsAreDescribed() async throws {
        let digest = try ContentHash.digest(of: [1])
        let (found, requests) = try await ask({ request, connection in
            if request.path.hasSuffix("/none") { return connection.reply("404 Not Found") }
            connection.head(
                "200 OK",
                ["Content-Length: 7", "Docker-Content-Digest: \(digest)", "Content-Type: \(MediaType.ociIndex); x=y"])
        }) { client, reference in
            (try await client.describe(reference), try await client.describe(reference.tagged("none")))
        }
        #expect(found.0 == ContentDescriptor(mediaType: .ociIndex, digest: digest, size: 7))
        #expect(found.1 == nil)
        #expect(requests.allSatisfy { $0.method == "HEAD" && $0.headers["accept"] != nil })
    }

    func artifact(_ subject: Digest, _ type: String) -> [UInt8] {
        Array(
            #"{"schemaVersion":2,"mediaType":"\#(MediaType.ociManifest)","artifactType":"\#(type)","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[],"subject":{"mediaType":"\#(MediaType.ociManifest)","digest":"\#(subject)","size":1},"annotations":{"k":"\#(type)"}}"#
                .utf8)
    }

    @Test func referrersOfTheRegistry() async throws {
        let subject = try ContentHash.digest(of: [1])
        let all = [Referrer(ContentDescriptor(mediaType: .ociManifest, digest: subject, size: 3), artifactType: "sig")]
        let (found, requests) = try await ask({ request, connection in
            connection.reply("200 OK", Referrer.text(all), ["Content-Type: \(MediaType.ociIndex)"])
        }) { client, reference in
            (
                try await client.referrers(of: subject, in: reference),
                try await client.referrers(of: subject, in: reference, artifactType: "other")
            )
        }
        #expect(found.0 == all && found.1.isEmpty)
        #expect(
            requests.map(\.path) == [
                "/v2/a/b/referrers/\(subject)", "/v2/a/b/referrers/\(subject)?artifactType=other",
            ])
    }

    @Test func referrersUnderTheTag() async throws {
        let subject = try ContentHash.digest(of: [1])
        let kept = UploadState()
        let put = Texts()
        let (lists, _) = try await ask({ [self] request, connection in
            let tag = "sha256-\(subject.hex)"
            switch (request.method, request.path) {
            case ("PUT", "/v2/a/b/manifests/\(tag)"):
                kept.clear()
                kept.append(request.body)
                connection.reply("201 Created")
            case ("PUT", _):
                put.add(request.path)
                connection.reply("201 Created")
            case ("GET", "/v2/a/b/manifests/\(tag)") where !kept.all.isEmpty:
                connection.reply("200 OK", kept.all, ["Content-Type: \(MediaType.ociIndex)"])
            case ("GET", _) where request.path.contains("manifests/sha256:"):
                connection.reply("200 OK", artifact(subject, "one"), ["Content-Type: \(MediaType.ociManifest)"])
            case ("DELETE", _): connection.reply("202 Accepted")
            default: connection.reply("404 Not Found")
            }
        }) { client, reference in
            let none = try await client.referrers(of: subject, in: reference)
            for type in ["one", "two", "one"] {
                try await client.putManifest(self.artifact(subject, type), .ociManifest, to: reference)
            }
            let both = try await client.referrers(of: subject, in: reference)
            let first = try ContentHash.digest(of: self.artifact(subject, "one"))
            try await client.deleteManifest(reference.at(first))
            return (none, both, try await client.referrers(of: subject, in: reference))
        }
        #expect(lists.0.isEmpty)
        #expect(Set(lists.1.map(\.artifactType)) == ["one", "two"] && lists.1.count == 2)
        #expect(lists.1.allSatisfy { $0.descriptor.annotations == ["k": $0.artifactType] })
        #expect(lists.2.map(\.artifactType) == ["two"])
        #expect(put.all.count == 3)
    }

    @Test func registriesThatDontDeleteSaySo() async throws {
        let digest = try ContentHash.digest(of: [1])
        let error = await #expect(throws: RuntimeError.self) {
            _ = try await ask({ _, connection in connection.reply("405 Method Not Allowed") }) { client, reference in
                try await client.deleteBlob(digest, of: reference)
            }
        }
        #expect(error?.code == .unsupported)
    }
}
