internal import ContainerService
internal import JSON

/// What `/system/df` tells.
struct UsageDocument {
    let host: ContainerHost

    func value() throws -> JSONValue {
        let usage = try host.images.systemUsage(host.containers)
        let documents = ImageDocuments(images: host.images)
        let images = usage.images.compactMap { image -> JSONValue? in
            var value = documents.summary([image.listing], containers: image.containers)
            value?["SharedSize"] = .integer(image.shared)
            value?["Size"] = .integer(image.size)
            return value
        }
        let containers = usage.containers.map { usage in
            var value = ContainerDocuments(host: host).summary(usage.record)
            value["SizeRw"] = .integer(usage.size)
            return value
        }
        let volumes = usage.volumes.map { volume in
            var value = VolumeDocument.value(volume.name, host)
            value["UsageData"] = .members([("Size", .integer(volume.size)), ("RefCount", .integer(volume.links))])
            return value
        }
        let cache = usage.cache.map { record -> JSONValue in
            .members([
                ("ID", .string(record.key)), ("Type", .string("regular")), ("InUse", .bool(false)),
                ("Shared", .bool(false)), ("Size", .integer(record.size)),
                ("CreatedAt", .string(Timestamps.text(record.created))),
                ("LastUsedAt", .string(Timestamps.text(record.used))), ("UsageCount", .integer(record.uses)),
            ])
        }
        return .members([
            ("LayersSize", .integer(usage.imageBytes)), ("Images", .array(images)),
            ("Containers", .array(containers)), ("Volumes", .array(volumes)), ("BuildCache", .array(cache)),
        ])
    }
}
