import CLinux
import Glibc
import Linux
import ProcessIO
import Testing

@Suite struct ConsoleSocketTests {
    @Test func receivesTheMaster() throws {
        let path = "/tmp/hako-console-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).sock"
        do {
            let socket = try ConsoleSocket(at: path)
            let master = try PseudoTerminal.openMaster()
            let sender = Descriptor(owning: try check("connect") { cl_unix_connect(path) })
            try checkCount("sendmsg") { cl_send_descriptor(sender.rawValue, master.rawValue, "/dev/pts/0", 10) }
            let received = try socket.receive()
            #expect(cl_pty_number(received.rawValue) == cl_pty_number(master.rawValue))
        }
        #expect(access(path, F_OK) != 0)
    }

    @Test func strangersAndSilenceAreErrors() throws {
        let path = "/tmp/hako-console-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).sock"
        let socket = try ConsoleSocket(at: path)
        #expect(throws: SystemCallError.self) { _ = try socket.receive(milliseconds: 10) }
        let sender = Descriptor(owning: try check("connect") { cl_unix_connect(path) })
        try sender.writeAll([1, 2, 3])
        #expect(throws: SystemCallError.self) { _ = try socket.receive(milliseconds: 1000) }
    }
}
