internal import ContentStore
public import Metadata
internal import Snapshots
internal import Support

extension ImageService {
    /// What unpacked layers take on the disk, each measured once; a layer that is not unpacked is left out.
    public func usage(of layers: [String]) throws -> [String: Metadata.LayerUsage] {
        let metadata = try content.metadata()
        var known = try metadata.layerUsage()
        var fresh: [String: Metadata.LayerUsage] = [:]
        for layer in Set(layers) where known[layer] == nil {
            guard try snapshots.contains(layer: layer), let measured = try? snapshots.usage(layer: layer) else {
                continue
            }
            fresh[layer] = .init(bytes: measured.bytes, inodes: Int64(measured.inodes))
        }
        if !metadata.isReadOnly { try? metadata.noteUsage(fresh) }
        known.merge(fresh) { $1 }
        let wanted = Set(layers)
        return known.filter { wanted.contains($0.key) }
    }
}
