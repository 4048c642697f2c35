internal import Archive
internal import ContentStore
internal import Glibc
internal import Linux
internal import Metadata
internal import OCISpec
internal import RegistryClient
internal import Snapshots
internal import Support

extension ImageService {
    /// Looks at an image's unpacked layers, from the lowest up.
    func checkLayers(of image: Image, _ report: inout StoreCheck, full: Bool, repair: Bool) async throws {
        try keep(image)
        for number in image.layers.indices {
            let item = Metadata.layerItem(image.layers[number])
            if report.problems.contains(where: { $0.item == item }) { continue }
            report.layers += 1
            let blob = image.manifest.layers[number].digest.description
            // A layer whose blob is damaged has been told of already, and can't be compared.
            let comparable = full && !report.open.contains { $0.item == blob }
            guard let fault = await fault(ofLayer: number, of: image, compares: comparable) else { continue }
            var problem = StoreCheck.Problem(item: item, fault: fault, images: [image.name])
            if repair { problem.remedy = await unpackAgain(number, of: image) }
            report.problems.append(problem)
        }
    }

    private func fault(ofLayer number: Int, of image: Image, compares: Bool) async -> String? {
        do {
            // Layers are unpacked when first needed.
            guard try snapshots.contains(layer: image.layers[number]) else { return nil }
            guard compares else { return nil }
            return try await onThread { [self] in try compare(number, of: image) }
        } catch {
            return "can't be compared: \(error)"
        }
    }

    /// Unpacks the blob once more beside the layer and compares the two.
    private func compare(_ number: Int, of image: Image) throws -> String? {
        var difference: String?
        let lowers = Array(image.layers[...number])
        do {
            try snapshots.commitLayer("check-\(try ScratchFolder.ownName())", lowers: lowers) { root, folders in
                var options = ExtractionOptions()
                let below = Array(folders.dropFirst())
                options.lowers = { below }
                let blob = try content.open(image.manifest.layers[number].digest)
                _ = try LayerExtractor.extract(blob, into: root, options: options)
                if let layer = folders.first {
                    let found = try Descriptor.open("/proc/self/fd/\(layer.rawValue)", O_RDONLY | O_DIRECTORY)
                    difference = try TreeComparison.firstDifference(found, try root.open(".", O_RDONLY | O_DIRECTORY))
                }
                throw Compared()
            }
        } catch let error as RuntimeError where error.cause is Compared {
            return difference
        } catch is Compared {
            return difference
        }
        return difference
    }

    /// Says that nothing of the copy is wanted.
    private struct Compared: Error {}

    private func unpackAgain(_ number: Int, of image: Image) async -> String? {
        do {
            try snapshots.removeLayer(image.layers[number])
            _ = try await unpacked(image, { _ in })
            return "unpacked again"
        } catch {
            return nil
        }
    }

    /// Brings a blob again from where it came; how, or nil where nobody has it.
    func refetch(_ blob: NeededBlob) async -> String? {
        for reference in (try? places(of: blob)) ?? [] {
            do {
                // Only once somebody answers: the damaged one may be all that there is.
                if blob.isDocument {
                    let bytes = try await registry.manifest(reference.at(blob.content.digest)).bytes
                    try content.removeBlob(blob.content.digest)
                    try content.write(bytes, blob.content.digest.algorithm)
                } else {
                    try await refetchBlob(blob.content, from: reference)
                }
                return "fetched again from \(reference.name)"
            } catch { continue }
        }
        return nil
    }

    private func refetchBlob(_ blob: ContentDescriptor, from reference: ImageReference) async throws {
        let set = "\(content.blobPath(blob.digest)).damaged"
        let wasThere = rename(content.blobPath(blob.digest), set) == 0
        do {
            try await registry.fetch(blob, of: reference, into: content)
            if wasThere { unlink(set) }
        } catch {
            if wasThere { rename(set, content.blobPath(blob.digest)) }
            throw error
        }
    }

    /// The repositories that may have a blob: where it was seen, then where its images' other parts and names are.
    private func places(of blob: NeededBlob) throws -> [ImageReference] {
        let metadata = try content.metadata()
        var names = try metadata.sources(of: blob.content.digest)
        for image in try content.images() where blob.images.contains(image.name) {
            names += try metadata.sources(of: image.target.digest)
            if !image.isNameless, let reference = try? ImageReference(image.name) { names.append(reference.name) }
        }
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted && !$0.hasPrefix("localhost/") }.compactMap {
            try? ImageReference($0)
        }
    }
}
