import OCISpec
import Testing

@Suite struct PlatformTests {
    @Test(arguments: [
        ("linux/x86_64", "linux/amd64"), ("amd64", "linux/amd64"), ("linux/aarch64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"), ("linux/arm", "linux/arm/v7"), ("armhf", "linux/arm/v7"),
        ("armel", "linux/arm/v6"), ("linux/amd64/v1", "linux/amd64"), ("Linux/AMD64/V3", "linux/amd64/v3"),
        ("linux/arm/6", "linux/arm/v6"), ("linux/riscv64", "linux/riscv64"), ("i386", "linux/386"),
    ])
    func normalForm(text: String, expected: String) throws {
        #expect(try Platform(text).description == expected)
    }

    @Test func badPlatforms() {
        for bad in ["", "/", "linux/", "linux/amd64/v1/x", "li nux/amd64", "linux//v7"] {
            #expect(throws: (any Error).self, "\(bad)") { _ = try Platform(bad) }
        }
    }

    /// wanted, offered (in the index's order), chosen; empty where none fits.
    @Test(arguments: [
        ("linux/amd64", "linux/arm64 linux/amd64", "linux/amd64"),
        ("linux/amd64", "windows/amd64 linux/arm64", ""),
        ("linux/amd64", "linux/amd64/v2", ""),
        ("linux/amd64/v3", "linux/amd64 linux/amd64/v2 linux/amd64/v4", "linux/amd64/v2"),
        ("linux/arm/v7", "linux/arm/v5 linux/arm/v6 linux/arm64", "linux/arm/v6"),
        ("linux/arm/v6", "linux/arm/v7", ""),
        ("linux/arm64", "linux/arm/v7 linux/arm64/v8", "linux/arm64"),
        ("linux/arm64", "unknown/unknown linux/arm64/v9", ""),
        ("linux/s390x", "linux/s390x", "linux/s390x"),
    ])
    func choice(wanted: String, offered: String, expected: String) throws {
        let digest = try Digest(ImageSamples.digest)
        let entries = try offered.split(separator: " ").map { text in
            ContentDescriptor(mediaType: .ociManifest, digest: digest, size: 1, platform: try Platform(String(text)))
        }
        let chosen = try Platform(wanted).choose(from: entries)?.platform?.description ?? ""
        #expect(chosen == expected)
    }

    @Test func entriesWithoutPlatform() throws {
        let digest = try Digest(ImageSamples.digest)
        let bare = ContentDescriptor(mediaType: .ociManifest, digest: digest, size: 1)
        let amd64 = try Platform("linux/amd64")
        #expect(amd64.choose(from: [bare]) == bare)
        #expect(amd64.choose(from: [bare, bare]) == nil)
        #expect(amd64.choose(from: []) == nil)
    }

    @Test func digests() throws {
        #expect(try Digest(ImageSamples.digest).short == "aaaaaaaaaaaa")
        #expect(try Digest(.sha256, hash: [UInt8](repeating: 0xab, count: 32)).hex.hasPrefix("abab"))
        for bad in [
            "", "sha256:", "sha256:AA", "sha1:aa", "sha256", "sha512:" + String(repeating: "a", count: 64),
            "sha256:" + String(repeating: "A", count: 64), "sha256:" + String(repeating: "/", count: 64),
        ] {
            #expect(throws: (any Error).self, "\(bad)") { _ = try Digest(bad) }
        }
    }
}
