internal import Glibc
internal import Linux
internal import OCISpec
internal import Support

/// The three files that every container gets from its host: /etc/hosts, /etc/hostname and /etc/resolv.conf.
struct ContainerFiles {
    /// Where they are kept.
    let folder: String

    /// Writes them for a container called `hostname`.
    func write(hostname: String, network: ContainerSpecification.Network) throws {
        try put("hostname", Array("\(hostname)\n".utf8))
        let hosts = network == .host ? try? readFile("/etc/hosts", limit: 1 << 20) : nil
        try put("hosts", hosts ?? Array(Self.hosts(hostname).utf8))
        try put("resolv.conf", (try? readFile("/etc/resolv.conf", limit: 1 << 20)) ?? [])
    }

    /// The mounts that show them.
    func mounts() -> [RuntimeConfiguration.Mount] {
        ["resolv.conf", "hostname", "hosts"].map { name in
            .init(
                destination: "/etc/\(name)", type: "bind", source: "\(folder)/\(name)", options: ["rbind", "rprivate"])
        }
    }

    private func put(_ name: String, _ bytes: [UInt8]) throws {
        let path = "\(folder)/\(name)"
        try attempt("write \(path)") {
            try writeAtomically(bytes, to: path, mode: 0o644, durable: false)
            try check("chmod", path) { chmod(path, 0o644) }
        }
    }

    private static func hosts(_ hostname: String) -> String {
        """
        127.0.0.1\tlocalhost \(hostname)
        ::1\tlocalhost ip6-localhost ip6-loopback
        fe00::0\tip6-localnet
        ff00::0\tip6-mcastprefix
        ff02::1\tip6-allnodes
        ff02::2\tip6-allrouters

        """
    }
}
