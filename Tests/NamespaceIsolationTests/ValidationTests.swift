import NamespaceIsolation
import OCISpec
import Support
import Testing

@Suite struct ValidationTests {
    /// A configuration that passes, changed by the caller.
    func error(_ change: (inout RuntimeConfiguration) -> Void) -> String? {
        var configuration = RuntimeConfiguration()
        configuration.root = RuntimeConfiguration.Root(path: "rootfs")
        configuration.process = RuntimeConfiguration.Process(args: ["sh"])
        var linux = RuntimeConfiguration.Linux()
        linux.namespaces = [.mount, .pid, .uts].map { RuntimeConfiguration.Namespace(type: $0) }
        configuration.linux = linux
        change(&configuration)
        do {
            try NamespaceIsolation().validate(configuration)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func aPlainConfigurationPasses() {
        #expect(error { _ in } == nil)
        #expect(error { $0.hostname = "box" } == nil)
    }

    @Test func eachFaultNamesItsField() {
        #expect(error { $0.process = nil } == nil, "only its start is an error")
        #expect(error { $0.root = nil }?.hasPrefix("root:") == true)
        #expect(error { $0.process?.args = [] }?.hasPrefix("process.args:") == true)
        #expect(error { $0.process?.cwd = "relative" }?.hasPrefix("process.cwd:") == true)
        #expect(error { $0.linux?.namespaces = [] }?.hasPrefix("linux.namespaces:") == true)
        #expect(error { $0.linux?.namespaces.append(.init(type: .pid)) }?.hasPrefix("linux.namespaces[3]:") == true)
        #expect(error { $0.linux?.namespaces.append(.init(type: .user)) }?.hasPrefix("linux.uidMappings") == true)
        #expect(error { $0.process?.selinuxLabel = "x" }?.hasPrefix("process.selinuxLabel") == true)
        #expect(error { $0.linux?.mountLabel = "x" }?.hasPrefix("linux.mountLabel") == true)
        #expect(
            error {
                $0.linux?.namespaces.removeLast()
                $0.hostname = "x"
            }?.hasPrefix("hostname:") == true)
    }

    @Test func sysctlsStayInTheContainersNamespaces() {
        for (key, fits) in [
            ("kernel.domainname", true), ("net.ipv4.ip_forward", false), ("kernel.shmmax", false),
            ("vm.swappiness", false),
            ("kernel.core_pattern", false), ("net/../kernel/core_pattern", false), ("kernel", false),
        ] {
            let message = error { $0.linux?.sysctl = [key: "1"] }
            #expect((message == nil) == fits, "\(key): \(message ?? "accepted")")
            if !fits { #expect(message?.hasPrefix("linux.sysctl.\(key):") == true) }
        }
        #expect(error { $0.linux?.sysctl = ["kernel.hostname": "x"] }?.contains("conflicts with the field") == true)
        #expect(
            error {
                $0.domainname = "x"
                $0.linux?.sysctl = ["kernel.domainname": "y"]
            }?.contains("conflicts with the field") == true)
        #expect(
            error {
                $0.domainname = "x"
                $0.linux?.sysctl = ["kernel.domainname": "x"]
            } == nil)
        #expect(
            error {
                $0.linux?.namespaces.append(.init(type: .network))
                $0.linux?.sysctl = ["net.ipv4.ip_forward": "1"]
            } == nil)
    }
}
