internal import Linux
internal import OCISpec
internal import RootFilesystem
internal import Support

extension DeviceNode {
    /// The default nodes and `linux.devices`; an entry for a default's path takes its place.
    static func all(_ devices: [RuntimeConfiguration.Device]) throws -> [DeviceNode] {
        var nodes = defaults
        for (index, device) in devices.enumerated() {
            let node = try DeviceNode(device, field: "linux.devices[\(index)]")
            if let known = nodes.firstIndex(where: { $0.path == node.path }) {
                nodes[known] = node
            } else {
                nodes.append(node)
            }
        }
        return nodes
    }

    private init(_ device: RuntimeConfiguration.Device, field: String) throws(RuntimeError) {
        let kind: Kind
        switch device.type {
        case .character, .unbuffered: kind = .character
        case .block: kind = .block
        case .fifo: kind = .fifo
        case .all: throw RuntimeError(.invalidArgument, "\(field).type: \"a\" is no device node")
        }
        guard let major = UInt32(exactly: device.major), let minor = UInt32(exactly: device.minor) else {
            throw RuntimeError(
                .invalidArgument, "\(field): device number \(device.major):\(device.minor) is out of range")
        }
        self.init(
            path: device.path, kind: kind, major: major, minor: minor, mode: (device.fileMode ?? 0o666) & 0o7777,
            uid: device.uid ?? 0, gid: device.gid ?? 0)
    }

    /// The node with its owner as the host sees it; the host's root where the container's mappings have none.
    func asOnHost(_ linux: RuntimeConfiguration.Linux) -> DeviceNode {
        var node = self
        node.uid = linux.uidMappings.hostID(of: uid) ?? 0
        node.gid = linux.gidMappings.hostID(of: gid) ?? 0
        return node
    }
}

extension [RuntimeConfiguration.IDMapping] {
    fileprivate func hostID(of id: UInt32) -> UInt32? {
        let mapping = first { id >= $0.containerID && id - $0.containerID < $0.size }
        return mapping.map { $0.hostID &+ (id - $0.containerID) }
    }
}
