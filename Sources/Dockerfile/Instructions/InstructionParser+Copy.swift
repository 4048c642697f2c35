extension InstructionParser {
    /// COPY and ADD: flags, then sources and destination as words or as a JSON list.
    func copy(_ flags: inout Flags, _ line: LogicalLine, isAdd: Bool) throws -> CopyInstruction {
        let keyword = isAdd ? "ADD" : "COPY"
        let words = Self.json(flags.rest) ?? Self.words(flags.rest)
        guard words.count >= 2, let destination = words.last else {
            throw Fault("\(keyword) takes one source at least and a destination")
        }
        var copy = CopyInstruction(isAdd: isAdd, sources: [], destination: destination)
        var documents = line.heredocs[...]
        for word in words.dropLast() {
            if let marker = LineReader.heredoc(word), documents.first?.name == marker.name,
                let document = documents.popFirst()
            {
                copy.heredocs.append(document)
            } else {
                copy.sources.append(word)
            }
        }
        if !documents.isEmpty { throw Fault("the destination can't be a here-document", word: destination) }
        copy.owner = try flags.value("chown")
        copy.mode = try flags.value("chmod")
        copy.isLinked = try flags.switched("link") ?? false
        copy.excludes = try flags.values("exclude")
        if isAdd {
            copy.checksum = try flags.value("checksum")
            copy.keepsGitFolder = try flags.switched("keep-git-dir") ?? false
            copy.unpacks = try flags.switched("unpack")
        } else {
            copy.from = try flags.value("from")
            copy.keepsParents = try flags.switched("parents") ?? false
        }
        return copy
    }
}
