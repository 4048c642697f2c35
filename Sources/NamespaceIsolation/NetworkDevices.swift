internal import CLinux
internal import Glibc
internal import Linux
internal import Netlink
internal import OCISpec
internal import Support

/// `linux.netDevices`: devices that leave the runtime's network namespace for the container's, with their permanent
/// global addresses, and are up there (config-linux.md, Network Devices). The runtime's process moves them, and is in
/// the container's network namespace meanwhile: it must have one thread.
final class NetworkDevices {
    private struct Move {
        let outside: String
        let inside: String
        let wasUp: Bool
    }

    private let wanted: [(outside: String, inside: String)]
    private let home: SharedDescriptor
    private var away: SharedDescriptor?
    private var moved: [Move] = []

    /// Nil where there are none. Throws where a device is not there.
    init?(_ devices: [String: RuntimeConfiguration.NetworkDevice]) throws {
        if devices.isEmpty { return nil }
        wanted = devices.sorted { $0.key < $1.key }.map { name, device in
            (name, device.name.flatMap { $0.isEmpty ? nil : $0 } ?? name)
        }
        home = SharedDescriptor(try Descriptor.open("/proc/self/ns/net", O_RDONLY))
        for device in wanted {
            _ = try attempt("linux.netDevices.\(device.outside)") { try NetworkLinks.index(of: device.outside) }
        }
    }

    /// Throws where a name can't be one, naming the field (netdevice(7): 15 bytes, no `/`, no white space).
    static func check(
        _ devices: [String: RuntimeConfiguration.NetworkDevice], hasNamespace: Bool
    ) throws(RuntimeError) {
        var inside: Set<String> = []
        for (name, device) in devices.sorted(by: { $0.key < $1.key }) {
            let field = "linux.netDevices.\(name)"
            guard hasNamespace else {
                throw RuntimeError(.invalidArgument, "\(field): needs a network namespace of the container's")
            }
            let given = device.name.flatMap { $0.isEmpty ? nil : $0 } ?? name
            for text in [name, given] where !isName(text) {
                throw RuntimeError(.invalidArgument, "\(field): \"\(text)\" is no name of a network device")
            }
            if !isTemplate(given), !inside.insert(given).inserted {
                throw RuntimeError(.invalidArgument, "\(field): a second device that is called \(given) inside")
            }
        }
    }

    /// Whether a name's number is still to be found.
    private static func isTemplate(_ name: String) -> Bool { name.hasSuffix("%d") }

    /// The name that the kernel would give by a template in this thread's network namespace; another name as it is.
    private static func free(_ name: String) -> String {
        guard isTemplate(name) else { return name }
        let stem = name.dropLast(2)
        return (0...).lazy.map { "\(stem)\($0)" }.first { (try? NetworkLinks.index(of: $0)) == nil } ?? name
    }

    private static func isName(_ text: String) -> Bool {
        let bytes = text.utf8
        return (1...15).contains(bytes.count) && text != "." && text != ".."
            && bytes.allSatisfy { $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ":") }
    }

    /// Moves all; after a failure none is away.
    func enter(_ namespace: SharedDescriptor) throws {
        away = namespace
        do {
            for device in wanted {
                try attempt("linux.netDevices.\(device.outside)") {
                    let (wasUp, name) = try move(
                        device.outside, from: home, to: namespace, as: device.inside, up: true)
                    moved.append(Move(outside: device.outside, inside: name, wasUp: wasUp))
                }
            }
        } catch {
            giveBack()
            throw error
        }
    }

    /// Brings the devices back to where they came from, as far as they are still there: the container did not come to be.
    func giveBack() {
        guard let away else { return }
        for move in moved.reversed() {
            _ = try? self.move(move.inside, from: away, to: home, as: move.outside, up: move.wasUp)
        }
        moved = []
    }

    /// Leaves the process in `home`, whatever happens.
    ///
    /// - Returns: whether the device was up, and its new name.
    private func move(
        _ name: String, from: SharedDescriptor, to: SharedDescriptor, as wanted: String, up: Bool
    ) throws -> (wasUp: Bool, name: String) {
        let result = Result { () throws in
            // The kernel moves a device before it finds the name taken.
            try Self.enter(to)
            let newName = Self.free(wanted)
            if (try? NetworkLinks.index(of: newName)) != nil {
                throw RuntimeError(.alreadyExists, "the network namespace has a device \(newName)")
            }
            try Self.enter(from)
            let links = try NetworkLinks()
            let index = try NetworkLinks.index(of: name)
            let (wasUp, addresses) = (try links.isUp(index), try links.globalAddresses(of: index))
            try links.move(index, to: to, as: newName)
            try Self.enter(to)
            let newLinks = try NetworkLinks()
            let newIndex = try NetworkLinks.index(of: newName)
            do {
                for address in addresses { try newLinks.add(address, to: newIndex) }
                if up { try newLinks.setUp(newIndex) }
            } catch {
                try newLinks.move(newIndex, to: from, as: name)
                throw error
            }
            return (wasUp, newName)
        }
        try Self.enter(home)
        return try result.get()
    }

    private static func enter(_ namespace: SharedDescriptor) throws(SystemCallError) {
        try Linux.check("setns", "network namespace") {
            cl_setns(namespace.rawValue, Int32(truncatingIfNeeded: CL_CLONE_NEWNET))
        }
    }
}
