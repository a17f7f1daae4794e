// swift-tools-version:6.2

import PackageDescription

#if arch(x86_64)
  let isX86 = true
#else
  let isX86 = false
#endif

/// Flags of the targets whose arithmetic makes pixels. They are optimised in debug builds too, so that tests render in
/// seconds.
let arithmeticFlags = [
  "-Ounchecked", "-wmo", "-disable-batch-mode", "-num-threads", "2", "-enforce-exclusivity=unchecked",
]

/// A build of the kernel for one instruction set. `-march` sets that of the Swift code as well; without FMA an explicit
/// fused multiply-add becomes a library call a lane.
func kernelSettings(_ architecture: String) -> [SwiftSetting] {
  [.unsafeFlags(arithmeticFlags + (isX86 ? ["-Xcc", "-march=\(architecture)"] : []))]
}

/// Code that touches every byte of geometry or pixels, or every unit of a simulated farm, but also reads outside bytes:
/// optimised, with all checks kept.
let bulkSettings: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

/// The kernel's sources again, for AVX-512 and sixteen lanes; its folder is a link.
///
/// Its name sorts behind all others on purpose. Of a function that several modules emit (arrays of integers, say) the linker
/// keeps the first, and SwiftPM hands it objects in the order of their paths: so none that needs AVX-512 gets into modules
/// which run on any processor. `Tools/check-machines` sees to it.
let secondKernelName = "renderKernelV4"
let secondKernel: [Target.Dependency] = isX86 ? [.byName(name: secondKernelName)] : []
let secondKernelTargets: [Target] =
  isX86
  ? [
    .target(
      name: secondKernelName, dependencies: ["KernelScene", "LaneMath", "CLaneIntrinsics"],
      swiftSettings: kernelSettings("x86-64-v4") + [.define("GLINT_SIXTEEN_LANES")])
  ] : []

let package = Package(
  name: "glint",
  platforms: [.macOS(.v15)],
  products: [.executable(name: "glint", targets: ["glint"])],
  dependencies: [
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.7.0"),
  ],
  targets: [
    // C libraries, as module maps only.
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CPng", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(name: "CJpeg", pkgConfig: "libjpeg", providers: [.apt(["libjpeg-dev"])]),
    // Without pkg-config, whose flags for OpenEXR name the C++ libraries as well, and one that SwiftPM warns of.
    .systemLibrary(name: "COpenEXR", providers: [.apt(["libopenexr-dev"])]),

    // Pixels: bit-exact, no Foundation.
    .target(name: "CProcessor"),
    .target(name: "CLaneIntrinsics"),
    .target(name: "LaneMath", dependencies: ["CLaneIntrinsics"], swiftSettings: [.unsafeFlags(arithmeticFlags)]),
    .target(name: "KernelScene", dependencies: ["LaneMath"], swiftSettings: bulkSettings),
    .target(
      name: "RenderKernel", dependencies: ["KernelScene", "LaneMath", "CLaneIntrinsics"],
      swiftSettings: kernelSettings("x86-64-v3")),

    // Scenes and pictures.
    // The calls of libpng and libjpeg that need setjmp, and OpenEXRCore's streams; linked by name, because only Swift reads
    // the module maps.
    .target(
      name: "CImageCodecs", dependencies: ["CPng", "CJpeg", "COpenEXR"],
      linkerSettings: [
        .linkedLibrary("png"), .linkedLibrary("jpeg"), .linkedLibrary("z"), .linkedLibrary("OpenEXRCore"),
      ]),
    .target(name: "ImageFiles", dependencies: ["CImageCodecs", "COpenEXR", "LaneMath"], swiftSettings: bulkSettings),
    .target(
      name: "SceneModel",
      dependencies: [
        "LaneMath", "KernelScene", "CZstd", .product(name: "Crypto", package: "swift-crypto"),
      ], swiftSettings: bulkSettings),
    .target(
      name: "SceneImport", dependencies: ["SceneModel", "ImageFiles", "LaneMath", "KernelScene"],
      swiftSettings: bulkSettings),
    .target(
      name: "FrameRenderer",
      dependencies: ["SceneModel", "CProcessor", "KernelScene", "RenderKernel", "LaneMath", "ImageFiles"]
        + secondKernel,
      swiftSettings: bulkSettings),

    // The farm.
    .target(
      name: "FarmModel",
      dependencies: ["SceneModel", .product(name: "Crypto", package: "swift-crypto")], swiftSettings: bulkSettings),
    .target(
      name: "FarmLedger",
      dependencies: ["FarmModel", "SceneModel", .product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: bulkSettings),
    .target(
      name: "FarmStore",
      dependencies: ["FarmModel", .product(name: "GRDB", package: "GRDB.swift")]),
    .target(
      name: "FarmSimulation", dependencies: ["FarmModel", "SceneModel", "KernelScene"], swiftSettings: bulkSettings),
    .target(name: "FarmWire", dependencies: ["FarmModel", "SceneModel"]),
    .target(
      name: "FarmMaster",
      dependencies: [
        "FarmModel", "FarmLedger", "FarmStore", "FarmWire", "FrameRenderer", "ImageFiles",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdTLS", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    .target(
      name: "FarmAgent",
      dependencies: [
        "FarmModel", "FarmLedger", "FarmWire", "FrameRenderer",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    .executableTarget(
      name: "glint",
      dependencies: [
        "SceneImport", "FrameRenderer", "RenderKernel", "FarmSimulation", "FarmMaster", "FarmAgent", "FarmStore",
        "FarmLedger",
        "FarmWire",
        "ImageFiles",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ]),

    .testTarget(
      name: "LaneMathTests", dependencies: ["LaneMath", "CLaneIntrinsics"], swiftSettings: kernelSettings("x86-64-v3")),
    .testTarget(
      name: "RenderKernelTests", dependencies: ["RenderKernel", "FrameRenderer", "LaneMath"],
      swiftSettings: kernelSettings("x86-64-v3")),
    .testTarget(name: "ImageFilesTests", dependencies: ["ImageFiles"]),
    .testTarget(name: "SceneModelTests", dependencies: ["SceneModel"]),
    .testTarget(name: "SceneImportTests", dependencies: ["SceneImport", "SceneModel", "ImageFiles"]),
    .testTarget(name: "FarmModelTests", dependencies: ["FarmModel"]),
    .testTarget(name: "FarmSimulationTests", dependencies: ["FarmSimulation", "FarmModel"]),
    .testTarget(
      name: "FarmLedgerTests",
      dependencies: ["FarmLedger", "FarmModel", "SceneModel", .product(name: "Crypto", package: "swift-crypto")]),
    .testTarget(
      name: "FarmStoreTests",
      dependencies: ["FarmStore", "FarmModel", .product(name: "GRDB", package: "GRDB.swift")]),
    .testTarget(
      name: "FarmTests",
      dependencies: [
        "glint", "FarmMaster", "FarmAgent", "FarmLedger", "FarmStore", "FarmWire", "FrameRenderer", "ImageFiles",
      ]),
  ] + secondKernelTargets
)
