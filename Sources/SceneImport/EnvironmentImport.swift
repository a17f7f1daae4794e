import Foundation
import ImageFiles
import LaneMath
import KernelScene
import SceneModel

/// Light from all around: a picture that was asked for, or a plain sky.
enum EnvironmentImport {
  static func load(_ url: URL) throws(ImportError) -> Environment {
    let data: Data
    do {
      data = try Data(contentsOf: url, options: .alwaysMapped)
    } catch {
      let isThere = FileManager.default.fileExists(atPath: url.path)
      throw ImportError("environment \(url.path): \(isThere ? "cannot be read" : "there is no such file")")
    }
    let decoded = data.withUnsafeBytes { raw in
      Result { () throws(ImageError) in
        let picture = try EnvironmentDecoder.decode(raw)
        return Environment(width: picture.width, height: picture.height, texels: picture.texels)
      }
    }
    switch decoded {
    case .success(let environment): return environment
    case .failure(let error): throw ImportError("environment \(url.path): \(error.description)")
    }
  }

  /// World directions to directions in the picture: a rotation by the angle about +y, counter-clockwise seen from above.
  ///
  /// So a positive angle turns the picture clockwise seen from above. This is what Blender's Mapping node does with its
  /// Z rotation: it turns the coordinates, by which the picture turns the other way.
  static func worldToEnvironment(degrees: Float) -> Affine {
    let angle = degrees.isFinite ? degrees.truncatingRemainder(dividingBy: 360) : 0
    guard angle != 0 else { return .identity }
    let (s, c) = laneSinCos(angle * (.pi / 180))
    return Affine(x: [c, 0, s, 0], y: [0, 1, 0, 0], z: [-s, 0, c, 0])
  }

  /// The same radiance from everywhere.
  static func constant(_ color: SIMD3<Float>) -> Environment {
    let (width, height) = (8, 4)
    let texels = FlatBuffer<Float>(count: width * height * 3) { target in
      for i in 0..<width * height {
        (target[i * 3], target[i * 3 + 1], target[i * 3 + 2]) = (color.x, color.y, color.z)
      }
    }
    return Environment(width: width, height: height, texels: texels)
  }

  /// Soft blue-white above, warm grey below; luminance 1 on average over all directions.
  static func plainSky() -> Environment {
    let (width, height) = (64, 32)
    let horizon: SIMD3<Float> = [1.55, 1.55, 1.55]
    let zenith: SIMD3<Float> = [1.05, 1.3, 1.75]
    let ground: SIMD3<Float> = [0.62, 0.58, 0.54]
    let texels = FlatBuffer<Float>(count: width * height * 3) { target in
      for row in 0..<height {
        let elevation = laneCos((Float(row) + 0.5) / Float(height) * .pi)
        let color = elevation > 0 ? horizon + (zenith - horizon) * elevation : ground
        for column in 0..<width {
          let at = (row * width + column) * 3
          (target[at], target[at + 1], target[at + 2]) = (color.x, color.y, color.z)
        }
      }
    }
    return Environment(width: width, height: height, texels: texels)
  }
}
