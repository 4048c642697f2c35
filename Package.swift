// swift-tools-version: 6.2
// The layers of hako, lowest first: a target depends only on targets of a lower layer.
// `dev/check` proves that from this description and from the imports. See ARCHITECTURE.md.
import PackageDescription

/// Flags beside SwiftPM's own settings, which it refuses from a package that another depends on: only speed is lost there.
let isDependency = Context.packageDirectory.contains("/checkouts/")

let swiftSettings: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .treatAllWarnings(as: .error),
    ]
    + (isDependency
        ? []
        : [
            // Each function by itself, for the linker to order them (link-order.txt); generic types laid out by the compiler
            // where it can, not by demangling their names at run time.
            .unsafeFlags(
                ["-Xfrontend", "-function-sections", "-Xfrontend", "-prespecialize-generic-metadata"],
                .when(configuration: .release))
        ])

/// The runtime programs are static executables that start in under a millisecond; they link no Foundation.
let staticExecutable: [LinkerSetting] = [
    .unsafeFlags(
        ["-static-executable", "-use-ld=lld"]
            + [
                // Functions that a start executes lie side by side: half of a start was page faults, each of which maps the
                // 64 KiB around it. Not 2 MiB, by which a huge page of the file would count as memory of the process.
                "--symbol-ordering-file=\(Context.packageDirectory)/Sources/hako-native/link-order.txt",
                "--script=\(Context.packageDirectory)/Sources/hako-native/sections.ld",
                "--no-warn-symbol-ordering", "--gc-sections", "-z", "max-page-size=65536",
                // What seals the program against a container runs before libc: see CStart.
                "--entry=hako_entry",
            ].flatMap { ["-Xlinker", $0] })
]

/// The shim is static too; it starts once for a container and then waits, so that its functions need no order.
let staticShim: [LinkerSetting] = [
    .unsafeFlags(["-static-executable", "-use-ld=lld", "-Xlinker", "--gc-sections"])
]

/// Programs with network and argument parsing carry Swift's libraries in them, so that nothing but libc must be there.
let staticLibraries: [LinkerSetting] = [
    .unsafeFlags([
        "-static-stdlib", "-l_FoundationCShims", "-l_FoundationCollections", "-lswiftSynchronization", "-lswiftCore",
    ])
]

/// SHA-256 and SHA-512 for the content store.
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
/// The registry's HTTP client; only what pulls images links it, never a runtime program.
let http: [Target.Dependency] = [
    .product(name: "AsyncHTTPClient", package: "async-http-client"),
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
]

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

/// Debian's static codec libraries: nothing to find at run time.
let codecLibraries: [LinkerSetting] = [
    .linkedLibrary(":libz.a"), .linkedLibrary(":libzstd.a"), .linkedLibrary(":libdeflate.a"),
]

func unitTests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.target(name: name)] + dependencies, swiftSettings: swiftSettings)
}

let package = Package(
    name: "hako",
    products: [
        .library(name: "JSON", targets: ["JSON"]),
        .library(name: "Seccomp", targets: ["Seccomp"]),
        .library(name: "Cgroups", targets: ["Cgroups"]),
        .library(name: "ContentStore", targets: ["ContentStore"]),
        .library(name: "RegistryClient", targets: ["RegistryClient"]),
        .executable(name: "hako-native", targets: ["hako-native"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", exact: "2.37.6"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    ],
    targets: [
        // 0: C
        .target(name: "CLinux", cSettings: [.define("_GNU_SOURCE")]),
        // Runs before libc.
        .target(
            name: "CStart",
            cSettings: [.define("_GNU_SOURCE"), .unsafeFlags(["-fno-stack-protector", "-ffreestanding"])]),
        // 1: base
        library("Support"),
        library("Linux", ["CLinux", "Support"]),
        library("JSON", ["Support"]),
        // 2: data
        library("OCISpec", ["JSON", "Support"]),
        library("Dockerfile", ["JSON", "Support"]),
        // 3: mechanisms
        library("ProcessIO", ["CLinux", "Linux", "Support"]),
        library("RootFilesystem", ["CLinux", "Linux", "Support"]),
        library("Seccomp", ["Support"]),
        library("Cgroups", ["CLinux", "Linux", "Support"]),
        library("DBus", ["CLinux", "Linux", "Support"]),
        library("Systemd", ["Cgroups", "DBus", "Linux", "Support"]),
        library("Resctrl", ["Linux", "Support"]),
        library("CRIU", ["CLinux", "Linux", "Support"]),
        library("Netlink", ["Linux"]),
        library("ShimProtocol", ["CLinux", "JSON", "Linux", "Support"]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CDeflate", providers: [.apt(["libdeflate-dev"])]),
        .target(name: "CISAL"),
        .target(
            name: "Archive", dependencies: ["CDeflate", "CISAL", "CLinux", "CZlib", "CZstd", "Linux", "Support"],
            swiftSettings: swiftSettings, linkerSettings: codecLibraries),
        library("Snapshots", ["CLinux", "Linux", "Support"]),
        .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
        .target(
            name: "Metadata", dependencies: ["CSQLite", "Linux", "OCISpec", "Support"], swiftSettings: swiftSettings,
            linkerSettings: [.linkedLibrary(":libsqlite3.a"), .linkedLibrary("m")]),
        library("ContentStore", ["CLinux", "JSON", "Linux", "Metadata", "OCISpec", "Support", crypto]),
        library("RegistryClient", ["ContentStore", "JSON", "Linux", "OCISpec", "ProcessIO", "Support"] + http),
        // 4: isolations
        library("Isolation", ["CLinux", "Cgroups", "Linux", "OCISpec", "Support"]),
        library(
            "NamespaceIsolation",
            [
                "CLinux", "CRIU", "Cgroups", "Isolation", "JSON", "Linux", "Netlink", "OCISpec", "RootFilesystem",
                "Seccomp",
                "Support",
            ]),
        // 5: assembly
        library(
            "OCIRuntime",
            [
                "CLinux", "Cgroups", "Isolation", "JSON", "Linux", "OCISpec", "ProcessIO", "Resctrl", "Support",
                "Systemd",
            ]),
        library("Shim", ["CLinux", "JSON", "Linux", "ProcessIO", "ShimProtocol", "Support"]),
        library(
            "ContainerService",
            [
                "Archive", "CLinux", "ContentStore", "Dockerfile", "JSON", "Linux", "Metadata", "OCISpec", "ProcessIO",
                "RegistryClient", "Seccomp", "ShimProtocol", "Snapshots", "Support",
            ]),
        // 6: doors
        library(
            "CLIKit",
            [
                "Archive", "ContainerService", "Dockerfile", "JSON", "Linux", "OCISpec", "ProcessIO", "RegistryClient",
                "Snapshots", "Support", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        library(
            "DockerAPI",
            [
                "Archive", "CLinux", "ContainerService", "Dockerfile", "JSON", "Linux", "OCISpec", "ProcessIO",
                "RegistryClient", "Snapshots", "Support", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        // 7: programs
        .executableTarget(
            name: "hakod", dependencies: ["DockerAPI"], swiftSettings: swiftSettings,
            linkerSettings: staticLibraries),
        .executableTarget(
            name: "hako", dependencies: ["CLIKit"], swiftSettings: swiftSettings,
            linkerSettings: staticLibraries),
        .executableTarget(
            name: "hako-native", dependencies: ["CStart", "NamespaceIsolation", "OCIRuntime"],
            exclude: ["link-order.txt", "sections.ld"], swiftSettings: swiftSettings,
            linkerSettings: staticExecutable),
        .executableTarget(
            name: "hako-shim", dependencies: ["Shim"], swiftSettings: swiftSettings, linkerSettings: staticShim),
        // tests
        unitTests("Support"),
        unitTests("Linux", ["CLinux", "Support"]),
        unitTests("JSON", ["Support"]),
        // Drives the built programs from outside; needs root. See docs/testing.md.
        .target(name: "CHarness", path: "Tests/CHarness"),
        .testTarget(name: "IntegrationTests", dependencies: ["CHarness"], swiftSettings: swiftSettings),
        // Run by hand for as long as one likes; see docs/testing.md.
        .executableTarget(
            name: "archive-fuzz", dependencies: ["Archive", "CLinux", "CZlib", "CZstd"], path: "Tests/ArchiveFuzz",
            swiftSettings: swiftSettings),
        // Throws damaged documents at the readers, for as long as one likes. See docs/testing.md.
        .executableTarget(
            name: "fuzz-documents", dependencies: ["JSON", "OCISpec"], path: "Tests/FuzzDocuments",
            swiftSettings: swiftSettings),
        unitTests("Archive", ["CDeflate", "CLinux", "CZlib", "CZstd", "Linux", "Support"]),
        unitTests("Snapshots", ["Archive", "CLinux", "Linux", "Support"]),
        unitTests("OCISpec", ["JSON", "Support"]),
        unitTests("Dockerfile", ["Support"]),
        unitTests(
            "ContainerService",
            [
                "CLinux", "ContentStore", "Dockerfile", "JSON", "Linux", "Metadata", "OCISpec", "ProcessIO",
                "RegistryClient",
                "Snapshots", "Support",
            ]),
        unitTests("RootFilesystem", ["Linux", "Support"]),
        unitTests("NamespaceIsolation", ["OCISpec", "Support"]),
        unitTests("OCIRuntime", ["Cgroups", "JSON", "Linux", "OCISpec", "Resctrl", "Support", "Systemd"]),
        unitTests(
            "CLIKit",
            ["ContainerService", "JSON", "Support", .product(name: "ArgumentParser", package: "swift-argument-parser")]),
        unitTests("DockerAPI", ["CLinux", "ContainerService", "JSON", "Linux", "Support"]),
        unitTests("ProcessIO", ["CLinux", "Linux", "Support"]),
        unitTests("ShimProtocol", ["JSON", "Support"]),
        unitTests("Shim", ["CLinux", "Linux", "ShimProtocol", "Support"]),
        unitTests("Seccomp", ["Support", "JSON"]),
        unitTests("Cgroups", ["Linux", "Support"]),
        unitTests("DBus", ["CLinux", "Linux", "Support"]),
        unitTests("Systemd", ["Cgroups", "DBus", "Linux", "Support"]),
        unitTests("Resctrl", ["Linux", "Support"]),
        unitTests("CRIU", ["Linux", "Support"]),
        unitTests("Netlink", ["Linux"]),
        unitTests("Metadata", ["CLinux", "CSQLite", "Linux", "OCISpec", "Support"]),
        unitTests("ContentStore", ["JSON", "Linux", "Metadata", "OCISpec", "Support"]),
        unitTests("RegistryClient", ["ContentStore", "JSON", "Linux", "OCISpec", "Support"] + http),
    ]
)
