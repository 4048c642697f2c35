public import OCISpec
internal import Support

/// Where an image comes from, as a person names it.
public enum ImageOrigin: Sendable, Hashable {
    /// A registry.
    case registry(ImageReference)
    /// `oci:DIR[:TAG]`: an OCI image layout.
    case layout(path: String, tag: String?)
    /// `docker-archive:FILE[:REF]` or `oci-archive:FILE[:REF]`: what `docker save` writes, or a layout in a tar.
    case archive(path: String, name: String?)

    /// Parses the text; one without a known prefix is an image reference.
    public init(_ text: String) throws {
        for (prefix, isArchive) in [("oci:", false), ("docker-archive:", true), ("oci-archive:", true)] {
            guard text.hasPrefix(prefix) else { continue }
            let parts = text.dropFirst(prefix.count).split(
                separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts.count > 1 && !parts[1].isEmpty ? String(parts[1]) : nil
            guard let path = parts.first.map(String.init), !path.isEmpty, !text.utf8.contains(0) else {
                throw RuntimeError(.invalidArgument, "image \"\(text)\": \(prefix) must be followed by a path")
            }
            self = isArchive ? .archive(path: path, name: name) : .layout(path: path, tag: name)
            return
        }
        self = .registry(try ImageReference(text))
    }
}
