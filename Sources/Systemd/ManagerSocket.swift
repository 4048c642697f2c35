internal import DBus
internal import Glibc
internal import Support

/// Where systemd is spoken to.
enum ManagerSocket {
    static func connect(_ instance: SystemdManager.Instance) throws -> (DBusConnection, isDirect: Bool) {
        switch instance {
        case .system: try connectToSystem()
        case .user: try connectToUser()
        }
    }

    private static func connectToSystem() throws -> (DBusConnection, isDirect: Bool) {
        // As sd_booted(3) has it.
        guard access("/run/systemd/system", F_OK) == 0 else {
            throw RuntimeError(
                .unavailable,
                "--systemd-cgroup: systemd does not run here (no /run/systemd/system); leave the option out")
        }
        // Its own socket is there before the bus is, and needs no third process.
        let own = "/run/systemd/private"
        if geteuid() == 0, access(own, F_OK) == 0, let connection = try? DBusConnection(path: own) {
            return (connection, true)
        }
        let address = variable("DBUS_SYSTEM_BUS_ADDRESS") ?? "unix:path=/run/dbus/system_bus_socket"
        return (try bus(address, "DBUS_SYSTEM_BUS_ADDRESS"), false)
    }

    private static func connectToUser() throws -> (DBusConnection, isDirect: Bool) {
        if let address = variable("DBUS_SESSION_BUS_ADDRESS") {
            return (try bus(address, "DBUS_SESSION_BUS_ADDRESS"), false)
        }
        guard let folder = variable("XDG_RUNTIME_DIR") else {
            throw RuntimeError(
                .unavailable,
                "--systemd-cgroup: the user's systemd is not known: set XDG_RUNTIME_DIR or DBUS_SESSION_BUS_ADDRESS")
        }
        for (name, isDirect) in [("systemd/private", true), ("bus", false)] where access("\(folder)/\(name)", F_OK) == 0
        {
            return (try reach { try DBusConnection(path: "\(folder)/\(name)") }, isDirect)
        }
        throw RuntimeError(
            .unavailable,
            "--systemd-cgroup: no systemd of this user runs (neither systemd/private nor bus is in \(folder)); "
                + "log in by PAM or use loginctl enable-linger")
    }

    private static func bus(_ address: String, _ name: String) throws -> DBusConnection {
        let address = try attempt(name) { try DBusAddress(address) }
        return try reach { try DBusConnection(path: address.path) }
    }

    private static func reach(_ connect: () throws -> DBusConnection) throws -> DBusConnection {
        try attempt("--systemd-cgroup: reach systemd") { try connect() }
    }

    private static func variable(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        let text = String(cString: value)
        return text.isEmpty ? nil : text
    }
}
