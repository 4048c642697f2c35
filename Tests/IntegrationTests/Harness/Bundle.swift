import Foundation

/// An OCI bundle of a test: busybox as rootfs and a config.json that the test changes.
struct Bundle {
    let folder: String
    var config: Document

    var rootfs: String { folder + "/rootfs" }

    /// Makes the folder and its rootfs; config.json is written by `write`.
    init(cgroup: String, command: [String]) throws {
        folder = try makeTemporaryFolder("bundle")
        config = Bundle.standard(cgroup: cgroup, command: command)
        try Bundle.fill(rootfs)
    }

    /// Runs a shell script as the container's process.
    static func script(_ text: String) -> [String] { ["/bin/sh", "-c", text] }

    func write() throws {
        try config.json.write(toFile: folder + "/config.json", atomically: false, encoding: .utf8)
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    private static let applets = """
        sh cat echo ls id pwd env sleep true false hostname mkdir touch rm mount umount stat readlink kill ps dd head tail
        stty tty ip chown chmod sed grep cut wc printf test tr mknod chroot ulimit nproc df find sort dmesg sync
        """

    /// A small root: busybox under the names that the tests use, and the folders that mounts need.
    static func fill(_ rootfs: String) throws {
        let files = FileManager.default
        for name in ["bin", "dev", "etc", "proc", "sys", "root", "tmp", "home/user"] {
            try files.createDirectory(atPath: "\(rootfs)/\(name)", withIntermediateDirectories: true)
        }
        chmod(rootfs + "/tmp", 0o1777)
        guard let busybox = Machine.program("busybox") else { throw HarnessError("busybox-static is not installed") }
        try files.copyItem(atPath: busybox, toPath: rootfs + "/bin/busybox")
        for name in applets.split(whereSeparator: \.isWhitespace) {
            try files.createSymbolicLink(atPath: "\(rootfs)/bin/\(name)", withDestinationPath: "busybox")
        }
        let users = "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home/user:/bin/sh\n"
        try users.write(toFile: rootfs + "/etc/passwd", atomically: false, encoding: .utf8)
    }

    private static func standard(cgroup: String, command: [String]) -> Document {
        [
            "ociVersion": "1.0.2",
            "root": ["path": "rootfs", "readonly": false],
            "hostname": "box",
            "process": [
                "terminal": false, "user": ["uid": 0, "gid": 0], "cwd": "/", "noNewPrivileges": true,
                "args": .array(command.map(Document.string)),
                "env": ["PATH=/bin", "HOME=/root", "WORD=from the bundle"],
                "capabilities": capabilities(["CAP_CHOWN", "CAP_KILL", "CAP_SETUID", "CAP_SETGID"]),
            ],
            "mounts": .array(mounts),
            "linux": [
                "cgroupsPath": .string(cgroup), "resources": [:],
                "namespaces": [
                    ["type": "pid"], ["type": "network"], ["type": "ipc"], ["type": "uts"], ["type": "mount"],
                    ["type": "cgroup"],
                ],
            ],
        ]
    }

    /// The same capabilities in the bounding, effective and permitted sets.
    static func capabilities(_ names: [String]) -> Document {
        let list = Document.array(names.map(Document.string))
        return ["bounding": list, "effective": list, "permitted": list]
    }

    private static let mounts: [Document] = [
        ["destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]],
        [
            "destination": "/dev", "type": "tmpfs", "source": "tmpfs",
            "options": ["nosuid", "strictatime", "mode=755", "size=65536k"],
        ],
        [
            "destination": "/dev/pts", "type": "devpts", "source": "devpts",
            "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"],
        ],
        ["destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]],
    ]
}
