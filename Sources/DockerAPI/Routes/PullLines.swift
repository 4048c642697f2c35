internal import ContainerService
internal import Synchronization

/// A pull's steps in the words that docker's clients show.
final class PullLines: Sendable {
    private let stream: ProgressStream
    private let seen = Mutex<Set<String>>([])

    init(_ stream: ProgressStream) { self.stream = stream }

    /// Tells a step of a layer.
    func show(_ step: ImageProgress) {
        guard step.phase != .resolving, !(step.phase == .done && step.total == 0) else { return }
        // The whole has a name for an item, which is no digest.
        guard step.item.utf8.count == 12, step.item.allSatisfy(\.isHexDigit) else { return }
        if seen.withLock({ $0.insert(step.item).inserted }), step.phase != .done {
            stream.layer(step.item, "Pulling fs layer")
        }
        switch step.phase {
        case .resolving: break
        case .waiting: stream.layer(step.item, "Waiting")
        case .downloading: stream.layer(step.item, "Downloading", step.bytes, step.total)
        case .verifying: stream.layer(step.item, "Verifying Checksum")
        case .extracting: stream.layer(step.item, "Extracting", step.bytes, step.total)
        case .done: stream.layer(step.item, "Pull complete")
        }
    }

    /// Tells of the layers that were here already.
    func finish(_ layers: [String]) {
        for layer in layers where !seen.withLock({ $0.contains(layer) }) {
            stream.layer(layer, "Already exists")
        }
    }
}
