/// What happens in a build, for whoever shows it. Called from any thread.
public enum BuildProgress: Sendable {
    /// One step.
    public struct Step: Sendable, Hashable {
        /// Its number over all stages, from 1.
        public let number: Int
        /// The stage: its name, or `stage-N`.
        public let stage: String
        /// Its place in the stage, from 1.
        public let place: Int
        /// The stage's steps.
        public let count: Int
        /// The instruction as it was written.
        public let text: String
    }

    /// A step begins.
    case started(Step)
    /// A step needs not be carried out.
    case cached(Step)
    /// A piece of what a RUN step prints.
    case output(Step, [UInt8])
    /// A step is done, after so many seconds.
    case done(Step, seconds: Double)
    /// A step failed.
    case failed(Step)
    /// Something is not as somebody may have expected.
    case warning(String)
    /// An image is pulled.
    case pull(ImageProgress)
    /// The image is being written.
    case exporting(String)
}

/// Receives what happens in a build.
public typealias BuildProgressHandler = @Sendable (BuildProgress) -> Void
