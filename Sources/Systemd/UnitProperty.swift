public import DBus

/// A property of a unit, as `systemctl show` names it and D-Bus types it.
public struct UnitProperty: Sendable, Equatable {
    /// The name, such as `MemoryMax`.
    public let name: String
    /// The value, of the type that systemd has for the property.
    public let value: DBusValue

    /// A property.
    public init(_ name: String, _ value: DBusValue) {
        (self.name, self.value) = (name, value)
    }

    /// `(sv)`, as the manager's methods take it.
    var argument: DBusValue { .structure([.string(name), .variant(value)]) }

    /// `a(sv)`.
    static func argument(_ list: [UnitProperty]) -> DBusValue {
        .array(.structure([.string, .variant]), list.map(\.argument))
    }
}

/// systemd's word for "no limit", in every property of bytes, tasks or microseconds.
let infinity = DBusValue.uint64(.max)
