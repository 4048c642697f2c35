internal import Support

extension Seccomp {
    /// What the kernel does with a call: the value a filter returns (seccomp(2), "Filter return values").
    struct Action: Equatable, Sendable {
        let rawValue: UInt32

        static let killProcess = Action(rawValue: 0x8000_0000)
        static let killThread = Action(rawValue: 0)
        static let notify = Action(rawValue: 0x7fc0_0000)
        static let log = Action(rawValue: 0x7ffc_0000)
        static let allow = Action(rawValue: 0x7fff_0000)
        static func error(_ number: UInt32) -> Action { Action(rawValue: 0x0005_0000 | number) }
        static let noSuchCall = error(38)
        private static let trap: UInt32 = 0x0003_0000
        private static let trace: UInt32 = 0x7ff0_0000

        /// A permissive action needs no ENOSYS for unknown calls; a tracer is trusted to know them.
        var lets: Bool { self == .allow || self == .log || rawValue & 0xffff_0000 == Self.trace }

        init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Reads `SCMP_ACT_*`. An errnoRet on an action that has none is an error, as the specification wants.
        init(_ name: String, errnoRet: UInt32?, field: @autoclosure () -> String) throws {
            switch name {
            case "SCMP_ACT_ERRNO":
                // Beyond MAX_ERRNO the kernel would return another number than was asked for.
                guard errnoRet ?? 1 <= 4095 else {
                    throw RuntimeError(.invalidArgument, "\(field()): errnoRet \(errnoRet ?? 0) is above 4095")
                }
                self = .error(errnoRet ?? 1)
            case "SCMP_ACT_TRACE":
                guard errnoRet ?? 1 <= 0xffff else {
                    throw RuntimeError(.invalidArgument, "\(field()): errnoRet \(errnoRet ?? 0) is above 65535")
                }
                self.init(rawValue: Self.trace | (errnoRet ?? 1))
            default:
                guard let plain = Self.plain(name) else {
                    throw RuntimeError(.invalidArgument, "\(field()): unknown action \(name)")
                }
                if errnoRet != nil {
                    throw RuntimeError(.invalidArgument, "\(field()): action \(name) takes no errnoRet")
                }
                self = plain
            }
        }

        private static func plain(_ name: String) -> Action? {
            switch name {
            case "SCMP_ACT_ALLOW": .allow
            case "SCMP_ACT_LOG": .log
            case "SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD": .killThread
            case "SCMP_ACT_KILL_PROCESS": .killProcess
            case "SCMP_ACT_TRAP": Action(rawValue: trap)
            case "SCMP_ACT_NOTIFY": .notify
            default: nil
            }
        }
    }
}
