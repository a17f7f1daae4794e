import CProcessor
import KernelScene
import RenderKernel

#if arch(x86_64)
  import renderKernelV4
#endif

/// The builds of the kernel that this program holds, and which of them this processor can run.
public enum KernelChoice {
  /// Why a build cannot be had.
  public struct Unavailable: Error, CustomStringConvertible {
    public var description: String
  }

  #if arch(x86_64)
    /// A processor below level 3 never comes here: `CProcessor` ends the program before anything else runs.
    private static let processorLevel = Int(glint_x86_64_level())
    private static let builds: [(build: any KernelBuild, level: Int, needs: String)] = [
      (RenderKernel.RenderKernelBuild(name: "scalar", laneWidth: .scalar), 3, "AVX2 and FMA"),
      (RenderKernel.RenderKernelBuild(name: "v3", laneWidth: .wide), 3, "AVX2 and FMA"),
      (renderKernelV4.RenderKernelBuild(name: "v4", laneWidth: .wide), 4, "AVX-512 (F, BW, CD, DQ and VL)"),
    ]
  #else
    private static let processorLevel = 0
    private static let builds: [(build: any KernelBuild, level: Int, needs: String)] = [
      (RenderKernel.RenderKernelBuild(name: "scalar", laneWidth: .scalar), 0, ""),
      (RenderKernel.RenderKernelBuild(name: "portable", laneWidth: .wide), 0, ""),
    ]
  #endif

  /// Names of all builds, the reference first, then from the slowest to the fastest.
  public static var names: [String] { builds.map(\.build.name) }

  /// Those that this processor can run, in the same order; never empty.
  public static var available: [any KernelBuild] { builds.filter { $0.level <= processorLevel }.map(\.build) }

  /// The fastest that this processor can run.
  public static var fastest: any KernelBuild { available[available.count - 1] }

  /// A build by its name.
  public static func named(_ name: String) throws(Unavailable) -> any KernelBuild {
    guard let entry = builds.first(where: { $0.build.name == name }) else {
      throw Unavailable(description: "no kernel '\(name)'; there are \(names.joined(separator: ", "))")
    }
    guard entry.level <= processorLevel else {
      throw Unavailable(
        description: "kernel \(name) needs \(entry.needs), which this processor or its operating system lacks; "
          + "it can run \(available.map(\.name).joined(separator: ", "))")
    }
    return entry.build
  }
}
