import Foundation
import Testing

extension Integration.HakoRun {
    @Suite(.serialized) struct ImageCommands {
        /// A home with busybox as `localhost/busybox:latest`, from the layout: no registry is asked.
        private func home() throws -> HakoFixture {
            let hako = try HakoFixture()
            #expect(try hako.call(["pull", "-q", "oci:\(hako.images.folder)/busybox:latest"]).code == 0)
            return hako
        }

        private func inspect(_ hako: HakoFixture, _ name: String) throws -> Document {
            let told = try hako.call(["inspect", name])
            return try #require(Document(json: told.output)?.elements.first, "\(told)")
        }

        private func lists(_ hako: HakoFixture, _ options: [String]) throws -> [String] {
            try hako.call(["images", "--format", "{{.Repository}}:{{.Tag}}"] + options).lines.filter { !$0.isEmpty }
                .sorted()
        }

        @Test func `names are given, listed by filters and taken away`() throws {
            let hako = try home()
            defer { hako.finish() }
            for name in ["localhost/other:1", "registry.test/group/tool:2"] {
                #expect(try hako.call(["tag", "localhost/busybox", name]).code == 0)
            }
            #expect(
                try lists(hako, []) == ["localhost/busybox:latest", "localhost/other:1", "registry.test/group/tool:2"])
            #expect(try lists(hako, ["--filter", "reference=*/*/tool"]) == ["registry.test/group/tool:2"])
            #expect(try lists(hako, ["localhost/o*:1"]) == ["localhost/other:1"])
            #expect(try lists(hako, ["--filter", "dangling=true"]).isEmpty)
            #expect(try lists(hako, ["--filter", "label=nothing"]).isEmpty)
            #expect(try hako.call(["images", "--filter", "colour=red"]).errors.contains("colour"))
            let id = try #require(try inspect(hako, "localhost/other:1")["Id"].text)
            let several = try hako.call(["rmi", id])
            #expect(several.code == 1 && several.errors.contains("3 names"), "\(several)")
            let untagged = try hako.call(["rmi", "localhost/other:1"])
            #expect(untagged.text == "Untagged: localhost/other:1", "\(untagged)")
            let gone = try hako.call(["rmi", "-f", id])
            #expect(gone.output.contains("Deleted: \(id)"), "\(gone)")
            #expect(try lists(hako, []).isEmpty)
        }

        @Test func `an image with containers needs force`() throws {
            let hako = try home()
            defer { hako.finish() }
            #expect(try hako.call(["create", "--name", "box", "localhost/busybox", "true"]).code == 0)
            let refused = try hako.call(["rmi", "localhost/busybox"])
            #expect(refused.code == 1 && refused.errors.contains("container"), "\(refused)")
            #expect(try hako.call(["image", "prune", "-af"]).text == "Total reclaimed space: 0B")
            #expect(try hako.call(["rmi", "-f", "localhost/busybox"]).code == 0)
            // Its root still stands upon the layers.
            #expect(try hako.call(["start", "box"]).code == 0)
        }

        @Test func `saved images are loaded again, with their names and their ID`() throws {
            let hako = try home()
            defer { hako.finish() }
            let id = try #require(try inspect(hako, "localhost/busybox")["Id"].text)
            #expect(try hako.call(["tag", "localhost/busybox", "localhost/other:1"]).code == 0)
            let archive = hako.home + "/saved.tar"
            let saved = try hako.call(["save", "-o", archive, "localhost/busybox", "localhost/other:1"])
            #expect(saved.code == 0, "\(saved)")
            #expect(try hako.call(["rmi", "-f", id]).code == 0)
            let loaded = try hako.call(["load", "-q", "-i", archive])
            #expect(
                loaded.lines.sorted() == ["Loaded image: localhost/busybox:latest", "Loaded image: localhost/other:1"],
                "\(loaded)")
            #expect(try inspect(hako, "localhost/other:1")["Id"].text == id)
            // An image saved by its ID has no name.
            #expect(try hako.call(["save", "-o", archive, id]).code == 0)
            #expect(try hako.call(["rmi", "-f", id]).code == 0)
            #expect(try hako.call(["load", "-q", "-i", archive]).text == "Loaded image ID: \(id)")
            #expect(try hako.call(["images", "--filter", "dangling=true", "--no-trunc", "-q"]).text == id)
            #expect(try hako.call(["system", "check"]).code == 0)
        }

        @Test func `a damaged archive changes nothing`() throws {
            let hako = try home()
            defer { hako.finish() }
            let archive = hako.home + "/saved.tar"
            #expect(try hako.call(["save", "-o", archive, "localhost/busybox"]).code == 0)
            var bytes = try Data(contentsOf: URL(fileURLWithPath: archive))
            let place = try #require(bytes.range(of: Data("fs/".utf8)) ?? bytes.range(of: Data([0x1f, 0x8b])))
            bytes[place.lowerBound + 5000] ^= 0xff
            try bytes.write(to: URL(fileURLWithPath: archive))
            #expect(try hako.call(["rmi", "localhost/busybox"]).code == 0)
            let loaded = try hako.call(["load", "-q", "-i", archive])
            #expect(loaded.code == 1, "\(loaded)")
            #expect(try lists(hako, []).isEmpty)
            try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: archive))
            #expect(try hako.call(["load", "-q", "-i", archive]).code == 1)
            #expect(try hako.call(["system", "check"]).code == 0)
        }

        @Test func `a container is compared, exported and made an image`() throws {
            let hako = try home()
            defer { hako.finish() }
            let script = "echo new >/new; rm /etc/motd; rm -r /var/opaque; mkdir /var/opaque"
            #expect(try hako.call(["run", "--name", "box", "localhost/busybox", "sh", "-c", script]).code == 0)
            let changes = try hako.call(["diff", "box"]).lines
            for change in ["A /new", "C /etc", "D /etc/motd", "C /var/opaque"] {
                #expect(changes.contains(change), "\(changes)")
            }
            let commit = try hako.call([
                "commit", "-a", "me", "-m", "changed", "-c", "ENV WORD=said", "-c", #"CMD ["cat", "/new"]"#, "box",
                "localhost/changed:1",
            ])
            #expect(commit.code == 0, "\(commit)")
            #expect(try hako.call(["run", "--rm", "localhost/changed:1"]).text == "new")
            let ran = try hako.call(["run", "--rm", "localhost/changed:1", "sh", "-c", "echo $WORD; ls /etc/motd"])
            #expect(ran.lines.first == "said" && ran.errors.contains("/etc/motd"), "\(ran)")
            let steps = try hako.call([
                "history", "--no-trunc", "--format", "{{.Comment}} {{.ID}}", "localhost/changed:1",
            ])
            #expect(steps.lines.first == "changed \(commit.text)", "\(steps)")
            let root = hako.home + "/root.tar"
            #expect(try hako.call(["export", "-o", root, "box"]).code == 0)
            let names = try IntegrationTests.run(["tar", "-tf", root]).lines
            #expect(names.contains("new") && names.contains("bin/busybox") && !names.contains("etc/motd"))
            let imported = try hako.call(["import", "-c", "ENTRYPOINT [\"/bin/cat\"]", root, "localhost/root:1"])
            #expect(imported.text.hasPrefix("sha256:"), "\(imported)")
            #expect(try hako.call(["run", "--rm", "localhost/root:1", "/new"]).text == "new")
            #expect(try hako.call(["system", "check"]).code == 0)
        }

        @Test func `inspect prints docker's form, and any field of it`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            #expect(try hako.call(["pull", "-q", "oci:\(hako.images.folder)/configured:latest"]).code == 0)
            let image = try inspect(hako, "localhost/configured")
            #expect(image["RepoTags"].elements == ["localhost/configured:latest"])
            #expect(image["Config"]["WorkingDir"].text == "/home/user")
            #expect(image["RootFS"]["Layers"].elements.count >= 2)
            #expect(image["Os"].text == "linux")
            #expect(try hako.call(["create", "--name", "box", "-e", "A=B", "localhost/configured", "word"]).code == 0)
            let box = try inspect(hako, "box")
            #expect(box["Name"].text == "/box" && box["State"]["Status"].text == "created")
            #expect(box["Image"] == image["Id"])
            let format = #"{{.State.Running}} {{index .Config.Env 0 | json}} {{len .Args}}"#
            let told = try hako.call(["inspect", "-f", format, "box"])
            #expect(told.text.hasPrefix("false \""), "\(told)")
            #expect(try hako.call(["inspect", "-f", "{{.Nothing}}", "box"]).code == 1)
            #expect(try hako.call(["inspect", "--type", "image", "box"]).code == 1)
            #expect(try hako.call(["inspect", "nobody"]).errors.contains("no such object"))
        }

        @Test func `what takes the disk is told, pruned and checked`() throws {
            let hako = try home()
            defer { hako.finish() }
            #expect(
                try hako.call(["run", "--name", "box", "-v", "kept:/data", "localhost/busybox", "touch", "/data/f"])
                    .code == 0)
            let usage = try hako.call(["system", "df", "--format", "{{.Type}} {{.TotalCount}} {{.Active}}"])
            #expect(
                usage.lines == ["Images 1 1", "Containers 1 0", "Local Volumes 1 1", "Build Cache 0 0"], "\(usage)")
            #expect(try hako.call(["system", "df", "-v"]).output.contains("Unfinished downloads"))
            var refusing = Job.Options()
            refusing.input = "n\n"
            let refused = try hako.call(["system", "prune"], refusing)
            #expect(refused.code == 1 && refused.errors.contains("all stopped containers"), "\(refused)")
            #expect(try hako.call(["container", "prune", "-f", "--filter", "label=nothing"]).text.hasPrefix("Total"))
            let pruned = try hako.call(["system", "prune", "-af"])
            #expect(pruned.output.contains("Deleted Containers:"), "\(pruned)")
            #expect(pruned.output.contains("untagged: localhost/busybox:latest"))
            #expect(try hako.call(["volume", "prune", "-f"]).text.hasPrefix("Total"))
            #expect(try hako.call(["volume", "prune", "-af"]).output.contains("kept"))
            let left = try IntegrationTests.run(["find", hako.home + "/data/content/blobs", "-type", "f"])
            #expect(left.text.isEmpty, "\(left)")
        }

        @Test func `damage is found, and healed from where the image came`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            #expect(try hako.call(["pull", "-q", hako.busybox]).code == 0)
            // A name given here is not where it came from.
            #expect(try hako.call(["tag", hako.busybox, "localhost/mine:1"]).code == 0)
            #expect(try hako.call(["rmi", hako.busybox]).code == 0)
            let data = hako.home + "/data"
            let blobs = try IntegrationTests.run(["find", data + "/content/blobs", "-type", "f"]).lines
            for blob in blobs {
                let file = try #require(FileHandle(forUpdatingAtPath: blob))
                let byte = try #require(try file.read(upToCount: 1)?.first)
                try file.seek(toOffset: 0)
                try file.write(contentsOf: Data([byte ^ 0xff]))
                try file.close()
            }
            let layers = try IntegrationTests.run(["find", data + "/snapshots", "-path", "*/fs/bin/busybox"]).lines
            try "changed".write(toFile: try #require(layers.first), atomically: false, encoding: .utf8)
            let found = try hako.call(["system", "check"])
            #expect(found.code == 1 && found.output.contains("damaged"), "\(found)")
            let healed = try hako.call(["system", "check", "--repair"])
            #expect(healed.code == 0 && healed.output.contains("fetched again from \(hako.busybox)"), "\(healed)")
            let whole = try hako.call(["system", "check"])
            #expect(whole.code == 0 && whole.output.contains("all good"), "\(whole)")
            #expect(try hako.call(["run", "--rm", "localhost/mine:1", "cat", "/etc/motd"]).text == "second layer")
        }
    }

    @Suite(.serialized) struct Crashes {
        /// A part of dev/crash-test, for each run of the tests; all of XX        @Test(arguments: ["kill", "power", "errors"])
        func `the store outlives every crash tried`(mode: String) throws {
            let bin = (Machine.hako as NSString).deletingLastPathComponent
            let tried = try IntegrationTests.run(
                [Machine.package + "/dev/crash-test", bin, mode, "--work", "pull,replace", "--every", "23"],
                timeout: 900)
            #expect(tried.code == 0, "\(tried)")
        }
    }
}
