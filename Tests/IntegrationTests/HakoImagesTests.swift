import Foundation
import Testing

extension Integration.HakoRun {
    @Suite(.serialized) struct Images {
        @Test func `an image is pulled, listed and removed`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            #expect(try hako.call(["images", "--quiet"]).text.isEmpty)
            let pulled = try hako.call(["pull", hako.busybox])
            #expect(pulled.code == 0, "\(pulled)")
            let listed = try hako.call(["images"])
            #expect(listed.output.contains(hako.busybox), "\(listed)")
            #expect(listed.output.contains("latest"))
            #expect(try hako.call(["pull", hako.busybox]).code == 0)
            #expect(try hako.call(["rmi", hako.busybox]).code == 0)
            #expect(try hako.call(["images", "--quiet"]).text.isEmpty)
            let again = try hako.call(["rmi", hako.busybox])
            #expect(again.code == 1, "\(again)")
            #expect(again.errors.contains("busybox"))
        }

        @Test func `removing the last image leaves no content`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            #expect(try hako.run([], "true").code == 0)
            #expect(try hako.call(["rmi", hako.busybox]).code == 0)
            let big = try IntegrationTests.run(
                ["find", hako.home, "-type", "f", "-size", "+100k", "-not", "-name", "metadata.db*"])
            #expect(big.text.isEmpty, "\(big)")
        }

        @Test func `whiteouts and opaque folders hide what is below`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            let outcome = try hako.run(
                [], "cat /etc/motd; ls /etc /var/opaque; stat -c %h /bin/sh; stat -c %a /tmp /root")
            #expect(outcome.lines.first == "second layer")
            #expect(!outcome.lines.contains("removed"))
            #expect(!outcome.lines.contains("below"))
            #expect(outcome.lines.contains("above"))
            #expect(outcome.lines.suffix(3) == ["2", "1777", "700"], "\(outcome)")
        }

        @Test(arguments: [
            ["--docker"], ["--docker", "--index"], ["--compression", "zstd"], ["--compression", "plain", "--index"],
            ["--compression", "zstd", "--index", "--docker"],
        ])
        func `every form of an image is pulled`(variant: [String]) throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            let folder = hako.home + "/registry"
            let registry = try TestImages.startRegistry(folder)
            defer { TestImages.stopRegistry(folder) }
            try TestImages.make([hako.home + "/made", "busybox", "--push", registry] + variant)
            let outcome = try hako.call(["run", "--rm", registry + "/busybox", "cat", "/etc/motd"])
            #expect(outcome.text == "second layer", "\(outcome)")
        }

        @Test func `an image comes from a layout folder and from an archive`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            for source in [
                "oci:\(hako.images.folder)/busybox:latest", "docker-archive:\(hako.images.folder)/busybox.tar",
            ] {
                let outcome = try hako.call(["run", "--rm", source, "cat", "/etc/motd"])
                #expect(outcome.text == "second layer", "\(source): \(outcome)")
            }
        }

        @Test func `an image is named by its digest`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            let index = Document(json: readText(hako.images.folder + "/busybox/index.json") ?? "")
            let digest = try #require(index?["manifests"].elements.first?["digest"].text)
            #expect(try hako.call(["run", "--rm", "\(hako.busybox)@\(digest)", "echo", "exact"]).text == "exact")
        }

        @Test func `a name that is none, a tag that is missing and a registry that is silent are told`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            let malformed = try hako.call(["pull", "UPPER//case"])
            #expect(malformed.code == 1, "\(malformed)")
            #expect(malformed.errors.contains("UPPER//case"))
            let untagged = try hako.call(["pull", hako.busybox + ":tomorrow"])
            #expect(untagged.code == 1, "\(untagged)")
            #expect(untagged.errors.contains("tomorrow"))
            let silent = try hako.call(["pull", "127.0.0.1:1/busybox"])
            #expect(silent.code == 1, "\(silent)")
            #expect(silent.errors.contains("127.0.0.1:1"))
        }

        @Test func `a blob that is not what its digest says is refused and not kept`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            let folder = hako.home + "/registry"
            let registry = try TestImages.startRegistry(folder)
            defer { TestImages.stopRegistry(folder) }
            try TestImages.make([hako.home + "/made", "busybox", "--push", registry])
            let blobs = try IntegrationTests.run(["find", folder + "/data", "-name", "data", "-size", "+500k"]).lines
            let blob = try #require(blobs.first)
            let file = try #require(FileHandle(forWritingAtPath: blob))
            try file.seek(toOffset: 1000)
            try file.write(contentsOf: Data("changed".utf8))
            try file.close()
            let outcome = try hako.call(["pull", registry + "/busybox"])
            #expect(outcome.code == 1, "\(outcome)")
            #expect(outcome.errors.contains("digest"), "\(outcome)")
            let kept = try IntegrationTests.run(["find", hako.home + "/data", "-type", "f", "-size", "+500k"])
            #expect(kept.text.isEmpty, "\(kept)")
            #expect(try hako.call(["images", "--quiet"]).text.isEmpty)
        }

        @Test func `a full disk is told and leaves no part behind`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            let disk = hako.home + "/data"
            try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
            #expect(try IntegrationTests.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", disk]).code == 0)
            let outcome = try hako.call(["pull", hako.busybox])
            let kept = try IntegrationTests.run(["find", disk, "-type", "f", "-size", "+100k"])
            #expect(try IntegrationTests.run(["umount", disk]).code == 0)
            #expect(outcome.code == 1, "\(outcome)")
            #expect(outcome.errors.lowercased().contains("no space left"), "\(outcome)")
            #expect(kept.text.isEmpty, "\(kept)")
        }
    }

    @Suite(.serialized) struct Telling {
        @Test func `spec prints the bundle's configuration and runs nothing`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            let outcome = try hako.call(["spec", "--memory", "64m", "-e", "A=1", hako.configured, "word"])
            let spec = try #require(Document(json: outcome.output), "\(outcome)")
            #expect(spec["process"]["user"]["uid"].number == 1000)
            #expect(spec["process"]["cwd"].text == "/home/user")
            #expect(spec["process"]["args"].elements.last?.text == "word")
            #expect(spec["process"]["env"].elements.contains("A=1"))
            #expect(spec["linux"]["resources"]["memory"]["limit"].number == 67_108_864)
            #expect(spec["linux"]["seccomp"]["defaultAction"].text == "SCMP_ACT_ERRNO")
            #expect(try hako.call(["ps", "--all", "--quiet"]).text.isEmpty)
        }

        @Test func `version and info are told`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            #expect(try hako.call(["version"]).output.lowercased().contains("hako"))
            let info = try hako.call(["info"])
            #expect(info.code == 0, "\(info)")
            #expect(info.output.contains(hako.home + "/data"), "\(info)")
        }

        @Test func `help and a command that doesn't exist`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            #expect(try hako.call(["--help"]).output.contains("run"))
            let unknown = try hako.call(["dance"])
            #expect(unknown.code != 0)
            #expect(unknown.errors.contains("dance"), "\(unknown)")
        }
    }
}
