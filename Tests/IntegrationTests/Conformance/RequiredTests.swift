import Testing

extension Integration.NativeRuntime.Conformance {
    /// config.md and config-linux.md: fields of lists' elements that must be there, and values that their actions don't have.
    @Suite(.serialized) struct Required {
        private static func resources(_ name: String, _ value: Document) -> Change {
            { $0["linux"]["resources"][name] = value }
        }

        private static func rule(_ value: Document) -> Change {
            { $0["linux"]["seccomp"] = ["defaultAction": "SCMP_ACT_ALLOW", "syscalls": [value]] }
        }

        private static func comparison(_ value: Document) -> Change {
            rule(["names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "args": [value]])
        }

        private static let process: [String: [Change]] = [
            "config.process.scheduler.policy.required": [{ $0["process"]["scheduler"] = ["nice": 3] }],
            "config.process.ioPriority.required": [
                { $0["process"]["ioPriority"] = ["priority": 3] },
                { $0["process"]["ioPriority"] = ["class": "IOPRIO_CLASS_BE"] },
            ],
        ]

        private static let resources: [String: [Change]] = [
            "linux.cgroup.blockIO.device.required": [
                resources("blockIO", ["throttleReadBpsDevice": [["minor": 0, "rate": 600]]]),
                resources("blockIO", ["throttleWriteBpsDevice": [["major": 8, "rate": 600]]]),
                resources("blockIO", ["throttleReadIOPSDevice": [["major": 8, "minor": 0]]]),
                resources("blockIO", ["weightDevice": [["minor": 0, "weight": 500]]]),
            ],
            "linux.cgroup.blockIO.weightDevice": [
                resources("blockIO", ["weightDevice": [["major": 8, "minor": 0]]])
            ],
            "linux.cgroup.hugepages.required": [
                resources("hugepageLimits", [["limit": 2_097_152]]), resources("hugepageLimits", [["pageSize": "2MB"]]),
            ],
            "linux.cgroup.network.required": [
                resources("network", ["priorities": [["name": "lo"]]]),
                resources("network", ["priorities": [["priority": 5]]]),
            ],
            "linux.cgroup.rdma.empty": [resources("rdma", ["mlx5_1": [:]])],
        ]

        private static let seccomp: [String: [Change]] = [
            "linux.seccomp.names.empty": [rule(["names": [], "action": "SCMP_ACT_ERRNO"])],
            "linux.seccomp.names.required": [rule(["action": "SCMP_ACT_ERRNO"]), rule(["names": ["mkdir"]])],
            "linux.seccomp.args.required": [
                comparison(["value": 1, "op": "SCMP_CMP_EQ"]), comparison(["index": 0, "op": "SCMP_CMP_EQ"]),
                comparison(["index": 0, "value": 1]),
            ],
            "linux.seccomp.errnoRet.unsupported": withoutError.map {
                rule(["names": ["mkdir"], "action": .string($0), "errnoRet": 5])
            },
            "linux.seccomp.defaultErrnoRet.unsupported": withoutError.map { action in
                { $0["linux"]["seccomp"] = ["defaultAction": .string(action), "defaultErrnoRet": 5] }
            },
            "linux.seccomp.listener.metadata": [
                { $0["linux"]["seccomp"] = ["defaultAction": "SCMP_ACT_ALLOW", "listenerMetadata": "words"] }
            ],
        ]

        /// The actions that give the caller no error number of the filter's.
        private static let withoutError = [
            "SCMP_ACT_ALLOW", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP",
            "SCMP_ACT_LOG",
        ]

        private static let changes = process.merging(resources) { $1 }.merging(seccomp) { $1 }

        @Test(.requirement("*"), arguments: changes.keys.sorted())
        func `a configuration that lacks a field or has one too many`(requirement: String) throws {
            for (number, change) in try #require(Self.changes[requirement]).enumerated() {
                let container = try RuntimeFixture("true", change)
                defer { container.finish() }
                try container.expectRefused("\(requirement), case \(number)")
            }
        }
    }
}
