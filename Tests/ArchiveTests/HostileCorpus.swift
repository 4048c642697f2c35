/// One archive that must be refused with an error that has `named` in it.
struct HostileCase: Sendable, CustomStringConvertible {
    var description: String
    var named: String
    var bytes: @Sendable (_ outside: String) -> [UInt8]
}

private func tar(_ make: (inout TarBuilder) -> Void) -> [UInt8] {
    var builder = TarBuilder()
    make(&builder)
    return builder.finished()
}

private func hostile(
    _ description: String, _ named: String, _ make: @escaping @Sendable (inout TarBuilder, String) -> Void
) -> HostileCase {
    HostileCase(description: description, named: named) { outside in tar { make(&$0, outside) } }
}

private let data = Array("hostile".utf8)
private let zeros = [UInt8](repeating: 0, count: 24 << 20)

/// Names that lead outside, directly.
let hostileNames: [HostileCase] = [
    hostile("dot-dot file", "../outside/victim") { t, _ in t.add("../outside/victim", data: data) },
    hostile("dot-dot in the middle", "a/../../outside/new") { t, _ in t.add("a/../../outside/new", data: data) },
    hostile("absolute with dot-dot", "/../outside/victim") { t, _ in t.add("/../outside/victim", data: data) },
    hostile("dot-dot folder", "../outside") { t, _ in t.add("../outside/", type: "5", mode: 0o777) },
    hostile("dot-dot alone", "..") { t, _ in t.add("..", type: "5", mode: 0o777) },
    hostile("dot-dot link", "../outside/l") { t, _ in t.add("../outside/l", type: "2", link: "x") },
    hostile("dot-dot device", "../outside/d") { t, _ in t.add("../outside/d", type: "3", major: 1, minor: 3) },
    hostile("dot-dot fifo", "../outside/p") { t, _ in t.add("../outside/p", type: "6") },
    hostile("dot-dot by PAX path", "../outside/victim") { t, _ in
        t.add("innocent", data: data, pax: [("path", "../outside/victim")])
    },
    hostile("dot-dot by global PAX path", "../outside/victim") { t, _ in
        t.extend([("path", "../outside/victim")], type: "g")
        t.add("innocent", data: data)
    },
    hostile("dot-dot by GNU long name", "../outside/victim") { t, _ in
        t.long("../outside/victim", type: "L")
        t.add("innocent", data: data)
    },
    hostile("dot-dot by sparse name", "../outside/victim") { t, _ in
        t.add(
            "x", pax: [("GNU.sparse.name", "../outside/victim"), ("GNU.sparse.size", "0"), ("GNU.sparse.map", "0,0")])
    },
    hostile("empty name", "\"\"") { t, _ in t.add("", data: data) },
    hostile("NUL in a PAX path", "a\\x00b") { t, _ in
        t.extend([("path", "a\u{0}b")]); t.add("x")
    },
    hostile("component of 256 bytes", "nnnn") { t, _ in t.add("x", pax: [("path", String(repeating: "n", count: 256))])
    },
    hostile("path of 5000 bytes", "n/n/n") { t, _ in t.add("x", pax: [("path", String(repeating: "n/", count: 2500))])
    },
    hostile("4096 deep", "d/d/d") { t, _ in t.add("x", pax: [("path", String(repeating: "d/", count: 4096) + "f")]) },
    hostile("1500 deep", "d/d/d") { t, _ in t.add("x", pax: [("path", String(repeating: "d/", count: 1500) + "f")]) },
    hostile("root as a file", ".") { t, _ in t.add(".", data: data) },
    hostile("root as a link", ".") { t, o in t.add("./", type: "2", link: o) },
]

/// Links that lead outside.
let hostileLinks: [HostileCase] = [
    hostile("write through an absolute link", "l/victim") { t, o in
        t.add("l", type: "2", link: o)
        t.add("l/victim", data: data)
    },
    hostile("write through a relative link", "l/victim") { t, _ in
        t.add("l", type: "2", link: "../outside")
        t.add("l/victim", data: data)
    },
    hostile("write through a chain of links", "b/victim") { t, _ in
        t.add("d", type: "5", mode: 0o755)
        t.add("d/up", type: "2", link: "..")
        t.add("b", type: "2", link: "d/up/../outside")
        t.add("b/victim", data: data)
    },
    hostile("folder below a link", "l/new") { t, o in
        t.add("l", type: "2", link: o)
        t.add("l/new/", type: "5", mode: 0o777)
    },
    hostile("folder swapped for a link, then a child", "d/victim") { t, o in
        t.add("d", type: "5", mode: 0o755)
        t.add("d/x", data: data)
        t.add("d", type: "2", link: o)
        t.add("d/victim", data: data)
    },
    hostile("links in a circle", "a/x") { t, _ in
        t.add("a", type: "2", link: "b")
        t.add("b", type: "2", link: "a")
        t.add("a/x", data: data)
    },
    hostile("proc link", "l/victim") { t, _ in
        t.add("l", type: "2", link: "/proc/self/cwd")
        t.add("l/victim", data: data)
    },
    hostile("opaque mark through a link", "l/.wh..wh..opq") { t, o in
        t.add("l", type: "2", link: o)
        t.add("l/.wh..wh..opq")
    },
    hostile("whiteout through a link", "l/.wh.victim") { t, _ in
        t.add("l", type: "2", link: "../outside")
        t.add("l/.wh.victim")
    },
    hostile("device through a link", "l/d") { t, o in
        t.add("l", type: "2", link: o)
        t.add("l/d", type: "3", major: 1, minor: 3)
    },
    hostile("hard link to passwd", "h") { t, _ in t.add("h", type: "1", link: "/etc/passwd") },
    hostile("hard link by dot-dot", "h") { t, _ in t.add("h", type: "1", link: "../outside/victim") },
    hostile("hard link through a link", "h") { t, o in
        t.add("l", type: "2", link: o)
        t.add("h", type: "1", link: "l/victim")
    },
    hostile("hard link through a link by PAX", "h") { t, _ in
        t.add("l", type: "2", link: "../outside")
        t.add("h", type: "1", pax: [("linkpath", "l/victim")])
    },
    hostile("hard link to a folder", "h") { t, _ in
        t.add("d", type: "5", mode: 0o755)
        t.add("h", type: "1", link: "d")
    },
    hostile("hard link to itself", "h") { t, _ in
        t.add("h", data: data)
        t.add("h", type: "1", link: "./h")
    },
    hostile("hard link to a whiteout", "h") { t, _ in
        t.add(".wh.gone")
        t.add("h", type: "1", link: "gone")
    },
    hostile("empty link target", "l") { t, _ in t.add("l", type: "2") },
    hostile("child of a file", "f/x") { t, _ in
        t.add("f", data: data)
        t.add("f/x", data: data)
    },
    hostile("child of a device", "d/x") { t, _ in
        t.add("d", type: "3", major: 1, minor: 3)
        t.add("d/x", data: data)
    },
]

/// Whiteouts, numbers, sizes and attributes that lie.
let hostileFields: [HostileCase] = [
    hostile("whiteout of nothing", ".wh.") { t, _ in t.add(".wh.") },
    hostile("whiteout of its folder", "d/.wh..") { t, _ in t.add("d/.wh..") },
    hostile("whiteout of the folder above", "d/.wh...") { t, _ in t.add("d/.wh...") },
    hostile("whiteout by dot-dot", ".wh../victim") { t, _ in t.add(".wh../victim") },
    hostile("entry in a whiteout", ".wh.x/y") { t, _ in t.add(".wh.x/y", data: data) },
    hostile("negative base-256 size", "f") { t, _ in t.add("f") { putBase256(-512, &$0, 124, 12) } },
    hostile("huge base-256 size", "f") { t, _ in t.add("f") { putBase256(.max, &$0, 124, 12) } },
    hostile("negative owner", "f") { t, _ in t.add("f") { putBase256(-1, &$0, 108, 8) } },
    hostile("owner that means none", "f") { t, _ in t.add("f", pax: [("uid", "4294967295")]) },
    hostile("size of letters", "f") { t, _ in t.add("f") { $0[124] = 0x7a } },
    hostile("wide device number", "d") { t, _ in t.add("d", type: "3", major: 4096) },
    hostile("unknown type", "q") { t, _ in t.add("q", type: "Q") },
    hostile("PAX size beyond the archive", "f") { t, _ in t.add("f", data: data, pax: [("size", "999999")]) },
    hostile("PAX size beyond 63 bits", "PaxHeaders/x") { t, _ in t.add("f", pax: [("size", "99999999999999999999")]) },
    hostile("negative PAX size", "PaxHeaders/x") { t, _ in t.add("f", pax: [("size", "-1")]) },
    hostile("PAX record length 0", "PaxHeaders/x") { t, _ in
        t.extend(raw: Array("0 path=y\n".utf8)); t.add("f")
    },
    hostile("PAX record too long", "PaxHeaders/x") { t, _ in
        t.extend(raw: Array("99 path=y\n".utf8)); t.add("f")
    },
    hostile("PAX header of 2 MiB", "PaxHeaders/x") { t, _ in
        t.extend(raw: [UInt8](repeating: 0x20, count: 2 << 20))
        t.add("f")
    },
    hostile("flood of attributes", "PaxHeaders/x") { t, _ in
        let records = (0..<5000).map { ("SCHILY.xattr.user.a\($0)", "v") }
        t.add("f", pax: records)
    },
    hostile("sparse map out of order", "s") { t, _ in
        t.add("s", data: [1, 2], pax: [("GNU.sparse.map", "5,1,0,1"), ("GNU.sparse.size", "9")])
    },
    hostile("sparse map beyond the file", "s") { t, _ in
        t.add("s", data: [1, 2], pax: [("GNU.sparse.map", "8,2"), ("GNU.sparse.size", "9")])
    },
    hostile("sparse map that overflows", "s") { t, _ in
        t.add("s", data: [1, 2], pax: [("GNU.sparse.map", "9223372036854775807,2"), ("GNU.sparse.size", "9")])
    },
    hostile("sparse map of more data than there is", "s") { t, _ in
        t.add("s", data: [1], pax: [("GNU.sparse.map", "0,9"), ("GNU.sparse.size", "9")])
    },
    hostile("sparse file of 8 EiB", "s") { t, _ in
        t.add("s", pax: [("GNU.sparse.map", "0,0"), ("GNU.sparse.size", "9223372036854775807")])
    },
    hostile("sparse 1.0 map without end", "s") { t, _ in
        t.add(
            "s", data: [UInt8](repeating: 0x31, count: 512),
            pax: [("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "9")])
    },
    hostile("old sparse negative", "s") { t, _ in
        t.add("s", type: "S", data: [1]) {
            TarBuilder.makeGNU(&$0)
            putBase256(-5, &$0, 386, 12)
            putOctal(1, &$0, 398, 12)
            putOctal(9, &$0, 483, 12)
        }
    },
]

private func bytes(_ name: String, _ named: String, _ make: @escaping @Sendable () -> [UInt8]) -> HostileCase {
    HostileCase(description: name, named: named) { _ in make() }
}

/// Broken streams and bombs; unpacked with limits of 16 MiB and 1000 entries.
let hostileStreams: [HostileCase] = [
    bytes("wrong checksum", "good") {
        var bytes = tar {
            $0.add("good", data: data); $0.add("bad", data: data)
        }
        bytes[1024] ^= 1
        return bytes
    },
    bytes("truncated header", "good") {
        Array(
            tar {
                $0.add("good", data: data); $0.add("bad")
            }[..<1300])
    },
    bytes("truncated data", "big") { Array(tar { $0.add("big", data: [UInt8](repeating: 1, count: 9000)) }[..<4000]) },
    bytes("extension header and no entry", "behind") { tar { $0.extend([("path", "y")]) } },
    bytes("data behind a zero block", "zero block") {
        [UInt8](repeating: 0, count: 512) + tar { $0.add("f", data: data) }
    },
    bytes("truncated gzip", "gzip") {
        let packed = gzip(tar { $0.add("f", data: (0..<9000).map { UInt8(truncatingIfNeeded: $0 * $0 >> 3) }) })
        return Array(packed.dropLast(20))
    },
    bytes("gzip with a wrong checksum", "gzip") {
        var packed = gzip(tar { $0.add("f", data: data) })
        packed[packed.count - 6] ^= 0xff
        return packed
    },
    bytes("garbage behind gzip", "garbage") { gzip(tar { $0.add("f", data: data) }) + Array("garbage".utf8) },
    bytes("truncated zstd", "zstd") { Array(zstd(tar { $0.add("f", data: data) }).dropLast(4)) },
    bytes("garbage behind zstd", "zstd") { zstd(tar { $0.add("f", data: data) }) + Array("garbage!".utf8) },
    bytes("gzip bomb", "bomb") { gzip(tar { $0.add("bomb", data: zeros) }) },
    bytes("zstd bomb", "bomb") { zstd(tar { $0.add("bomb", data: zeros) }) },
    bytes("bomb behind the end", "come out") { gzip(tar { $0.add("f") } + zeros + zeros + zeros + zeros) },
    bytes("too many entries", "f1000") { tar { for index in 0...1000 { $0.add("f\(index)") } } },
]
