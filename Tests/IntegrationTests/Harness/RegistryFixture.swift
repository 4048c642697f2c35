import Foundation
import Testing

/// A registry of a test's own, with an image to push to it.
final class RegistryFixture {
    let hako: HakoFixture
    let folder: String
    let address: String
    /// Where docker's `config.json` lies for the calls of this fixture.
    var configuration: String { folder + "/docker" }
    /// The layout that ``name(_:)`` takes its image from.
    private let layout: String
    private var tokenServer: Job?

    /// Starts a registry. Follow it with `defer { registry.finish() }`.
    ///
    /// - Parameter options: of dev/registry.
    init(_ options: [String] = [], tokens login: String? = nil) throws {
        hako = try HakoFixture()
        folder = hako.home + "/registry"
        layout = hako.home + "/layout"
        var options = options
        if let login {
            let tokens = hako.home + "/tokens"
            tokenServer = try Job([Machine.package + "/dev/token-server", tokens, login])
            guard eventually(within: 20, { FileManager.default.fileExists(atPath: tokens + "/address") }) else {
                throw HarnessError("token server: \(tokenServer?.errors ?? "")")
            }
            options += ["--token", readText(tokens + "/address") ?? "", tokens + "/token.crt"]
        }
        let started = try run([Machine.package + "/dev/registry", "start", folder] + options)
        guard started.code == 0 else { throw HarnessError("registry: \(started)") }
        address = started.text
        try FileManager.default.createDirectory(atPath: configuration, withIntermediateDirectories: true)
    }

    func finish(at location: SourceLocation = #_sourceLocation) {
        TestImages.stopRegistry(folder)
        if let tokenServer {
            kill(tokenServer.pid, SIGTERM)
            _ = tokenServer.wait(timeout: 10)
        }
        hako.finish(at: location)
    }

    /// What the token server was asked, a line each.
    var tokenRequests: [String] {
        (readText(hako.home + "/tokens/requests") ?? "").split(separator: "\n").map(String.init)
    }

    /// Gives the busybox image the name `ADDRESS/REPOSITORY:TAG` in hako's store.
    func name(_ repository: String, from source: String? = nil) throws -> String {
        let name = "\(address)/\(repository)"
        try? FileManager.default.removeItem(atPath: layout)
        try FileManager.default.copyItem(atPath: source ?? hako.images.folder + "/busybox", toPath: layout)
        let edit = """
            import json, sys
            path, name = sys.argv[1] + "/index.json", sys.argv[2]
            index = json.load(open(path))
            for entry in index["manifests"]:
                entry.setdefault("annotations", {})["io.containerd.image.name"] = name
            json.dump(index, open(path, "w"))
            """
        let edited = try run(["/usr/bin/python3", "-c", edit, layout, name])
        guard edited.code == 0 else { throw HarnessError("name: \(edited)") }
        let pulled = try call(["pull", "--quiet", "oci:\(layout)"])
        guard pulled.code == 0 else { throw HarnessError("pull: \(pulled)") }
        return name
    }

    /// Calls hako with this fixture's logins and certificates.
    func call(_ arguments: [String], _ options: Job.Options = Job.Options()) throws -> Outcome {
        var options = options
        options.environment["DOCKER_CONFIG"] = configuration
        options.environment["HAKO_CERTS_D"] = folder + "/certs.d"
        return try hako.call(arguments, options)
    }

    /// Puts a file into `certs.d/ADDRESS`.
    func certificate(_ source: String, as name: String) throws {
        let place = "\(folder)/certs.d/\(address)"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: "\(folder)/tls/\(source)", toPath: "\(place)/\(name)")
    }
}
