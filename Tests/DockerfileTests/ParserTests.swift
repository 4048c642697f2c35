import Support
import Testing

@testable import Dockerfile

/// What Dockerfiles are read as.
@Suite struct ParserTests {
    private func parse(_ text: String) throws -> Dockerfile { try Dockerfile(Array(text.utf8)) }

    /// The instructions of the only stage.
    private func kinds(_ text: String) throws -> [Instruction.Kind] {
        try parse("FROM a\n" + text).stages[0].instructions.map(\.kind)
    }

    private static let forms: [(String, CommandForm)] = [
        ("RUN a \\\n  b", CommandForm.shell("a   b")),
        ("RUN a \\\n# comment\n\n  && b", .shell("a   && b")),
        ("RUN a \\  \n b", .shell("a  b")),
        ("run echo \\\\", .shell("echo \\\\")),
        ("RUN [\"a\", \"b c\"]", .exec(["a", "b c"])),
        ("RUN ['a', \"b\"]", .shell("['a', \"b\"]")),
        ("RUN [\"a\" \"b\"]", .shell("[\"a\" \"b\"]")),
        ("RUN a # b", .shell("a # b")),
        ("RUN\ta", .shell("a")),
        ("  RUN a\r\n", .shell("a")),
        ("RUN a \\", .shell("a")),
        ("RUN []", .exec([])),
    ]

    @Test(arguments: forms)
    func runForms(text: String, form: CommandForm) throws {
        #expect(try kinds(text) == [.run(RunInstruction(command: form))])
    }

    private static let lists: [(String, [(String, String)])] = [
        ("ENV a=b c=\"d e\" f=g\\ h", [("a", "b"), ("c", "\"d e\""), ("f", "g\\ h")]),
        ("ENV a b c", [("a", "b c")]),
        ("LABEL a.b=c \"d\"='e f'", [("a.b", "c"), ("\"d\"", "'e f'")]),
        ("LABEL a=b=c", [("a", "b=c")]),
    ]

    @Test(arguments: lists)
    func pairs(text: String, pairs: [(String, String)]) throws {
        let expected = pairs.map { Pair(name: $0.0, value: $0.1) }
        #expect(try kinds(text) == [text.hasPrefix("ENV") ? .environment(expected) : .labels(expected)])
    }

    @Test func everyInstruction() throws {
        let kinds = try kinds(
            """
            MAINTAINER Some One <one@example.org>
            CMD ["a"]
            ENTRYPOINT
            WORKDIR /a b
            USER a:b
            EXPOSE 80 90/udp
            VOLUME /a /b
            VOLUME ["/a b"]
            STOPSIGNAL SIGINT
            SHELL ["/bin/bash", "-c"]
            ARG a b=c
            HEALTHCHECK NONE
            HEALTHCHECK --interval=1m30s --timeout=2.5s --retries=3 CMD curl x
            ONBUILD RUN a
            COPY --chown=1:2 --chmod=755 --from=x --link a b c/
            ADD --checksum=sha256:0 ["a b", "c"]
            """)
        #expect(kinds.count == 16)
        #expect(kinds[2] == .entrypoint(.shell("")))
        #expect(kinds[3] == .workingFolder("/a b"))
        #expect(kinds[7] == .volumes(["/a b"]))
        #expect(kinds[10] == .arguments([.init(name: "a", value: nil), .init(name: "b", value: "c")]))
        guard case .healthcheck(let check) = kinds[12], case .copy(let copy) = kinds[14],
            case .copy(let add) = kinds[15]
        else { return #expect(Bool(false), "kinds") }
        #expect(check.interval == 90_000_000_000 && check.timeout == 2_500_000_000 && check.retries == 3)
        #expect(copy.sources == ["a", "b"] && copy.destination == "c/" && copy.owner == "1:2" && copy.mode == "755")
        #expect(copy.from == "x" && copy.isLinked && !copy.isAdd)
        #expect(add.sources == ["a b"] && add.isAdd && add.checksum == "sha256:0")
        #expect(kinds[13] == .onBuild("RUN a"))
    }

    @Test func hereDocuments() throws {
        let kinds = try kinds(
            """
            RUN <<EOF
            echo "$a" \\
            # no comment
            EOF
            RUN cat <<-'A' 3<<B
            \tone
            \tA
            two
            B
            COPY <<one <<"two" /x/
            1 $a
            one
            2 $a
            two
            RUN after
            """)
        #expect(kinds.count == 4)
        guard case .run(let first) = kinds[0], case .run(let second) = kinds[1], case .copy(let copy) = kinds[2] else {
            return #expect(Bool(false), "kinds")
        }
        #expect(first.heredocs.map(\.content) == ["echo \"$a\" \\\n# no comment\n"] && first.heredocs[0].expands)
        #expect(second.heredocs.map(\.content) == ["one\n", "two\n"])
        #expect(second.heredocs.map(\.descriptor) == ["", "3"] && !second.heredocs[0].expands)
        #expect(copy.heredocs.map(\.content) == ["1 $a\n", "2 $a\n"] && copy.heredocs.map(\.expands) == [true, false])
        #expect(copy.sources.isEmpty && copy.destination == "/x/")
    }

    @Test func directives() throws {
        let file = try parse("# syntax=docker/dockerfile:1\n# escape=`\nFROM a\nRUN b `\n  c\nCOPY C:\\x D:\\\n")
        #expect(file.directives == Directives(escape: "`", syntax: "docker/dockerfile:1"))
        #expect(file.stages[0].instructions.count == 2)
        // Behind a comment it is a comment too.
        #expect(try parse("# hello\n# escape=`\nFROM a").directives.escape == "\\")
        #expect(throws: DockerfileError.self) { try parse("# escape=x\nFROM a") }
        #expect(throws: DockerfileError.self) { try parse("# escape=`\n# escape=`\nFROM a") }
    }

    @Test func stages() throws {
        let file = try parse(
            "\u{feff}ARG V=1\nFROM --platform=$BUILDPLATFORM a:$V AS Base\nRUN x\nFROM base\nFROM scratch as last\n")
        #expect(file.arguments.map(\.argument) == [.init(name: "V", value: "1")])
        #expect(file.stages.map(\.name) == ["base", nil, "last"])
        #expect(file.stages.map(\.base) == ["a:$V", "base", "scratch"])
        #expect(file.stages[0].platform == "$BUILDPLATFORM" && file.stages[0].instructions.count == 1)
        #expect(file.stages[2].from.line == 5)
    }

    @Test func mounts() throws {
        guard
            case .run(let run) = try kinds(
                "RUN --mount=type=cache,id=a,target=/b,sharing=locked,mode=0700,uid=5 --mount=from=c,source=/d,dst=/e,rw "
                    + "--mount=type=secret,id=s,required --mount=type=tmpfs,target=/t,size=5m --network=none x")[0]
        else { return #expect(Bool(false), "kind") }
        #expect(run.mounts.map(\.kind) == [.cache, .bind, .secret, .tmpfs] && run.network == "none")
        #expect(run.mounts[0].sharing == .locked && run.mounts[0].mode == 0o700 && run.mounts[0].uid == 5)
        #expect(run.mounts[1].from == "c" && run.mounts[1].target == "/e" && run.mounts[1].isReadOnly == false)
        #expect(run.mounts[2].isRequired && run.mounts[3].size == 5 << 20)
    }

    @Test(arguments: [
        ("RNU x", 2, "unknown instruction \"RNU\": did you mean RUN?"),
        ("FORM x", 2, "did you mean FROM?"),
        ("xyzzy", 2, "known are FROM, RUN"),
        ("\n\nCOPY a", 4, "COPY takes one source at least and a destination"),
        ("COPY --form=x a b", 2, "COPY has no flag --form: did you mean --from?"),
        ("ADD --from=x a b", 2, "ADD has no flag --from"),
        ("ENV a", 2, "ENV a without a value"),
        ("ENV a=b c", 2, "\"c\" is not NAME=VALUE"),
        ("ENV a=${b:-c d}", 2, "\"d}\" is not NAME=VALUE"),
        ("ENV a=\"b", 2, "a \" without its end"),
        ("RUN <<E\nx", 2, "the here-document <<E has no line \"E\""),
        ("SHELL /bin/sh", 2, "SHELL takes a JSON list"),
        ("ONBUILD FROM x", 2, "ONBUILD FROM is not allowed"),
        ("ONBUILD RNU x", 2, "did you mean RUN?"),
        ("RUN --mount=type=chache,target=/x y", 2, "type \"chache\" is unknown: did you mean cache?"),
        ("RUN --mount=target y", 2, "target without a value"),
        ("HEALTHCHECK --interval=5 CMD x", 2, "no duration of 1ms or more"),
        ("HEALTHCHECK x", 2, "followed by CMD or NONE"),
        ("USER a b", 2, "USER takes one word, not 2"),
        ("FROM a b", 2, "FROM takes IMAGE, or IMAGE AS NAME"),
        ("FROM a AS 1x", 2, "stage name \"1x\""),
        ("FROM a AS b\nFROM a AS B", 3, "the name b is stage 1's already (line 2)"),
        ("RUN", 2, "RUN with nothing behind it"),
    ])
    func faults(text: String, line: Int, reason: String) {
        let error = #expect(throws: DockerfileError.self) { try parse("FROM a\n" + text) }
        #expect(error?.line == line)
        #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "")")
    }

    @Test func filesWithoutInstructions() {
        for text in ["", "# x\n", "ARG a", "RUN x\nFROM a", "FROM a\u{0}"] {
            #expect(throws: DockerfileError.self, "\(text)") { try parse(text) }
        }
        let big = [UInt8](repeating: 0x20, count: Dockerfile.fileBytes + 1)
        #expect(throws: DockerfileError.self) { try Dockerfile(big) }
    }

    @Test func theMarkStandsUnderTheWord() {
        let error = #expect(throws: DockerfileError.self) { try parse("FROM a\n  COPY --form=x a b") }
        #expect(
            error?.description == """
                Dockerfile:2: COPY has no flag --form: did you mean --from?
                   2 |   COPY --form=x a b
                     |        ^^^^^^
                """)
    }

    /// Changes of real text never crash, take long or say nothing.
    @Test func mutations() {
        let seed = Array(
            """
            # escape=\\
            ARG V=${X:-1}
            FROM --platform=$P a:${V%.*} AS b
            ENV a=$b c="d e" f='g' \\
              h=${i:+j}
            RUN --mount=type=cache,target=/x <<-"EOF" cat <<B
            \ttext
            \tEOF
            B
            COPY --from=b --chown=1:2 ["x y", "z"]
            HEALTHCHECK --interval=5s CMD ["x"]
            ONBUILD ADD <<E /y
            E
            LABEL "a b"=c EXPOSE
            """.utf8)
        var generator = SeededGenerator(state: 42)
        let pieces = [
            "\\\n", "<<", "${", "}", "\"", "'", "[", "]", "FROM ", "#", "--", "=", "\r\n", "\0", "$", "é", "EOF\n",
        ]
        for _ in 0..<20_000 {
            var text = seed
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let place = Int.random(in: 0...text.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0:
                    text.insert(
                        contentsOf: Array(pieces[.random(in: 0..<pieces.count, using: &generator)].utf8), at: place)
                case 1: text.removeSubrange(place..<min(text.count, place + Int.random(in: 0...20, using: &generator)))
                case 2 where place < text.count: text[place] = .random(in: 0...255, using: &generator)
                default: text.insert(contentsOf: text.prefix(place).suffix(30), at: place)
                }
            }
            do {
                let file = try Dockerfile(text)
                for instruction in file.stages.flatMap(\.instructions) {
                    _ = try? file.lexer.expandWords(instruction.text) { $0 == "a" ? nil : "x y" }
                }
            } catch let error as DockerfileError {
                #expect(!error.reason.isEmpty && error.line >= 0)
            } catch {
                Issue.record("\(error)")
            }
        }
    }
}

/// A generator that gives the same numbers each time.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
