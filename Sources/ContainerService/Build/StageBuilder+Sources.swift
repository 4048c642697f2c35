internal import Dockerfile
internal import Linux
internal import OCISpec
internal import Snapshots
internal import Support

extension StageBuilder {
    /// Opens what `--from` names: nil is the build context.
    func withSource<T>(
        _ from: String?, _ body: (consuming RootDirectory, IgnoreFile, String, _ keepsOwners: Bool) throws -> T
    ) throws -> T {
        let request = session.request
        guard let from, !from.isEmpty else {
            return try body(try Self.again(request.context.root), request.context.ignore, "build context", false)
        }
        switch session.plan.source(from, before: node.stage.index) {
        case .context(let name):
            guard let context = request.contexts[name] else { break }
            return try body(try Self.again(context.root), context.ignore, "context \(name)", false)
        case .stage(let index):
            guard let stage = stages[index] else {
                throw RuntimeError(
                    .unsupported, "--from=\(from): a stage must be named without variables, so that it is built before")
            }
            return try session.withView(stage.places) { root in
                try body(try Self.again(root), IgnoreFile(), "stage \(from)", true)
            }
        case .image(let name):
            let image = try session.image(name, platform: node.platform)
            return try session.withView(image.layers.map { .committed($0) }) { root in
                try body(try Self.again(root), IgnoreFile(), "image \(name)", true)
            }
        case .scratch: break
        }
        throw RuntimeError(.invalidArgument, "--from=\(from): nothing to copy from")
    }

    private static func again(_ root: borrowing RootDirectory) throws -> RootDirectory {
        RootDirectory(try root.descriptor.duplicate(), shown: root.shown)
    }
}
