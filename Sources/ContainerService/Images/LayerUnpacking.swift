internal import Archive
internal import ContentStore
internal import Linux
internal import OCISpec
internal import Snapshots
internal import Support

/// The layers of one image while they are unpacked, each by a thread of its own.
///
/// A layer needs those below it only where it links to their files or leaves out folders of theirs; it waits for them
/// then. Layers are begun lowest first, so that the lowest unfinished one never waits.
final class LayerUnpacking: Sendable {
    private enum Progress {
        case pending
        /// Unpacked and verified, not yet shown; nil where the layer was there already.
        case unpacked(LayerStage?)
        case shown
    }

    private struct State {
        var layers: [Progress]
        var failure: (any Error)?
    }

    let image: Image
    private let content: ContentStore
    private let snapshots: any Snapshotter
    private let batch: LayerBatch
    private let state: Monitor<State>

    init(image: Image, content: ContentStore, snapshots: any Snapshotter, batch: LayerBatch) {
        self.image = image
        self.content = content
        self.snapshots = snapshots
        self.batch = batch
        state = Monitor(State(layers: image.layers.map { _ in .pending }))
    }

    /// Wakes every layer that waits for another, which won't come.
    func giveUp(_ error: any Error) {
        state.update { if $0.failure == nil { $0.failure = error } }
    }

    /// Unpacks a layer while its blob arrives, and verifies the diffID. Waits.
    func unpack(_ number: Int, from arrival: BlobArrival) throws {
        do {
            guard let stage = try batch.stage(image.layers[number]) else {
                return state.update { $0.layers[number] = .unpacked(nil) }
            }
            do {
                try fill(stage, number, arrival)
            } catch {
                stage.discard()
                throw error
            }
            state.update { $0.layers[number] = .unpacked(stage) }
        } catch {
            giveUp(error)
            throw error
        }
    }

    /// Shows a layer that is unpacked, and whose blob has been verified; all below it must be shown.
    func commit(_ number: Int) throws {
        if case .unpacked(let stage?) = state.update({ $0.layers[number] }) { try stage.commit() }
        state.update { $0.layers[number] = .shown }
    }

    /// Throws away what is unpacked and was not shown, once no thread works any more.
    func discardRest() {
        let left = state.update { state in
            state.layers.compactMap { layer in if case .unpacked(let stage?) = layer { stage } else { nil } }
        }
        for stage in left { stage.discard() }
    }

    private func fill(_ stage: LayerStage, _ number: Int, _ arrival: BlobArrival) throws {
        let layer = image.manifest.layers[number]
        while true {
            let reader = BlobReader(arrival)
            do {
                return try extract(number, from: reader, into: stage)
            } catch {
                let code = (error as? any CodedError)?.runtimeCode ?? .internal
                // What can't be unpacked may be another content than the one promised, which the blob's digest tells.
                if code == .invalidArgument || code == .invalidState || reader.isStale {
                    if try reader.waitForVerdict() {
                        try stage.empty()
                        continue
                    }
                }
                // A blob that was damaged on the disk must not stand in the way of the next pull.
                if (try? content.verify(layer.digest)) == nil { try? content.removeBlob(layer.digest) }
                throw RuntimeError(code, "layer \(layer.digest)", cause: error)
            }
        }
    }

    private func extract(_ number: Int, from reader: BlobReader, into stage: LayerStage) throws {
        let diffID = image.configuration.diffIDs[number]
        let hash = StreamHash(diffID.algorithm)
        var options = ExtractionOptions()
        options.lowers = { [self] in try folders(below: number) }
        let input = ArchiveInput(
            read: { [self] in
                if let failure = state.update({ $0.failure }) { throw failure }
                return try reader.read(into: $0)
            }, cancel: { reader.cancel() })
        _ = try LayerExtractor.extract(input, into: try stage.openRoot(), options: options) { hash.hash.update($0) }
        let found = try hash.hash.digest()
        guard found == diffID else {
            throw RuntimeError(.invalidState, "it unpacks to \(found), but the image names \(diffID)")
        }
    }

    /// The folders of the layers below one, nearest first, once all of them are unpacked. Waits.
    private func folders(below number: Int) throws -> [SharedDescriptor] {
        let stages: [LayerStage?] = try state.wait { state in
            if let failure = state.failure { throw failure }
            var stages: [LayerStage?] = []
            for layer in state.layers[..<number] {
                switch layer {
                case .pending: return .notYet
                case .unpacked(let stage): stages.append(stage)
                case .shown: stages.append(nil)
                }
            }
            return .done(stages)
        }
        return try stages.indices.reversed().map { index in
            if let stage = stages[index] { return stage.folder }
            return SharedDescriptor(try snapshots.openLayer(image.layers[index]))
        }
    }
}

/// A hash that the thread that decodes adds to, and that is read once that thread is done.
final class StreamHash {
    var hash: ContentHash

    init(_ algorithm: Digest.Algorithm) {
        hash = ContentHash(algorithm)
    }
}
