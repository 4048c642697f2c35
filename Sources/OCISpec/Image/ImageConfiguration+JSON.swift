internal import JSON

extension ImageConfiguration {
    /// The document of an image, the same bytes for the same values; what is empty is left out.
    ///
    /// - Parameters:
    ///   - diffIDs: the hashes of the layers' tar streams, the lowest first.
    ///   - history: the steps; as many with a layer as there are layers.
    public static func text(
        platform: Platform, created: String, author: String = "", process: Process, diffIDs: [Digest],
        history: [History]
    ) -> [UInt8] {
        JSONWriter.text { writer in
            writer.object { object in
                if !created.isEmpty { object.member("created", created) }
                if !author.isEmpty { object.member("author", author) }
                object.member("architecture", platform.architecture)
                object.member("os", platform.os)
                if !platform.variant.isEmpty { object.member("variant", platform.variant) }
                object.member("config") { writer in process.write(to: &writer) }
                object.member("rootfs") { writer in
                    writer.object { object in
                        object.member("type", "layers")
                        object.member("diff_ids", diffIDs.map(\.description))
                    }
                }
                object.member("history") { writer in
                    writer.array { writer in for step in history { step.write(to: &writer) } }
                }
            }
        }
    }
}

extension ImageConfiguration.Process {
    func write(to writer: inout JSONWriter) {
        writer.object { object in
            if !user.isEmpty { object.member("User", user) }
            Self.names("ExposedPorts", exposedPorts, &object)
            if !environment.isEmpty { object.member("Env", environment) }
            if !entrypoint.isEmpty { object.member("Entrypoint", entrypoint) }
            if !command.isEmpty { object.member("Cmd", command) }
            Self.names("Volumes", volumes, &object)
            if !workingFolder.isEmpty { object.member("WorkingDir", workingFolder) }
            if !labels.isEmpty { object.member("Labels", labels) }
            if !stopSignal.isEmpty { object.member("StopSignal", stopSignal) }
            if let healthcheck { object.member("Healthcheck") { $0.raw(healthcheck) } }
            if !onBuild.isEmpty { object.member("OnBuild", onBuild) }
            if !shell.isEmpty { object.member("Shell", shell) }
        }
    }

    /// A set as Docker writes it: an object whose members are empty objects.
    private static func names(_ key: String, _ names: [String], _ object: inout JSONWriter) {
        guard !names.isEmpty else { return }
        object.member(key) { writer in
            writer.object { object in for name in names.sorted() { object.member(name) { $0.object { _ in } } } }
        }
    }
}

extension ImageConfiguration.History {
    func write(to writer: inout JSONWriter) {
        writer.object { object in
            if !created.isEmpty { object.member("created", created) }
            if !createdBy.isEmpty { object.member("created_by", createdBy) }
            if !comment.isEmpty { object.member("comment", comment) }
            if isEmptyLayer { object.member("empty_layer", true) }
        }
    }
}

extension Manifest {
    /// The document of an image in OCI's form, the same bytes for the same values.
    public static func text(
        configuration: ContentDescriptor, layers: [ContentDescriptor], annotations: [String: String] = [:]
    ) -> [UInt8] {
        JSONWriter.text { writer in
            writer.object { object in
                object.member("schemaVersion", 2)
                object.member("mediaType", MediaType.ociManifest.rawValue)
                object.member("config") { configuration.write(to: &$0) }
                object.member("layers") { writer in
                    writer.array { writer in for layer in layers { layer.write(to: &writer) } }
                }
                if !annotations.isEmpty { object.member("annotations", annotations) }
            }
        }
    }
}
