internal import DBus
public import Support

extension UnitProperty {
    /// What an annotation's name starts with that asks for a property of the container's scope.
    public static let annotationPrefix = "org.systemd.property."

    /// The properties that a container's annotations ask for, sorted by name: `org.systemd.property.NAME` with a value in
    /// ``VariantText``, as runc and crun have them.
    ///
    /// Annotations can come from an image by way of an engine. So names are letters only, and the properties that decide
    /// which processes are in the scope, where it is and which devices it may use are refused: those are the runtime's.
    ///
    /// - Throws: ``RuntimeError`` naming the annotation: `invalidArgument`, or `permissionDenied` for a property of the runtime's.
    public static func annotated(_ annotations: [String: String]) throws(RuntimeError) -> [UnitProperty] {
        var properties: [UnitProperty] = []
        for (key, text) in annotations.sorted(by: { $0.key < $1.key }) where key.hasPrefix(annotationPrefix) {
            let name = String(key.dropFirst(annotationPrefix.utf8.count))
            do {
                properties.append(try property(name, text))
            } catch {
                throw RuntimeError(error.code, "annotations: \(shown(key))", cause: error)
            }
        }
        return properties
    }

    private static let reserved: Set<String> = [
        "AddRef", "BPFProgram", "Controller", "Delegate", "DelegateControllers", "DelegateSubgroup", "DeviceAllow",
        "DevicePolicy", "Group", "PIDFDs", "PIDs", "Slice", "User",
    ]

    private static func property(_ name: String, _ text: String) throws(RuntimeError) -> UnitProperty {
        let isName = name.utf8.allSatisfy { ($0 | 32) &- 97 < 26 }
        guard isName, (3...64).contains(name.utf8.count) else {
            throw RuntimeError(.invalidArgument, "a property's name is 3 to 64 letters")
        }
        guard !reserved.contains(name) else {
            throw RuntimeError(.permissionDenied, "\(name) is set by the runtime alone")
        }
        let value = try VariantText.parse(text)
        // The settings of unit files are in seconds, the properties in microseconds.
        let stem = name.dropLast(3)
        guard name.hasSuffix("Sec"), let last = stem.utf8.last, last &- 97 < 26 else {
            return UnitProperty(name, value)
        }
        return UnitProperty("\(stem)USec", .uint64(try microseconds(value)))
    }

    private static func microseconds(_ seconds: DBusValue) throws(RuntimeError) -> UInt64 {
        let whole: (any BinaryInteger)? =
            switch seconds {
            case .byte(let value): value
            case .int16(let value): value
            case .uint16(let value): value
            case .int32(let value): value
            case .uint32(let value): value
            case .int64(let value): value
            case .uint64(let value): value
            default: nil
            }
        if let whole, let value = UInt64(exactly: whole) {
            let (product, overflows) = value.multipliedReportingOverflow(by: 1_000_000)
            if !overflows { return product }
        }
        if case .double(let value) = seconds, let product = UInt64(exactly: (value * 1_000_000).rounded()) {
            return product
        }
        throw RuntimeError(.invalidArgument, "the value is no number of seconds")
    }

    /// A name that may be anything, fit for a message.
    private static func shown(_ key: String) -> String {
        String(key.unicodeScalars.prefix(100).map { (32..<127).contains($0.value) ? Character($0) : "?" })
    }
}
