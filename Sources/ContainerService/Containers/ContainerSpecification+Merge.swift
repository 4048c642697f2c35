internal import Linux
internal import Support

extension ContainerSpecification {
    /// The same with the image's defaults filled in, as `docker run` combines them.
    ///
    /// - Throws: `invalidArgument` where nothing is left to execute, or a value can't be used.
    public func merged(with image: ContainerImage) throws -> ContainerSpecification {
        var whole = self
        // An own entrypoint does not run with the image's arguments.
        if whole.command.isEmpty && entrypoint == nil { whole.command = image.command }
        whole.entrypoint = entrypoint ?? image.entrypoint
        whole.environment = Self.environment(image.environment, environment)
        whole.workingFolder = workingFolder ?? (image.workingFolder.isEmpty ? "/" : image.workingFolder)
        whole.user = user ?? image.user
        whole.labels = image.labels.merging(labels) { _, own in own }
        whole.stopSignal = stopSignal ?? (image.stopSignal.isEmpty ? "SIGTERM" : image.stopSignal)
        try whole.validate()
        return whole
    }

    /// The later list over the earlier one, by name; a later entry without `=` takes the name away.
    static func environment(_ earlier: [String], _ later: [String]) -> [String] {
        var all = earlier
        for entry in later {
            let name = entry.prefix { $0 != "=" }
            let isAssignment = name.utf8.count < entry.utf8.count
            let place = all.firstIndex { $0.prefix { $0 != "=" } == name }
            switch (place, isAssignment) {
            case (let place?, true): all[place] = entry
            case (let place?, false): all.remove(at: place)
            case (nil, true): all.append(entry)
            case (nil, false): break
            }
        }
        return all
    }

    private func validate() throws {
        guard let program = arguments.first else {
            throw RuntimeError(.invalidArgument, "no command: the image has none, so give one after its name")
        }
        guard !program.isEmpty else { throw RuntimeError(.invalidArgument, "the command is an empty word") }
        if let folder = workingFolder, !folder.hasPrefix("/") {
            throw RuntimeError(.invalidArgument, "working folder \"\(folder)\": must be an absolute path")
        }
        if let hostname, hostname.utf8.count > 64 || hostname.isEmpty || hostname.contains("/") {
            throw RuntimeError(.invalidArgument, "hostname \"\(hostname)\": must be 1 to 64 characters without /")
        }
        if let stopSignal, Signal.number(of: stopSignal) == nil {
            throw RuntimeError(.invalidArgument, "stop signal \"\(stopSignal)\": unknown")
        }
        for mount in mounts where !mount.destination.hasPrefix("/") || mount.destination == "/" {
            throw RuntimeError(
                .invalidArgument, "mount on \"\(mount.destination)\": must be an absolute path other than /")
        }
        for text in arguments + environment where text.utf8.contains(0) {
            throw RuntimeError(.invalidArgument, "the command or the environment holds a NUL character")
        }
        if let memory = limits.memory, memory < 6 << 20 {
            throw RuntimeError(.invalidArgument, "memory limit of \(memory) bytes: the least is 6 MiB")
        }
    }
}
