import Support
import Testing

@testable import ContainerService

@Suite struct SpecificationMergeTests {
    var image: ContainerImage {
        var image = ContainerImage(reference: "r", identifier: "i", layers: [])
        image.entrypoint = ["/entry"]
        image.command = ["default"]
        image.environment = ["PATH=/x", "A=image"]
        image.workingFolder = "/work"
        image.user = "www"
        image.labels = ["a": "image", "b": "image"]
        image.stopSignal = "SIGQUIT"
        return image
    }

    @Test func imageFillsIn() throws {
        let merged = try ContainerSpecification(image: "r").merged(with: image)
        #expect(merged.arguments == ["/entry", "default"])
        #expect(merged.workingFolder == "/work")
        #expect(merged.user == "www")
        #expect(merged.stopSignal == "SIGQUIT")
        #expect(merged.environment == ["PATH=/x", "A=image"])
    }

    @Test(
        arguments: [
            (nil, ["arg"], ["/entry", "arg"]),
            (["/own"], [], ["/own"]),
            (["/own"], ["arg"], ["/own", "arg"]),
            ([], ["sh"], ["sh"]),
        ] as [([String]?, [String], [String])])
    func entrypointAndCommand(entrypoint: [String]?, command: [String], expected: [String]) throws {
        var specification = ContainerSpecification(image: "r")
        specification.entrypoint = entrypoint
        specification.command = command
        #expect(try specification.merged(with: image).arguments == expected)
    }

    @Test func ownWordsWin() throws {
        var specification = ContainerSpecification(image: "r")
        specification.environment = ["A=own", "B=2", "PATH"]
        specification.labels = ["b": "own"]
        specification.user = ""
        let merged = try specification.merged(with: image)
        #expect(merged.environment == ["A=own", "B=2"])
        #expect(merged.labels == ["a": "image", "b": "own"])
        #expect(merged.user == "")
    }

    @Test func whatCanNotBeUsedIsNamed() throws {
        let bare = ContainerImage(reference: "r", identifier: "i", layers: [])
        let changes: [(String, (inout ContainerSpecification) -> Void)] = [
            ("no command", { $0.command = [] }),
            ("working folder \"x\"", { $0.workingFolder = "x" }),
            ("hostname", { $0.hostname = String(repeating: "h", count: 65) }),
            ("stop signal \"SIGFOO\"", { $0.stopSignal = "SIGFOO" }),
            ("mount on \"data\"", { $0.mounts = [.init(source: .memory, destination: "data")] }),
            ("NUL", { $0.environment = ["A=\0"] }),
            ("memory limit of 1 bytes", { $0.limits.memory = 1 }),
        ]
        for (message, change) in changes {
            var specification = ContainerSpecification(image: "r")
            specification.command = ["sh"]
            change(&specification)
            let error = try #require(throws: RuntimeError.self) { try specification.merged(with: bare) }
            #expect(error.code == .invalidArgument)
            #expect(error.description.contains(message), "\(error)")
        }
    }

    @Test func names() throws {
        for good in ["box", "a1", "A_b.c-d"] { #expect(try ContainerNames.check(good) == good) }
        for bad in ["", "a", "-ab", "a/b", "a b", "../x", "é1", String(repeating: "a", count: 129)] {
            #expect(throws: RuntimeError.self, "\(bad)") { try ContainerNames.check(bad) }
        }
        #expect(ContainerStore.isIdentifier(ContainerNames.identifier()))
        #expect(try ContainerNames.check(ContainerNames.invent()).isEmpty == false)
    }
}
