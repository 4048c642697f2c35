import Linux
import Testing

@Suite struct SignalsTests {
    @Test func namesAndNumbers() {
        for (text, number) in [
            ("15", 15), ("TERM", 15), ("SIGTERM", 15), ("sigkill", 9), ("HUP", 1), ("SYS", 31), ("WINCH", 28),
            ("RTMIN", 34), ("SIGRTMIN+3", 37), ("RTMAX-1", 63), ("CLD", 17), ("64", 64),
        ] as [(String, Int32)] {
            #expect(Signal.number(of: text) == number, "\(text)")
        }
        for bad in ["", "0", "65", "-1", "NOPE", "RTMIN-1", "RTMAX+1", "RTMIN+31", "SIG"] {
            #expect(Signal.number(of: bad) == nil, "\(bad)")
        }
    }

    @Test func capabilitiesHaveTheKernelsNumbers() {
        #expect(CapabilitySet(name: "CAP_CHOWN")?.rawValue == 1)
        #expect(CapabilitySet(name: "CAP_SYS_ADMIN") == .sysAdmin)
        #expect(CapabilitySet(name: "CAP_CHECKPOINT_RESTORE")?.rawValue == 1 << 40)
        #expect(CapabilitySet(name: "chown") == nil)
        #expect(CapabilitySet(rawValue: 0b101).list == ["CAP_CHOWN", "CAP_DAC_READ_SEARCH"])
    }
}
