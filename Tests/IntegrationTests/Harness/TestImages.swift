import Foundation

/// The images and the registry that all tests of one run share; made when first asked for, gone at the end of the run.
final class TestImages: Sendable {
    /// `HOST:PORT` of a registry on loopback with the images `busybox` and `configured`.
    let registry: String
    /// Holds `busybox/` and `configured/` as OCI layouts, and `busybox.tar` as docker save writes it.
    let folder: String

    static let shared = Result { try TestImages() }

    private init() throws {
        let folder = try makeTemporaryFolder("images")
        self.folder = folder
        registry = try TestImages.startRegistry(folder + "/registry")
        try TestImages.make([folder, "busybox", "configured", "--archive", "--push", registry])
        atexit {
            guard let images = try? TestImages.shared.get() else { return }
            TestImages.stopRegistry(images.folder + "/registry")
            try? FileManager.default.removeItem(atPath: images.folder)
        }
    }

    /// Runs dev/make-images.
    static func make(_ arguments: [String]) throws {
        let made = try run([Machine.package + "/dev/make-images"] + arguments, timeout: 240)
        guard made.code == 0 else { throw HarnessError("make-images: \(made)") }
    }

    /// Starts a registry with its data below `folder`; returns HOST:PORT.
    static func startRegistry(_ folder: String) throws -> String {
        let started = try run([Machine.package + "/dev/registry", "start", folder])
        guard started.code == 0 else { throw HarnessError("registry: \(started)") }
        return started.text
    }

    static func stopRegistry(_ folder: String) {
        _ = try? run([Machine.package + "/dev/registry", "stop", folder])
    }
}
