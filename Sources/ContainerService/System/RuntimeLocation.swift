internal import Glibc
internal import Support

/// Where a runtime program is.
public enum RuntimeLocation {
    /// The runtime that runs containers where nothing is said.
    public static let standard = "hako-native"

    /// A path as it is; a name beside this program, in `../libexec/hako`, then in PATH.
    ///
    /// The program that ``find(_:)`` gives; where there is none, the name itself, for commands that need no runtime.
    public static func likely(_ wanted: String?) -> String {
        (try? find(wanted)) ?? wanted ?? standard
    }

    /// - Throws: `notFound` that says where it was looked for.
    public static func find(_ wanted: String?) throws -> String {
        let name = wanted ?? getenv("HAKO_RUNTIME").map { String(cString: $0) } ?? standard
        if name.contains("/") {
            guard let path = realpath(name, nil) else { throw RuntimeError(.notFound, "runtime \(name): no such file") }
            defer { free(path) }
            return String(cString: path)
        }
        for folder in ownFolders() + searchPath() {
            let path = "\(folder)/\(name)"
            if access(path, X_OK) == 0 { return path }
        }
        throw RuntimeError(
            .notFound,
            "runtime \(name): neither beside hako, in ../libexec/hako nor in PATH; name another with --runtime")
    }

    private static func ownFolders() -> [String] {
        guard let own = realpath("/proc/self/exe", nil) else { return [] }
        defer { free(own) }
        let folder = String(cString: own).split(separator: "/").dropLast().map { "/\($0)" }.joined()
        return [folder, "\(folder)/../libexec/hako"]
    }

    private static func searchPath() -> [String] {
        let path =
            getenv("PATH").map { String(cString: $0) } ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return path.split(separator: ":").map(String.init).filter { $0.hasPrefix("/") }
    }
}
