/// The option words that this runtime knows, for `features`.
public enum MountOptionWords {
    /// Every word, sorted.
    public static let all: [String] = MountOptions.known.sorted()
}
