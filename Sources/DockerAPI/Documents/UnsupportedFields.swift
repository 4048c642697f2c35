internal import JSON

/// Fields of a create request that can't be honoured yet: each is refused by its name where it asks for anything.
enum UnsupportedFields {
    /// Names in `HostConfig`, and the flag that people set them by.
    private static let ofHost: [(field: String, flag: String)] = [
        ("Devices", "--device"), ("DeviceRequests", "--gpus"), ("DeviceCgroupRules", "--device-cgroup-rule"),
        ("VolumesFrom", "--volumes-from"), ("PortBindings", "--publish"), ("PublishAllPorts", "--publish-all"),
        ("ExtraHosts", "--add-host"), ("Dns", "--dns"), ("DnsOptions", "--dns-option"), ("DnsSearch", "--dns-search"),
        ("Sysctls", "--sysctl"), ("GroupAdd", "--group-add"), ("Init", "--init"), ("Links", "--link"),
        ("CgroupParent", "--cgroup-parent"), ("StorageOpt", "--storage-opt"), ("OomScoreAdj", "--oom-score-adj"),
        ("PidMode", "--pid"), ("UTSMode", "--uts"), ("UsernsMode", "--userns"), ("ShmSize", "--shm-size"),
        ("BlkioWeight", "--blkio-weight"), ("BlkioDeviceReadBps", "--device-read-bps"),
        ("BlkioDeviceWriteBps", "--device-write-bps"), ("BlkioDeviceReadIOps", "--device-read-iops"),
        ("BlkioDeviceWriteIOps", "--device-write-iops"), ("CpuRealtimePeriod", "--cpu-rt-period"),
        ("CpuRealtimeRuntime", "--cpu-rt-runtime"), ("OomKillDisable", "--oom-kill-disable"),
        ("MemorySwappiness", "--memory-swappiness"),
    ]

    static func check(_ body: JSONValue, _ host: JSONValue) throws {
        for (field, flag) in ofHost where asks(host[field], field) {
            throw APIError(501, "\(flag) is not supported yet (HostConfig.\(field))")
        }
        if let mode = host["IpcMode"]?.text, !["", "private", "shareable"].contains(mode) {
            throw APIError(501, "--ipc \(mode) is not supported yet (HostConfig.IpcMode)")
        }
        if let mode = host["CgroupnsMode"]?.text, !["", "private"].contains(mode) {
            throw APIError(501, "--cgroupns \(mode) is not supported yet (HostConfig.CgroupnsMode)")
        }
        let test = body["Healthcheck"]?["Test"]?.strings ?? []
        if !test.isEmpty && test != ["NONE"] {
            throw APIError(501, "health checks are not supported yet (Healthcheck)")
        }
    }

    /// Whether a value asks for something: clients send many fields with what means nothing.
    private static func asks(_ value: JSONValue?, _ field: String) -> Bool {
        switch value {
        case nil, .null?, .bool(false)?, .string("")?: false
        case .number(let text)?: text != "0" && !(field == "MemorySwappiness" && text == "-1")
        case .array(let items)?: !items.isEmpty
        case .object(let members)?: !members.isEmpty
        case .string(let text)?: text != "private"
        case .bool(true)?: true
        }
    }
}
