internal import ContainerService
internal import JSON

/// `Binds`, `Mounts` and `Tmpfs` of a `HostConfig`.
enum MountRequest {
    typealias Mount = ContainerSpecification.VolumeMount

    private static let options: Set<String> = [
        "ro", "rw", "private", "rprivate", "shared", "rshared", "slave", "rslave", "bind", "rbind", "nosuid", "suid",
        "nodev", "dev", "noexec", "exec", "z", "Z", "nocopy", "volume-nocopy", "cached", "delegated", "consistent",
    ]
    /// What changes nothing here: labels of SELinux, which is not applied, and hints for other systems.
    private static let ignored: Set<String> = ["z", "Z", "cached", "delegated", "consistent"]

    static func mounts(_ host: JSONValue) throws -> [Mount] {
        let mounts =
            try (host["Binds"]?.strings ?? []).map(bind) + (host["Mounts"]?.items ?? []).map(mount)
            + (host["Tmpfs"]?.map ?? [:]).sorted { $0.key < $1.key }.map { place, options in
                Mount(source: .memory, destination: normal(place), options: words(options))
            }
        var seen: Set<String> = []
        for mount in mounts where !seen.insert(mount.destination).inserted {
            throw APIError(400, "Duplicate mount point: \(mount.destination)")
        }
        return mounts
    }

    /// `SOURCE:PLACE[:OPTIONS]`; a source that does not begin with a slash is a volume's name.
    private static func bind(_ text: String) throws -> Mount {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }), parts[1].hasPrefix("/") else {
            throw APIError(400, "invalid volume specification: '\(text)'")
        }
        let wanted = parts.count == 3 ? words(parts[2]) : []
        for word in wanted where !options.contains(word) { throw APIError(400, "invalid mode: \(parts[2])") }
        if wanted.contains("nocopy") { throw APIError(501, "the volume option nocopy is not supported yet: '\(text)'") }
        let source: Mount.Source =
            parts[0].hasPrefix("/") ? .bind(path: normal(parts[0]), create: true) : .volume(name: parts[0])
        return Mount(source: source, destination: normal(parts[1]), options: wanted.filter { !ignored.contains($0) })
    }

    /// The long form.
    private static func mount(_ value: JSONValue) throws -> Mount {
        guard let place = value["Target"]?.text, place.hasPrefix("/") else {
            throw APIError(400, "invalid mount config: field Target must be an absolute path")
        }
        let source = value["Source"]?.text ?? ""
        var options = value["ReadOnly"]?.isTrue == true ? ["ro"] : []
        let kind = value["Type"]?.text ?? ""
        switch kind {
        case "bind":
            guard source.hasPrefix("/") else {
                throw APIError(400, "invalid mount config for type \"bind\": field Source must be an absolute path")
            }
            let bind = value["BindOptions"] ?? .null
            if let propagation = bind["Propagation"]?.text, !propagation.isEmpty { options.append(propagation) }
            let creates = bind["CreateMountpoint"]?.isTrue ?? false
            return Mount(
                source: .bind(path: normal(source), create: creates), destination: normal(place), options: options)
        case "volume":
            let driver = value["VolumeOptions"]?["DriverConfig"]?["Name"]?.text ?? ""
            guard ["", "local"].contains(driver) else { throw APIError(404, "plugin \"\(driver)\" not found") }
            let name = source.isEmpty ? RandomName.volume() : source
            return Mount(source: .volume(name: name), destination: normal(place), options: options)
        case "tmpfs":
            let wanted = value["TmpfsOptions"] ?? .null
            if let size = wanted["SizeBytes"]?.number(Int64.self), size > 0 { options.append("size=\(size)") }
            if let mode = wanted["Mode"]?.number(UInt32.self), mode > 0 {
                options.append("mode=\(String(mode, radix: 8))")
            }
            return Mount(source: .memory, destination: normal(place), options: options)
        default: throw APIError(501, "mount type \"\(kind)\" is not supported: there are bind, volume and tmpfs")
        }
    }

    private static func words(_ list: String) -> [String] { list.split(separator: ",").map(String.init) }

    /// Without empty steps, `.` and `..`.
    static func normal(_ path: String) -> String {
        var steps: [Substring] = []
        for step in path.split(separator: "/") where step != "." {
            if step == ".." { _ = steps.popLast() } else { steps.append(step) }
        }
        return "/" + steps.joined(separator: "/")
    }
}

/// Names that nobody has.
enum RandomName {
    /// 64 hexadecimal digits: a volume that nobody named.
    static func volume() -> String {
        (0..<4).map { _ in
            let text = String(UInt64.random(in: 0 ... .max), radix: 16)
            return String(repeating: "0", count: 16 - text.utf8.count) + text
        }.joined()
    }
}
