internal import DBus
internal import Glibc
internal import Support

/// A running systemd: the machine's, or a user's (org.freedesktop.systemd1(5)).
///
/// Blocking, for one thread. Every error carries systemd's own words and says what can be done.
public final class SystemdManager {
    /// Which one.
    public enum Instance: String, Sendable {
        case system, user
    }

    /// How long a job may take, in milliseconds.
    static let jobTimeout = 30_000
    private static let name = "org.freedesktop.systemd1"
    private static let path = "/org/freedesktop/systemd1"
    private static let interface = "org.freedesktop.systemd1.Manager"

    private let connection: DBusConnection
    private let isDirect: Bool
    private var knownVersion: Int?

    /// Connects: directly to systemd's own socket where it has one, else through the message bus.
    ///
    /// - Throws: ``RuntimeError`` `unavailable` where systemd isn't there.
    public convenience init(_ instance: Instance) throws {
        let (connection, isDirect) = try ManagerSocket.connect(instance)
        try self.init(connection, isDirect: isDirect)
    }

    /// Takes a connection.
    ///
    /// - Parameter isDirect: the peer is systemd; else it is a bus.
    init(_ connection: DBusConnection, isDirect: Bool) throws {
        self.connection = connection
        self.isDirect = isDirect
        connection.keepSignals(Self.interface, "JobRemoved")
        if isDirect { return }
        let bus = "org.freedesktop.DBus"
        _ = try connection.call(.call(bus, "Hello", on: "/org/freedesktop/DBus", of: bus))
        let rule = "type='signal',sender='\(Self.name)',interface='\(Self.interface)',member='JobRemoved'"
        _ = try connection.call(.call(bus, "AddMatch", on: "/org/freedesktop/DBus", of: bus, [.string(rule)]))
        // systemd tells the bus of jobs only where somebody has asked for it; a direct peer hears of all of them.
        _ = try call("Subscribe")
    }

    private func call(_ method: String, _ arguments: [DBusValue] = []) throws -> [DBusValue] {
        try connection.call(
            .call(Self.interface, method, on: Self.path, of: isDirect ? nil : Self.name, arguments))
    }

    // MARK: The manager

    private func property(_ name: String) throws -> String {
        let answer = try attempt("ask systemd for \(name)") {
            try connection.call(
                .call(
                    "org.freedesktop.DBus.Properties", "Get", on: Self.path, of: isDirect ? nil : Self.name,
                    [.string(Self.interface), .string(name)]))
        }
        guard case .variant(.string(let text))? = answer.first else {
            throw RuntimeError(.internal, "systemd's property \(name) is no text")
        }
        return text
    }

    /// The manager's own cgroup, which its slices are below; empty for the top.
    public func controlGroup() throws -> String {
        let path = try property("ControlGroup")
        return path == "/" ? "" : path
    }

    /// The number in front of its version's text, such as 252; 0 where there is none.
    public func version() throws -> Int {
        if let knownVersion { return knownVersion }
        let version = Self.version(try property("Version"))
        knownVersion = version
        return version
    }

    static func version(_ text: String) -> Int {
        let digits = text.drop { $0 == "v" }.prefix { $0.isASCII && $0.isNumber }
        return Int(digits) ?? 0
    }

    // MARK: Units

    /// Starts a scope that is not there yet and waits until systemd has done so.
    ///
    /// A failed unit of the same name, which a container of former times left, is put away first.
    /// - Throws: ``RuntimeError`` `alreadyExists` where a unit of this name is active.
    public func startScope(_ unit: String, _ properties: [UnitProperty]) throws {
        let arguments: [DBusValue] = [
            .string(unit), .string("replace"), UnitProperty.argument(properties),
            .array(.structure([.string, .array(.structure([.string, .variant]))]), []),
        ]
        try attempt("start systemd unit \(unit)") {
            let job: [DBusValue]
            do {
                job = try call("StartTransientUnit", arguments)
            } catch let error as DBusError where error.shortName == "UnitExists" {
                try? resetFailed(unit)
                do {
                    job = try call("StartTransientUnit", arguments)
                } catch let error as DBusError where error.shortName == "UnitExists" {
                    throw RuntimeError(
                        .alreadyExists, "choose another container ID or linux.cgroupsPath", cause: error)
                }
            }
            do {
                try awaitJob(job)
            } catch {
                try? stop(unit)
                throw error
            }
        }
    }

    /// Stops a unit, which ends its processes, and waits until systemd has done so; one that is gone is no error.
    public func stop(_ unit: String) throws {
        try attempt("stop systemd unit \(unit)") {
            do {
                try awaitJob(try call("StopUnit", [.string(unit), .string("replace")]))
            } catch let error as DBusError where error.runtimeCode == .notFound {
                return
            }
            try resetFailed(unit)
        }
    }

    /// Lets systemd forget that a unit has failed; one that is gone is no error.
    private func resetFailed(_ unit: String) throws {
        do {
            _ = try call("ResetFailedUnit", [.string(unit)])
        } catch let error as DBusError where error.runtimeCode == .notFound {
            return
        }
    }

    /// Changes properties of a unit until it is stopped or the machine.
    public func set(_ properties: [UnitProperty], of unit: String) throws {
        if properties.isEmpty { return }
        try attempt("set properties of systemd unit \(unit)") {
            _ = try call("SetUnitProperties", [.string(unit), .boolean(true), UnitProperty.argument(properties)])
        }
    }

    /// Has systemd move a process of the caller's into a unit's cgroup, where the caller itself may not.
    ///
    /// - Parameter below: the cgroup below the unit's own, such as `/init`; empty for the unit's.
    public func attach(_ pid: Int32, to unit: String, below: String) throws {
        let pids = DBusValue.array(.uint32, [.uint32(UInt32(bitPattern: pid))])
        try attempt("move process \(pid) into systemd unit \(unit)") {
            _ = try call("AttachProcessesToUnit", [.string(unit), .string(below), pids])
        }
    }

    /// Waits for the end of the job that a method has answered with.
    private func awaitJob(_ answer: [DBusValue]) throws {
        guard case .objectPath(let job)? = answer.first else {
            throw RuntimeError(.internal, "systemd's answer names no job")
        }
        while true {
            let signal = try connection.nextSignal(timeout: Self.jobTimeout)
            guard signal.body.count == 4, signal.body[1].text == job, let result = signal.body[3].text else { continue }
            if result == "done" { return }
            let unit = signal.body[2].text ?? ""
            throw RuntimeError(
                result == "timeout" ? .timeout : .invalidState,
                "its job ended with \"\(result)\"; journalctl --unit \(unit) may say why")
        }
    }
}
