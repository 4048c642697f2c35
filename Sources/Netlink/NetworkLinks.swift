internal import Glibc
public import Linux

/// The network devices of the namespace that the caller is in, through one rtnetlink(7) socket: what `ip link` and
/// `ip address` do. Changes need CAP_NET_ADMIN there.
public struct NetworkLinks: ~Copyable {
    /// An address of a device.
    public struct Address: Sendable, Equatable {
        let family: UInt8
        let prefixLength: UInt8
        let local: [UInt8]
        let peer: [UInt8]
        let broadcast: [UInt8]?
    }

    private let socket: Descriptor

    /// Opens the socket.
    public init() throws(SystemCallError) {
        let kind = Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue)
        let route: Int32 = 0
        socket = Descriptor(owning: try check("socket", "rtnetlink") { Glibc.socket(AF_NETLINK, kind, route) })
    }

    /// The number of a device (if_nametoindex(3)); ENODEV where there is none.
    public static func index(of name: String) throws(SystemCallError) -> UInt32 {
        let index = if_nametoindex(name)
        if index == 0 { throw SystemCallError("if_nametoindex", errno: errno, subject: name) }
        return index
    }

    /// Whether a device is up.
    public borrowing func isUp(_ index: UInt32) throws(SystemCallError) -> Bool {
        let getLink: UInt16 = 18
        let answers = try request(NetlinkMessage(type: getLink, flags: 4, fixed: Self.link(index)), "RTM_GETLINK")
        return answers.contains { NetlinkAnswer.number($0.payload[...], at: 8, as: UInt32.self) & 1 != 0 }
    }

    /// The addresses of a device that somebody gave it for good, and that hold beyond its link.
    public borrowing func globalAddresses(of index: UInt32) throws(SystemCallError) -> [Address] {
        let getAddress: UInt16 = 22, dump: UInt16 = 0x300, newAddress: UInt16 = 20
        let question = NetlinkMessage(type: getAddress, flags: dump, fixed: [UInt8](repeating: 0, count: 8))
        return try request(question, "RTM_GETADDR").compactMap { answer in
            let (permanent, universe): (UInt8, UInt8) = (0x80, 0)
            guard answer.type == newAddress, answer.payload.count >= 8,
                NetlinkAnswer.number(answer.payload[...], at: 4, as: UInt32.self) == index,
                answer.payload[2] & permanent != 0, answer.payload[3] == universe
            else { return nil }
            let attributes = answer.attributes(behind: 8)
            guard let peer = attributes[1] ?? attributes[2] else { return nil }
            return Address(
                family: answer.payload[0], prefixLength: answer.payload[1], local: attributes[2] ?? peer, peer: peer,
                broadcast: attributes[4])
        }
    }

    /// Gives a device an address; one that it has already is left as it is.
    public borrowing func add(_ address: Address, to index: UInt32) throws(SystemCallError) {
        let newAddress: UInt16 = 20, acknowledge: UInt16 = 4, create: UInt16 = 0x400, replace: UInt16 = 0x100
        let fixed = [address.family, address.prefixLength, 0, 0] + NetlinkMessage.bytes(of: index)
        var message = NetlinkMessage(type: newAddress, flags: acknowledge | create | replace, fixed: fixed)
        message.attribute(2, address.local)
        message.attribute(1, address.peer)
        if let broadcast = address.broadcast { message.attribute(4, broadcast) }
        _ = try request(message, "RTM_NEWADDR")
    }

    /// Moves a device to another namespace under a name; it is down there, and has no addresses. EEXIST: the name is taken.
    public borrowing func move(_ index: UInt32, to namespace: SharedDescriptor, as name: String) throws(SystemCallError)
    {
        var message = NetlinkMessage(type: Self.newLink, flags: 4, fixed: Self.link(index))
        message.attribute(28, NetlinkMessage.bytes(of: UInt32(bitPattern: namespace.rawValue)))
        message.attribute(3, Array(name.utf8) + [0])
        _ = try request(message, "RTM_NEWLINK \(name)")
    }

    /// Sets a device up.
    public borrowing func setUp(_ index: UInt32) throws(SystemCallError) {
        let up: UInt32 = 1
        let fixed = Self.link(index, flags: up, changed: up)
        _ = try request(NetlinkMessage(type: Self.newLink, flags: 4, fixed: fixed), "RTM_NEWLINK up")
    }

    private static let newLink: UInt16 = 16

    /// struct ifinfomsg.
    private static func link(_ index: UInt32, flags: UInt32 = 0, changed: UInt32 = 0) -> [UInt8] {
        [0, 0, 0, 0] + [index, flags, changed].flatMap { NetlinkMessage.bytes(of: $0) }
    }

    /// Sends a message and reads until its end or its acknowledgement.
    private borrowing func request(
        _ message: NetlinkMessage, _ subject: String
    ) throws(SystemCallError) -> [NetlinkAnswer] {
        let raw = socket.rawValue
        try checkCount("send", subject) { message.bytes.withUnsafeBytes { send(raw, $0.baseAddress, $0.count, 0) } }
        let (failure, done): (UInt16, UInt16) = (2, 3)
        var all: [NetlinkAnswer] = []
        while true {
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            let count = try checkCount("recv", subject) { recv(raw, &buffer, buffer.count, 0) }
            for answer in NetlinkAnswer.all(in: Array(buffer[..<count])) {
                if answer.type == done { return all }
                if answer.type == failure {
                    let code = NetlinkAnswer.number(answer.payload[...], at: 0, as: UInt32.self)
                    if code == 0 { return all }
                    throw SystemCallError("netlink", errno: -Int32(bitPattern: code), subject: subject)
                }
                all.append(answer)
            }
        }
    }
}
