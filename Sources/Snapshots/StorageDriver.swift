internal import CLinux
internal import Glibc
internal import Linux
internal import Support

/// How containers' roots are made from layers.
public enum StorageDriver: String, Sendable, CaseIterable {
    /// overlayfs.
    case overlay
    /// Plain copies.
    case native

    /// Parses a driver's name.
    public init(parsing text: String) throws {
        guard let driver = Self(rawValue: text) else {
            let known = Self.allCases.map(\.rawValue).joined(separator: ", ")
            throw RuntimeError(.invalidArgument, "storage driver \"\(text)\": there are \(known)")
        }
        self = driver
    }

    /// Opens the snapshots in a folder.
    public func open(root: String) throws -> any Snapshotter {
        switch self {
        case .overlay: try OverlaySnapshotter(root: root)
        case .native: try NativeSnapshotter(root: root)
        }
    }

    /// The driver for a folder: overlay where an overlay can be mounted there, else native, with the reason.
    ///
    /// What was found is kept in the folder until the next boot.
    ///
    /// - Throws: `resourceExhausted` where the file system is full, which says nothing about overlayfs.
    public static func choose(root: String) throws -> (driver: StorageDriver, reason: String?) {
        try attempt("choose a storage driver for \(root)") {
            let store = try LayerStore(root: root)
            let note = "\(root)/driver"
            let lines = ((try? readText(note)) ?? "").split(separator: "\n").map(String.init)
            if lines.count >= 2, lines[0] == store.boot, let driver = Self(rawValue: lines[1]) {
                return (driver, lines.count > 2 ? lines[2] : nil)
            }
            let lock = try FileLock("\(root)/locks/probe")
            defer { lock.remove() }
            let refusal = try overlayRefusal(store)
            let driver = refusal == nil ? overlay : native
            let text = ([store.boot, driver.rawValue] + (refusal.map { [$0] } ?? [])).joined(separator: "\n")
            try writeAtomically(Array(text.utf8), to: note, durable: false)
            return (driver, refusal)
        }
    }

    /// Why overlayfs can't stand upon the store's file system; nil where it can.
    private static func overlayRefusal(_ store: LayerStore) throws -> String? {
        let folder = store.temporaryPath("probe")
        defer { try? removeTree(folder) }
        do {
            for name in ["lower", "upper", "work"] { try makeDirectories("\(folder)/\(name)", mode: 0o700) }
            let mount = OverlayMount(lowers: ["\(folder)/lower"], upper: "\(folder)/upper", work: "\(folder)/work")
            try mount.probe()
            return nil
        } catch {
            if let code = (error as? any CodedError)?.runtimeCode, code == .resourceExhausted { throw error }
            return "overlay: \("\(error)".replacing("\n", with: " "))"
        }
    }
}
