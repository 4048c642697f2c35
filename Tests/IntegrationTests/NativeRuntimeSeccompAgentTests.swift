import Foundation
import Testing

extension Integration.NativeRuntime {
    /// SCMP_ACT_NOTIFY with a real agent (config-linux.md, Seccomp: listenerPath, listenerMetadata, Container Process State).
    @Suite(.serialized) struct SeccompAgents {
        private func profile(_ agent: String, flags: [Document] = []) -> Document {
            [
                "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
                "listenerPath": .string(agent), "listenerMetadata": "for the \"agent\"", "flags": .array(flags),
                "syscalls": [["names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_NOTIFY"]],
            ]
        }

        /// Expects the document of the specification about the process `pid`.
        private func check(_ document: Document, _ container: RuntimeFixture, pid: Int?) {
            #expect(document["ociVersion"].text?.isEmpty == false)
            #expect(document["fds"] == ["seccompFd"])
            #expect(document["metadata"] == "for the \"agent\"")
            #expect(document["pid"].number != nil && (pid == nil || document["pid"].number == pid))
            #expect(document["state"]["id"].text == container.id)
            #expect(document["state"]["bundle"].text == container.bundle.folder)
            #expect(document["state"]["pid"].number ?? 0 > 0)
        }

        @Test(
            .requirement("linux.seccomp.listener.state", "linux.seccomp.listener.fields"), arguments: [true, false])
        func `the agent decides what the container's calls do`(noNewPrivileges: Bool) throws {
            let agent = try SeccompAgent()
            let container = try RuntimeFixture("mkdir /tmp/refused; mkdir /tmp/made && ls /tmp; sleep 600")
            defer { container.finish() }
            container.config["process"]["noNewPrivileges"] = .boolean(noNewPrivileges)
            container.config["linux"]["seccomp"] = profile(agent.path)
            // runc delivers the listener in create, we in start: neither may wait for the other here.
            try container.bundle.write()
            let job = try container.start(["run", "--bundle", container.bundle.folder, container.id])
            let delivery = try agent.receive()
            #expect(eventually { container.status == "running" })
            check(delivery.document, container, pid: try container.stateDocument()["pid"].number)
            try delivery.listener.answer(delivery.listener.next(), error: ENOSPC)
            try delivery.listener.answer(delivery.listener.next(), error: 0)
            #expect(eventually { job.output == "made\n" }, "\(job.output) \(job.errors)")
            #expect(job.errors.contains("No space left on device"))
            #expect(!job.errors.contains("/tmp/made"))
        }

        @Test func `create and start bring the listener too`() throws {
            let agent = try SeccompAgent()
            let container = try RuntimeFixture("mkdir /tmp/refused; echo done; sleep 600")
            defer { container.finish() }
            container.config["linux"]["seccomp"] = profile(agent.path)
            let created = try container.create()
            let start = try container.start(["start", container.id])
            let delivery = try agent.receive()
            check(delivery.document, container, pid: try container.stateDocument()["pid"].number)
            let outcome = start.wait()
            #expect(outcome.code == 0, "\(outcome)")
            try delivery.listener.answer(delivery.listener.next(), error: ENOSPC)
            #expect(eventually { created.output == "done\n" }, "\(created.output) \(created.errors)")
        }

        @Test func `each exec has a listener of its own`() throws {
            let agent = try SeccompAgent()
            let container = try RuntimeFixture("sleep 600")
            defer { container.finish() }
            container.config["linux"]["seccomp"] = profile(agent.path)
            _ = try container.startContainer()
            let first = try agent.receive()
            let script = "mkdir /tmp/new; echo code $?"
            let job = try container.start(["exec", container.id, "sh", "-c", script])
            let delivery = try agent.receive()
            check(delivery.document, container, pid: nil)
            #expect(delivery.document["pid"] != first.document["pid"], "the pid is the new process's")
            try delivery.listener.answer(delivery.listener.next(), error: EDQUOT)
            let outcome = job.wait()
            #expect(outcome.output == "code 1\n" && outcome.errors.contains("quota"), "\(outcome)")
        }

        @Test(.requirement("linux.seccomp.listener.failure")) func `without an agent nothing starts`() throws {
            let container = try RuntimeFixture("echo up")
            defer { container.finish() }
            container.config["linux"]["seccomp"] = profile("/nonexistent/agent")
            let outcome = try container.run()
            #expect(outcome.code == 1 && outcome.output.isEmpty, "\(outcome)")
            if Machine.runtimeIsOurs { #expect(outcome.errors.contains("linux.seccomp.listenerPath"), "\(outcome)") }
        }

        @Test(
            .requirement(
                "linux.seccomp.listener.socket", "linux.seccomp.listener.one", "linux.seccomp.listener.first",
                "linux.seccomp.listener.closed"))
        func `a connection carries one document, its descriptor first, and ends`() throws {
            let agent = try SeccompAgent()
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            container.config["linux"]["seccomp"] = profile(agent.path)
            try container.bundle.write()
            let job = try container.start(["run", "--bundle", container.bundle.folder, container.id])
            let transcript = try agent.listen()
            #expect(transcript.descriptors.first == 1 && transcript.descriptors.dropFirst().allSatisfy { $0 == 0 })
            #expect(transcript.hasEnded, "the connection is still open")
            let document = Document(json: transcript.text)
            #expect(document?["fds"] == ["seccompFd"], "not one document: \(transcript.text)")
            #expect(job.wait().code == 0)
        }

        /// A signal with a handler takes a thread out of a call that the agent has taken, unless the flag is given.
        @Test(.enabled(if: Machine.knowsKillableWaits, "runc before 1.2 refuses the flag"), arguments: [true, false])
        func `WAIT_KILLABLE_RECV keeps calls that the agent has taken`(killable: Bool) throws {
            let agent = try SeccompAgent()
            let container = try RuntimeFixture("trap 'echo signal' USR1; cd /tmp; echo done; sleep 600")
            defer { container.finish() }
            let flags: [Document] = killable ? ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"] : []
            container.config["linux"]["seccomp"] = profile(agent.path, flags: flags)
            // The shell's own call: its handler is what may interrupt it.
            container.config["linux"]["seccomp"]["syscalls"] = [["names": ["chdir"], "action": "SCMP_ACT_NOTIFY"]]
            let job = try container.create()
            let start = try container.start(["start", container.id])
            let listener = try agent.receive().listener
            #expect(start.wait().code == 0)
            let call = try listener.next()
            #expect(try container.call(["kill", container.id, "USR1"]).code == 0)
            #expect(eventually(within: killable ? 0.3 : 10) { !listener.isWaiting(call) } == !killable)
            if killable { try listener.answer(call, error: 0) }
            #expect(eventually { job.output == "signal\ndone\n" }, "\(job.output) \(job.errors)")
            #expect(job.errors.isEmpty == killable, "\(job.errors)")
        }
    }
}

extension Machine {
    /// The runtime under test knows SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV.
    static let knowsKillableWaits: Bool = {
        guard let outcome = try? run([runtime, "features"]) else { return false }
        return outcome.output.contains("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV")
    }()
}
