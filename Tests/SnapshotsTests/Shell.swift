import Glibc
import Testing

/// Runs a shell command; throws unless it exits with 0.
func shell(_ command: String) throws {
    try #require(system(command) == 0, "\(command)")
}

/// What a shell command prints.
func output(_ command: String) throws -> String {
    let pipe = try #require(popen(command, "r"))
    var text: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 4096)
    while case let count = fread(&part, 1, part.count, pipe), count > 0 { text += part[..<count] }
    try #require(pclose(pipe) == 0, "\(command)")
    return String(decoding: text, as: UTF8.self)
}
