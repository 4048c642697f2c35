import Foundation
import Testing

extension Integration.NativeRuntime {
    /// `events`, `ps` and `list`: what a container uses and which processes it has.
    @Suite(.serialized) struct Watching {
        @Test func `statistics are one line of JSON`() throws {
            let container = try RuntimeFixture("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo ready; sleep 60")
            defer { container.finish() }
            container.config["linux"]["resources"] = ["memory": ["limit": 67_108_864], "pids": ["limit": 20]]
            let job = try container.startContainer()
            #expect(eventually { job.output.contains("ready") })
            let outcome = try container.call(["events", "--stats", container.id])
            #expect(outcome.lines.count == 1, "\(outcome)")
            let event = try #require(Document(json: outcome.output))
            #expect(event["type"] == "stats")
            #expect(event["id"].text == container.id)
            let data = event["data"]
            #expect(
                Set(data.fields.keys).isSuperset(of: [
                    "cpu", "cpuset", "memory", "pids", "blkio", "hugetlb", "intel_rdt",
                ]))
            #expect(data["cpu"]["usage"]["total"].number ?? 0 > 0)
            #expect(data["memory"]["usage"]["limit"] == .integer(64 << 20))
            #expect(data["memory"]["usage"]["usage"].number ?? 0 > 0)
            #expect(data["memory"]["raw"]["pgfault"].number ?? 0 > 0)
            #expect(data["pids"]["limit"] == 20)
            #expect(data["pids"]["current"].number ?? 0 > 0)
        }

        @Test func `statistics come again after each interval until the end`() throws {
            let container = try RuntimeFixture("sleep 60")
            defer { container.finish() }
            _ = try container.startContainer()
            let job = try container.start(["events", "--interval", "50ms", container.id])
            #expect(eventually { job.output.split(separator: "\n").count >= 3 })
            #expect(job.output.split(separator: "\n").allSatisfy { Document(json: String($0))?["type"] == "stats" })
            #expect(!job.hasEnded)
            #expect(try container.call(["delete", "--force", container.id]).code == 0)
            #expect(job.wait(timeout: 10).code == 0)
        }

        @Test func `running out of memory is told`() throws {
            let container = try RuntimeFixture("read x; tail /dev/zero; sleep 60")
            defer { container.finish() }
            container.config["linux"]["resources"] = ["memory": ["limit": 16_777_216, "swap": 16_777_216]]
            container.config["process"]["args"] = [
                "/bin/sh", "-c", "while [ ! -e /go ]; do sleep 0.02; done; tail /dev/zero; sleep 60",
            ]
            _ = try container.startContainer()
            let job = try container.start(["events", "--interval", "1h", container.id])
            defer { kill(job.pid, SIGKILL) }
            // Both runtimes have made their watch when they wait for the first interval.
            usleep(500_000)
            _ = FileManager.default.createFile(atPath: container.bundle.rootfs + "/go", contents: nil)
            #expect(eventually { !job.output.isEmpty })
            let event = Document(json: job.output.split(separator: "\n").first.map(String.init) ?? "")
            #expect(event?["type"] == "oom", "\(job.output)")
            #expect(event?["id"].text == container.id)
        }

        @Test func `a stopped container and a wrong interval are refused`() throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            _ = try container.startContainer()
            #expect(eventually { container.status == "stopped" })
            let outcome = try container.call(["events", "--stats", container.id])
            #expect(outcome.code != 0 && outcome.errors.contains("is not running"), "\(outcome)")
            for interval in ["0s", "-1s", "soon"] {
                #expect(try container.call(["events", "--interval", interval, container.id]).code != 0, "\(interval)")
            }
        }

        @Test func `ps prints the processes as JSON and as the host's ps does`() throws {
            let container = try RuntimeFixture("sleep 1000 & sleep 1001 & echo ready; wait")
            defer { container.finish() }
            let job = try container.startContainer()
            #expect(eventually { job.output.contains("ready") })
            let first = try #require(try container.stateDocument()["pid"].number)
            for words in [["ps", "--format", "json"], ["ps", "-f", "json"], ["ps", "--format=json"]] {
                let list = try #require(Document(json: try container.call(words + [container.id]).output))
                #expect(list.elements.count == 3, "\(list)")
                #expect(list.elements.contains(.integer(first)))
            }
            let table = try container.call(["ps", container.id]).lines
            #expect(table.count == 4 && table.first?.contains("PID") == true, "\(table)")
            #expect(table.contains { $0.contains("sleep 1001") })
            let chosen = try container.call(["ps", container.id, "-e", "-o", "pid,args"]).lines
            #expect(chosen.count == 4 && chosen.first?.contains("UID") == false, "\(chosen)")
            let without = try container.call(["ps", container.id, "-e", "-o", "args"])
            #expect(without.code != 0 && without.errors.contains("PID"), "\(without)")
            #expect(try container.call(["ps", "--format", "xml", container.id]).code != 0)
        }

        @Test func `list fails where the state folder that it is given is missing`() throws {
            let folder = try makeTemporaryFolder("state")
            defer { rmdir(folder) }
            #expect(try run([Machine.runtime, "--root", folder, "list", "-q"]).code == 0)
            let outcome = try run([Machine.runtime, "--root", folder + "/missing", "list", "-q"])
            #expect(outcome.code == 1 && outcome.output.isEmpty, "\(outcome)")
            #expect(outcome.errors.contains("\(folder)/missing: no such file or directory"), "\(outcome)")
        }

        @Test func `list is runc's table`() throws {
            let container = try RuntimeFixture("sleep 60")
            defer { container.finish() }
            #expect(
                try container.call(["list"]).output
                    == "ID          PID         STATUS      BUNDLE      CREATED     OWNER\n")
            #expect(try container.call(["list", "-f", "json"]).text == "null")
            #expect(try container.call(["list", "-q"]).output.isEmpty)
            _ = try container.startContainer()
            let row = try container.call(["list"]).lines.last?.split(separator: " ").map(String.init) ?? []
            let pid = try #require(try container.stateDocument()["pid"].number)
            #expect(row.prefix(4) == [container.id, "\(pid)", "running", container.bundle.folder])
            #expect(row.last == "root")
        }
    }
}
