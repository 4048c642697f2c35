import Testing

/// The tests that drive the built programs from outside. They run one after the other: two cores, and times of
/// containers that wait for each other would tell nothing.
@Suite(
    .serialized, .enabled(if: Machine.isRoot, Machine.needsRoot), .timeLimit(.minutes(5)))
enum Integration {
    /// An OCI runtime on bundles: hako-native, or any other that HAKO_RUNTIME_UNDER_TEST names.
    @Suite(.serialized, .enabled(if: Machine.hasRuntime, Machine.needsPrograms))
    enum NativeRuntime {}

    /// `hako` from images to exit codes.
    @Suite(.serialized, .enabled(if: Machine.hasHako, Machine.needsPrograms))
    enum HakoRun {}

    /// `hakod` by the docker CLI.
    @Suite(
        .serialized, .enabled(if: Machine.hasHakod, Machine.needsPrograms),
        .enabled(if: Machine.program("docker") != nil, "needs the docker CLI"))
    enum Hakod {}
}
