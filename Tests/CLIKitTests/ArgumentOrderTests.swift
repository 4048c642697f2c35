import ArgumentParser
import Testing

@testable import CLIKit

@Suite struct ArgumentOrderTests {
    @Test(arguments: [
        ("run -it -v A:B IMAGE ls -l", "run -i -t --volume=A:B -- IMAGE ls -l"),
        ("run --rm IMAGE echo --rm -i --", "run --rm -- IMAGE echo --rm -i --"),
        ("--root /r --state=/s run IMAGE", "run --root=/r --state=/s -- IMAGE"),
        ("--runtime x ps -a", "ps --runtime=x -a"),
        ("run -eA=b -e=C=d -e E IMAGE", "run --env=A=b --env=C=d --env=E -- IMAGE"),
        ("run -itv A:B IMAGE", "run -i -t --volume=A:B -- IMAGE"),
        ("run -ituroot IMAGE", "run -i -t --user=root -- IMAGE"),
        ("run --memory-swap -1 -m 1g IMAGE", "run --memory-swap=-1 --memory=1g -- IMAGE"),
        ("run --name=x -- IMAGE -x", "run --name=x -- IMAGE -x"),
        ("run --unknown IMAGE", "run --unknown -- IMAGE"),
        ("run -x IMAGE", "run -x -- IMAGE"),
        ("run --memory", "run --memory"),
        ("run -e", "run -e"),
        ("run", "run"),
        ("--root", "--root"),
        ("rm -f a b", "rm -f a b"),
        ("spec -m 1g IMAGE -c x", "spec --memory=1g -- IMAGE -c x"),
    ])
    func normalized(written: String, expected: String) {
        let words = written.split(separator: " ").map(String.init)
        #expect(ArgumentOrder.normalized(words).joined(separator: " ") == expected)
    }

    @Test func emptyValuesStay() {
        #expect(
            ArgumentOrder.normalized(["run", "--entrypoint", "", "IMAGE", ""])
                == ArgumentOrder.normalized(["run", "--entrypoint=", "IMAGE", ""]))
        #expect(
            ArgumentOrder.normalized(["run", "--entrypoint", "", "IMAGE", ""]) == [
                "run", "--entrypoint", "", "--", "IMAGE", "",
            ])
    }

    /// The table of options with a value is the parser's: each is taken with one, and refused without.
    @Test func tableAgreesWithTheParser() throws {
        for name in ArgumentOrder.containerValues {
            #expect(throws: Never.self, "\(name)") { try RunCommand.parse(["--\(name)=1", "--", "IMAGE"]) }
            #expect(throws: (any Error).self, "\(name)") { try RunCommand.parse(["--\(name)"]) }
        }
        for flag in ["--rm", "-i", "-t", "--interactive", "--tty", "--read-only", "--privileged", "-q"] {
            #expect(throws: Never.self, "\(flag)") { try RunCommand.parse([flag, "--", "IMAGE"]) }
        }
    }
}
