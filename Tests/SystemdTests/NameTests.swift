import Support
import Testing

@testable import Systemd

@Suite struct NameTests {
    @Test(
        arguments: [
            ("system.slice", "/system.slice"), ("a-b-c.slice", "/a.slice/a-b.slice/a-b-c.slice"), ("-.slice", ""),
            ("-", ""), ("user-1000.slice", "/user.slice/user-1000.slice"), ("a.b_c.slice", "/a.b_c.slice"),
        ]) func slicesBecomePaths(name: String, path: String) throws
    {
        #expect(try SliceName(name).path == path)
    }

    @Test(
        arguments: [
            "", ".slice", "a", "a.scope", "a--b.slice", "-a.slice", "a-.slice", "--.slice", "a/b.slice", "../a.slice",
            "a b.slice", "a\n.slice", "ä.slice", String(repeating: "x", count: 250) + ".slice",
        ]) func namesThatAreNoSlices(name: String)
    {
        let error = #expect(throws: RuntimeError.self) { try SliceName(name) }
        #expect(error?.code == .invalidArgument)
    }

    private func scope(_ path: String?, id: String = "c1", isUsers: Bool = false) throws -> [String] {
        let name = try ScopeName(cgroupsPath: path, id: id, isUsers: isUsers)
        return [name.slice.unit, name.unit, name.path]
    }

    @Test func scopesAreNamedAsByRunc() throws {
        #expect(try scope(nil) == ["system.slice", "hako-c1.scope", "/system.slice/hako-c1.scope"])
        #expect(try scope("") == scope(nil))
        #expect(try scope(nil, isUsers: true) == ["user.slice", "hako-c1.scope", "/user.slice/hako-c1.scope"])
        #expect(
            try scope("machine.slice:libpod:0123") == [
                "machine.slice", "libpod-0123.scope", "/machine.slice/libpod-0123.scope",
            ])
        #expect(try scope("a-b.slice:p:n")[2] == "/a.slice/a-b.slice/p-n.scope")
        #expect(try scope("::n") == ["system.slice", "-n.scope", "/system.slice/-n.scope"])
        #expect(try scope("-.slice:p:n")[2] == "/p-n.scope")
    }

    @Test(arguments: [
        "/a/b", "a:b", "a.slice:b:c:d", "system.slice:p:", "x:p:n", "system.slice:p:a/b", "system.slice:p:a+b",
    ])
    func pathsOfAnotherForm(path: String) {
        let error = #expect(throws: RuntimeError.self) { try scope(path) }
        #expect(error?.code == .invalidArgument && error?.message.contains("linux.cgroupsPath") == true)
    }

    @Test func aNameThatIsTooLongOrASlicesIsRefused() {
        #expect(throws: RuntimeError.self) { try scope(nil, id: String(repeating: "x", count: 300)) }
        let error = #expect(throws: RuntimeError.self) { try scope("system.slice:p:kubepods.slice") }
        #expect(error?.code == .unsupported)
    }
}
