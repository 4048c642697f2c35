import Foundation
import Testing

extension Integration.NativeRuntime {
    /// What bounds the runtime itself: the size of what it reads, what its program consists of, who may reach it.
    @Suite(.serialized) struct Bounds {
        /// A JSON text of 40 MiB, of which the parts without meaning are most.
        private func padded(_ text: String, to path: String) throws {
            let spaces = Data(repeating: UInt8(ascii: " "), count: 40 << 20)
            try (Data(text.utf8) + spaces).write(to: URL(fileURLWithPath: path))
        }

        private func refused(_ outcome: Outcome, naming path: String, at location: SourceLocation = #_sourceLocation) {
            #expect(outcome.code != 0 && !outcome.timedOut, "\(outcome)", sourceLocation: location)
            #expect(outcome.errors.contains(path), "\(outcome)", sourceLocation: location)
            #expect(outcome.errors.contains("EFBIG"), "\(outcome)", sourceLocation: location)
        }

        @Test(.enabled(if: Machine.runtimeIsOurs, "the words are ours"))
        func `documents over the bound are refused, not read`() throws {
            let container = try RuntimeFixture("sleep 60")
            defer { container.finish() }
            _ = try container.create()
            #expect(try container.call(["start", container.id]).code == 0)
            let path = container.bundle.folder + "/big.json"
            try padded(#"{"args":["true"],"cwd":"/","user":{"uid":0,"gid":0}}"#, to: path)
            refused(try container.call(["exec", "--process", path, container.id]), naming: path)
            try padded(#"{"pids":{"limit":7}}"#, to: path)
            refused(try container.call(["update", "--resources", path, container.id]), naming: path)
            let other = try RuntimeFixture("true")
            defer { other.finish() }
            let config = other.bundle.folder + "/config.json"
            try other.bundle.write()
            try padded(try String(contentsOfFile: config, encoding: .utf8), to: config)
            refused(try other.call(["create", "--bundle", other.bundle.folder, other.id]), naming: config)
        }

        @Test(.enabled(if: Machine.runtimeIsOurs, "other runtimes link what they like"))
        func `the program is one static file without a loader or libraries`() throws {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: Machine.runtime))
            defer { try? file.close() }
            let header = try #require(try file.read(upToCount: 64))
            #expect(header.prefix(5) == Data([0x7f, 0x45, 0x4c, 0x46, 2]))
            func number(_ data: Data, _ at: Int, _ bytes: Int) -> UInt64 {
                data.dropFirst(at).prefix(bytes).reversed().reduce(0) { $0 << 8 | UInt64($1) }
            }
            try file.seek(toOffset: number(header, 32, 8))
            let (size, count) = (Int(number(header, 54, 2)), Int(number(header, 56, 2)))
            let table = try #require(try file.read(upToCount: size * count))
            let kinds = (0..<count).map { number(table, $0 * size, 4) }
            // PT_LOAD is 1; PT_DYNAMIC 2 and PT_INTERP 3 would have a loader run before the program.
            #expect(kinds.contains(1) && !kinds.contains(2) && !kinds.contains(3), "\(kinds)")
        }

        @Test(.enabled(if: Machine.runtimeIsOurs, "the state folder's layout is ours"))
        func `nobody else reaches a container's state or the socket that starts it`() throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            _ = try container.create()
            let folder = "\(container.state)/\(container.id)"
            func mode(_ path: String) throws -> Int {
                try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
            }
            #expect(try mode(folder) == 0o700)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(names.contains("start.sock") && names.contains("state.json") && names.contains("config.json"))
            for name in names { #expect(try mode("\(folder)/\(name)") & 0o077 == 0, "\(name)") }
        }
    }
}
