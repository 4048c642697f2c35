import Foundation
import Testing

/// `hako build`, from outside.
@Suite(
    .enabled(if: Machine.isRoot, Machine.needsRoot),
    .enabled(if: Machine.hasHako && Machine.hasRuntime, Machine.needsPrograms), .serialized)
struct HakoBuildTests {
    /// A home and a context folder, which is removed at the end.
    private func withContext(
        _ files: [String: String], _ body: (HakoFixture, String) throws -> Void
    ) throws {
        let hako = try HakoFixture()
        defer { hako.finish() }
        let context = try makeTemporaryFolder("context")
        defer { try? FileManager.default.removeItem(atPath: context) }
        for (name, text) in files { try write(text, "\(context)/\(name)", hako) }
        try body(hako, context)
    }

    private func write(_ text: String, _ path: String, _ hako: HakoFixture) throws {
        let folder = (path as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let whole = text.replacingOccurrences(of: "BASE", with: hako.busybox)
        try whole.write(toFile: path, atomically: false, encoding: .utf8)
    }

    /// Builds; returns what it wrote to stderr, and the image's ID on stdout.
    @discardableResult
    private func build(_ hako: HakoFixture, _ context: String, _ flags: [String] = []) throws -> Outcome {
        let built = try hako.call(["build", "-t", "built", "--progress", "plain"] + flags + [context])
        #expect(built.code == 0, "\(built)")
        return built
    }

    private func cachedSteps(_ built: Outcome) -> Int { built.errors.components(separatedBy: "CACHED").count - 1 }

    @Test func aBuiltImageRuns() throws {
        try withContext([
            "Dockerfile":
                "FROM BASE\nWORKDIR /w\nCOPY a b/\nRUN cat b/a > c && echo done >> c\nENV E=v\nCMD cat c && echo $E\n",
            "a": "hello\n",
        ]) { hako, context in
            try build(hako, context)
            let ran = try hako.call(["run", "--rm", "--pull", "never", "built"])
            #expect(ran.lines == ["hello", "done", "v"], "\(ran)")
            #expect(try hako.call(["images"]).output.contains("built"))
        }
    }

    @Test func theCacheKnowsWhatCounts() throws {
        try withContext([
            "Dockerfile": "FROM BASE\nARG V=1\nCOPY a /a\nRUN echo $V > /v\nLABEL x=y\n", "a": "1\n",
        ]) { hako, context in
            let file = "\(context)/a"
            #expect(cachedSteps(try build(hako, context)) == 0)
            #expect(cachedSteps(try build(hako, context)) == 2)
            // A touch changes nothing.
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: file)
            #expect(cachedSteps(try build(hako, context)) == 2)
            // The mode does, and the step behind it stands upon another layer then.
            chmod(file, 0o755)
            #expect(cachedSteps(try build(hako, context)) == 0)
            #expect(cachedSteps(try build(hako, context, ["--build-arg", "V=2"])) == 1)
            try write("2\n", file, hako)
            #expect(cachedSteps(try build(hako, context)) == 0)
            #expect(cachedSteps(try build(hako, context, ["--no-cache"])) == 0)
            // What is set by the configuration alone leaves the steps as they are.
            try write(
                "FROM BASE\nLABEL z=1\nARG V=1\nCOPY a /a\nCMD x\nRUN echo $V > /v\n", "\(context)/Dockerfile", hako)
            #expect(cachedSteps(try build(hako, context)) == 2)
            #expect(try hako.call(["builder", "prune"]).code == 0)
            #expect(cachedSteps(try build(hako, context)) == 0)
        }
    }

    @Test func theSameFilesGiveTheSameImage() throws {
        let files = [
            "Dockerfile":
                "FROM BASE\nCOPY . /all\nRUN date > /dev/null; mkdir /made && echo x > /made/x\nRUN touch /made/y\n",
            "one": "1\n", "two/three": "3\n",
        ]
        var images: [String] = []
        for _ in 0..<2 {
            try withContext(files) { hako, context in
                images.append(try build(hako, context).text)
                images.append(try build(hako, context, ["--no-cache"]).text)
            }
        }
        #expect(images.count == 4 && Set(images).count == 1, "\(images)")
    }

    @Test func stagesThatAreNotNeededAreNotBuilt() throws {
        try withContext([
            "Dockerfile": """
            FROM BASE AS broken
            RUN exit 5
            FROM BASE AS one
            RUN sleep 0.3; echo 1 > /one
            FROM BASE AS two
            RUN sleep 0.3; echo 2 > /two
            FROM scratch
            COPY --from=one /one /
            COPY --from=two /two /
            """
        ]) { hako, context in
            let built = try build(hako, context, ["-o", "\(context)/out"])
            #expect(!built.errors.contains("exit 5"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(context)/out").sorted() == ["one", "two"])
        }
    }

    @Test(arguments: [
        ("FROM BASE\nRNU x\n", ["Dockerfile:2", "did you mean RUN?", "^^^"]),
        ("FROM BASE\nRUN exit 7\n", ["Dockerfile:2", "exit 7", "non-zero code: 7"]),
        ("FROM BASE\nCOPY missing /\n", ["Dockerfile:2", "\"missing\": not in the build context"]),
        ("FROM BASE\nCOPY ../../etc/passwd /x\n", ["Dockerfile:2", "not in the build context"]),
        ("FROM BASE\nRUN --mount=type=secret,id=s,required true\n", ["the secret \"s\" was not given"]),
        ("FROM BASE\nENV a=\"${b?say why}\"\n", ["Dockerfile:2", "say why"]),
        ("FROM BASE\nCOPY --chown=nobodyknows a /\n", ["nobodyknows"]),
        ("FROM BASE\nUSER nobodyknows\nRUN true\n", ["Dockerfile:3", "nobodyknows"]),
    ])
    func faultsNameTheirLine(dockerfile: String, words: [String]) throws {
        try withContext(["Dockerfile": dockerfile, "a": "a"]) { hako, context in
            let built = try hako.call(["build", "--progress", "plain", context])
            #expect(built.code == 1)
            for word in words { #expect(built.errors.contains(word), "\(built)") }
        }
    }

    @Test func secretsReachNoLayer() throws {
        try withContext([
            "Dockerfile":
                "FROM BASE\nRUN --mount=type=secret,id=s --mount=type=secret,id=s,env=S wc -c < /run/secrets/s > /n; echo -n $S | wc -c >> /n\n",
            "secret": "hush-hush-very-secret",
        ]) { hako, context in
            try build(hako, context, ["--secret", "id=s,src=\(context)/secret", "-o", "\(context)/out"])
            #expect(readText("\(context)/out/n") == "21\n21\n")
            let found = try run(["grep", "-rl", "hush-hush-very-secret", hako.home])
            #expect(found.code == 1, "\(found)")
        }
    }

    @Test func cacheMountsStay() throws {
        try withContext([
            "Dockerfile": "FROM BASE\nARG N\nRUN --mount=type=cache,target=/c echo $N >> /c/all && cp /c/all /all\n"
        ]) { hako, context in
            try build(hako, context, ["--build-arg", "N=1"])
            try build(hako, context, ["--build-arg", "N=2", "-o", "\(context)/out"])
            #expect(readText("\(context)/out/all") == "1\n2\n")
            #expect(readText("\(context)/out/c/all") == nil)
        }
    }

    @Test func hereDocuments() throws {
        try withContext([
            "Dockerfile": """
            FROM BASE
            ENV WHO=me
            RUN <<EOF
            echo one > /x
            echo "$WHO" >> /x
            EOF
            RUN cat <<'A' >> /x
            $WHO stays
            A
            RUN <<EOF
            #!/bin/busybox sh
            echo "$0" >> /x
            EOF
            COPY <<first <<"second" /d/
            $WHO is
            first
            $WHO is not
            second
            """
        ]) { hako, context in
            try build(hako, context, ["-o", "\(context)/out"])
            #expect(readText("\(context)/out/x") == "one\nme\n$WHO stays\n/dev/build-script\n")
            #expect(readText("\(context)/out/d/first") == "me is\n")
            #expect(readText("\(context)/out/d/second") == "$WHO is not\n")
        }
    }

    @Test func contextsFromTheStandardInput() throws {
        try withContext(["Dockerfile": "FROM BASE\nCOPY a /a\n", "a": "1\n"]) { hako, context in
            var options = Job.Options()
            options.input = "FROM \(hako.busybox)\nRUN echo 1 > /x\n"
            let built = try hako.call(["build", "-q", "-"], options)
            #expect(built.code == 0, "\(built)")
            options.input = "FROM \(hako.busybox)\nCOPY a /b\n"
            #expect(try hako.call(["build", "-q", "-f", "-", context], options).code == 0)
            let piped = try run(
                [
                    "sh", "-c",
                    "tar -C \(context) -cz . | HAKO_ROOT=\(hako.home)/data HAKO_STATE=\(hako.home)/state \(Machine.hako) build -q -",
                ])
            #expect(piped.code == 0, "\(piped)")
        }
    }

    @Test func linksInAContextLeadNowhereElse() throws {
        try withContext(["Dockerfile": "FROM BASE\nCOPY link/passwd /x\n"]) { hako, context in
            try FileManager.default.createSymbolicLink(atPath: "\(context)/link", withDestinationPath: "/etc")
            let built = try hako.call(["build", "-q", context])
            #expect(built.code == 1 && built.errors.contains("not in the build context"), "\(built)")
        }
    }

    @Test func aBuildThatIsInterruptedLeavesNothing() throws {
        try withContext(["Dockerfile": "FROM BASE\nRUN echo begun; sleep 100\n"]) { hako, context in
            let job = try hako.start(["build", "--progress", "plain", context])
            #expect(eventually(within: 30) { job.errors.contains("begun\n") })
            kill(job.pid, SIGTERM)
            let ended = job.wait(timeout: 20)
            #expect(ended.code == 1 && ended.errors.contains("cancelled"), "\(ended)")
        }
    }

    @Test func aKilledBuildIsCleanedUpByTheNext() throws {
        try withContext(["Dockerfile": "FROM BASE\nRUN echo begun; sleep 100\n", "other": "FROM BASE\nRUN true\n"]) {
            hako, context in
            let job = try hako.start(["build", "--progress", "plain", context])
            #expect(eventually(within: 30) { job.errors.contains("begun\n") })
            kill(job.pid, SIGKILL)
            _ = job.wait(timeout: 20)
            try build(hako, context, ["-f", "\(context)/other"])
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(hako.home)/state/builds").isEmpty)
        }
    }
}
