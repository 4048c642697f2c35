import ContentStore
import Linux
import OCISpec
import Support
import Testing

@testable import ContainerService

@Suite struct PushPlanTests {
    let folder: TemporaryFolder
    let store: ContentStore

    init() throws {
        folder = try TemporaryFolder()
        store = try ContentStore(opening: folder.path)
    }

    func put(_ bytes: [UInt8], _ type: MediaType, _ platform: String? = nil) throws -> ContentDescriptor {
        ContentDescriptor(
            mediaType: type, digest: try store.write(bytes), size: Int64(bytes.count),
            platform: try platform.map { try Platform($0) })
    }

    func text(_ content: ContentDescriptor) -> String {
        "{\"mediaType\":\"\(content.mediaType)\",\"digest\":\"\(content.digest)\",\"size\":\(content.size)}"
    }

    /// An image of one layer of its own and one that all share.
    func image(_ name: String, _ platform: String) throws -> ContentDescriptor {
        let configuration = try put(Array("configuration of \(name)".utf8), .ociConfiguration)
        let layers = [try put(Array("shared".utf8), .ociLayer), try put(Array("layer of \(name)".utf8), .ociLayer)]
        let manifest =
            "{\"schemaVersion\":2,\"config\":\(text(configuration)),\"layers\":[\(layers.map(text).joined(separator: ","))]}"
        return try put(Array(manifest.utf8), .ociManifest, platform)
    }

    func index(_ entries: [ContentDescriptor]) throws -> ContentDescriptor {
        try put(ImageIndex.text(entries), .ociIndex)
    }

    @Test func aWholeIndexStaysAsItIs() throws {
        let images = [try image("a", "linux/amd64"), try image("b", "linux/arm64")]
        let top = try index(images)
        let plan = try PushPlan(top, platform: nil, store: store)
        #expect(plan.top.content == top && plan.missing.isEmpty)
        #expect(plan.inner.map(\.content.digest) == images.map(\.digest))
        #expect(plan.blobs.count == 5)
    }

    @Test func whatIsNotHereIsLeftOut() throws {
        let images = [try image("a", "linux/amd64"), try image("b", "linux/arm64"), try image("c", "linux/s390x")]
        let top = try index(images)
        try store.removeBlob(images[2].digest)
        let two = try PushPlan(top, platform: nil, store: store)
        #expect(two.missing == ["linux/s390x"] && two.inner.count == 2)
        #expect(try ImageIndex(two.top.bytes).manifests.map(\.platform) == images.prefix(2).map(\.platform))
        #expect(two.top.content.digest == (try ContentHash.digest(of: two.top.bytes)))
        // An image that lacks a layer is not here either.
        try store.removeBlob(try ContentHash.digest(of: Array("layer of b".utf8)))
        let one = try PushPlan(top, platform: nil, store: store)
        #expect(one.top.content.digest == images[0].digest && one.inner.isEmpty)
        #expect(one.missing == ["linux/arm64", "linux/s390x"])
        try store.removeBlob(images[0].digest)
        let error = #expect(throws: RuntimeError.self) { _ = try PushPlan(top, platform: nil, store: store) }
        #expect(error?.code == .notFound)
    }

    @Test func onePlatformAlone() throws {
        let images = [try image("a", "linux/amd64"), try image("b", "linux/arm64")]
        let top = try index(images)
        let plan = try PushPlan(top, platform: Platform("linux/arm64"), store: store)
        #expect(plan.top.content.digest == images[1].digest && plan.blobs.count == 3 && plan.inner.isEmpty)
        let error = #expect(throws: RuntimeError.self) {
            _ = try PushPlan(top, platform: Platform("linux/386"), store: store)
        }
        #expect(error?.description.contains("it is for linux/amd64, linux/arm64") == true)
    }

    @Test func indexesThatMultiplyAreBounded() throws {
        var content = try image("a", "linux/amd64")
        for _ in 0..<4 { content = try index(Array(repeating: content, count: 4000)) }
        let clock = ContinuousClock()
        let taken = try clock.measure {
            let plan = try PushPlan(content, platform: nil, store: store)
            #expect(plan.blobs.count == 3 && plan.inner.count == 4)
        }
        #expect(taken < .seconds(60))
        for _ in 0..<2 { content = try index([content, content]) }
        #expect(throws: RuntimeError.self) { _ = try PushPlan(content, platform: nil, store: store) }
    }
}
