internal import ContentStore
internal import OCISpec
internal import Snapshots

/// A layer of a stage.
struct StageLayer: Sendable {
    /// The hash of its tar stream.
    let diffID: Digest
    /// Its chain ID: its place in the snapshots' folder once it is committed.
    let chainID: Digest
    /// Where its files are now.
    let place: LayerPlace
    /// The packed layer, where there is one.
    var blob: ContentDescriptor?
}

/// What a stage has come to.
struct StageState: Sendable {
    /// The layers, lowest first.
    var layers: [StageLayer] = []
    /// ENV and ARG.
    var variables: BuildVariables
    /// How containers of the image run. Its environment is in ``variables``.
    var process = ImageConfiguration.Process()
    /// The steps.
    var history: [ImageConfiguration.History] = []
    /// MAINTAINER.
    var author = ""
    /// What the image runs on.
    var platform: Platform
    /// Whether this stage has said CMD: ENTRYPOINT then keeps it.
    var hasOwnCommand = false

    /// What the next layer stands upon, in a cache key.
    var chain: String { layers.last?.chainID.description ?? "scratch" }
    /// Where the layers are, lowest first.
    var places: [LayerPlace] { layers.map(\.place) }
    /// The words of the shell form.
    var shell: [String] { process.shell.isEmpty ? ["/bin/sh", "-c"] : process.shell }
}
