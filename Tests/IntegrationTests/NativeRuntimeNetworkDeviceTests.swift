import Foundation
import Testing

extension Integration.NativeRuntime {
    /// `linux.netDevices` (config-linux.md, Network Devices), with pairs of virtual devices.
    @Suite(.serialized, .enabled(if: Machine.canMakeNetworkDevices, "needs iproute2 and a runtime with netDevices"))
    struct NetworkDevices {
        /// A pair of devices that is gone with this value, wherever its ends are.
        private final class Pair {
            let (one, other) = ("hk\(UInt32.random(in: 0...9_999_999))a", "hk\(UInt32.random(in: 0...9_999_999))b")

            init() throws { try ip("link add \(one) type veth peer name \(other)") }
            deinit { try? ip("link del \(other)") }
        }

        private static func ip(_ words: String) throws {
            let outcome = try run(["ip"] + words.split(separator: " ").map(String.init))
            guard outcome.code == 0 else { throw HarnessError("ip \(words): \(outcome)") }
        }

        private func isHere(_ name: String) -> Bool {
            FileManager.default.fileExists(atPath: "/sys/class/net/\(name)")
        }

        @Test(.requirement("linux.netDevices.available", "linux.netDevices.addresses", "linux.netDevices.up"))
        func `a device comes with its addresses and is up`() throws {
            let pair = try Pair()
            try Self.ip("address add 10.213.7.1/24 dev \(pair.one)")
            try Self.ip("address add fd00:213::1/64 dev \(pair.one) nodad")
            try Self.ip("link set \(pair.one) mtu 1400")
            try Self.ip("link set \(pair.other) up")
            let container = try RuntimeFixture("ip -o address show dev inner0; ip link show dev inner0")
            defer { container.finish() }
            container.config["linux"]["netDevices"] = .object([pair.one: ["name": "inner0"]])
            let outcome = try container.run()
            #expect(outcome.code == 0, "\(outcome)")
            #expect(outcome.output.contains("10.213.7.1/24") && outcome.output.contains("fd00:213::1/64"), "\(outcome)")
            #expect(outcome.output.contains("mtu 1400") && outcome.output.contains(",UP"), "\(outcome)")
        }

        @Test func `a device keeps its name and is the container's only`() throws {
            let pair = try Pair()
            let container = try RuntimeFixture("sleep 600")
            defer { container.finish() }
            container.config["linux"]["netDevices"] = .object([pair.one: [:]])
            _ = try container.startContainer()
            #expect(!isHere(pair.one) && isHere(pair.other))
            let outcome = try container.call(["exec", container.id, "ls", "/sys/class/net"])
            #expect(outcome.lines.contains(pair.one), "\(outcome)")
        }

        @Test func `a container that does not come to be gives its devices back`() throws {
            let pair = try Pair()
            try Self.ip("address add 10.213.8.1/24 dev \(pair.one)")
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            container.config["linux"]["netDevices"] = .object([pair.one: ["name": "inner0"]])
            container.config["process"]["args"] = ["/not/there"]
            let outcome = try container.run()
            #expect(outcome.code == 1, "\(outcome)")
            #expect(isHere(pair.one))
            let addresses = try run(["ip", "-o", "address", "show", "dev", pair.one]).output
            #expect(addresses.contains("10.213.8.1/24"), "\(addresses)")
        }

        @Test(.requirement("linux.netDevices.taken")) func `what can't be moved is refused by name`() throws {
            let pair = try Pair()
            for (devices, hasNetwork) in [
                (["nosuchdev0": [:]], true), ([pair.one: ["name": "a/b"]], true), ([pair.one: ["name": "lo"]], true),
                ([pair.one: ["name": "x"], pair.other: ["name": "x"]], true), ([pair.one: [:]], false),
            ] as [([String: Document], Bool)] {
                let container = try RuntimeFixture("echo up")
                defer { container.finish() }
                container.config["linux"]["netDevices"] = .object(devices)
                if !hasNetwork {
                    container.config["linux"]["namespaces"].elements.removeAll { $0["type"] == "network" }
                }
                let outcome = try container.run()
                #expect(outcome.code == 1 && outcome.output.isEmpty, "\(devices) \(outcome)")
                #expect(outcome.errors.contains("linux.netDevices."), "\(outcome)")
                #expect(isHere(pair.one) && isHere(pair.other))
            }
        }

        @Test(.requirement("linux.netDevices.template")) func `a template gets a number from the kernel`() throws {
            let (first, second) = (try Pair(), try Pair())
            let container = try RuntimeFixture("ls /sys/class/net")
            defer { container.finish() }
            container.config["linux"]["netDevices"] = .object([
                first.one: ["name": "inner%d"], second.one: ["name": "inner%d"],
            ])
            let outcome = try container.run()
            #expect(Set(outcome.lines).isSuperset(of: ["inner0", "inner1"]), "\(outcome)")
        }

        @Test(.requirement("linux.netDevices.own")) func `what the container does to its device stays`() throws {
            let pair = try Pair()
            let container = try RuntimeFixture("ip link set inner0 down mtu 1300; echo done; sleep 600")
            defer { container.finish() }
            container.config["linux"]["netDevices"] = .object([pair.one: ["name": "inner0"]])
            container.config["process"]["capabilities"] = Bundle.capabilities(["CAP_NET_ADMIN"])
            let job = try container.startContainer()
            #expect(eventually { job.output == "done\n" }, "\(job.output) \(job.errors)")
            #expect(container.status == "running")
            let shown = try container.call(["exec", container.id, "ip", "link", "show", "inner0"]).output
            #expect(shown.contains("mtu 1300") && !shown.contains(",UP"), "\(shown)")
        }

        @Test(.requirement("linux.netDevices.not-back")) func `a device stays in a namespace that lives on`() throws {
            let (pair, name) = (try Pair(), "hako-test-\(UInt32.random(in: .min ... .max))")
            try Self.ip("netns add \(name)")
            defer { try? Self.ip("netns del \(name)") }
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            container.config["linux"]["netDevices"] = .object([pair.one: ["name": "inner0"]])
            container.config["linux"]["namespaces"].elements.removeAll { $0["type"] == "network" }
            container.config["linux"]["namespaces"].elements.append([
                "type": "network", "path": "/run/netns/\(name)",
            ])
            #expect(try container.run().code == 0)
            #expect(container.status == nil && !isHere(pair.one))
            try Self.ip("-n \(name) link show inner0")
        }
    }
}

extension Machine {
    /// Virtual devices can be made, and the runtime under test says that it moves them.
    static let canMakeNetworkDevices: Bool = {
        guard isRoot, program("ip") != nil, let outcome = try? run([runtime, "features"]) else { return false }
        return Document(json: outcome.output)?["linux"]["netDevices"]["enabled"] == .boolean(true)
    }()
}
