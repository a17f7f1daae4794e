import ArgumentParser
import Foundation
import ImageFiles

extension BenchCommand {
  /// `glint bench views`
  struct ViewsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "views",
      abstract: "Develops colours with a view; how long a picture takes.",
      discussion: """
          glint bench views agx+punchy
          glint bench views agx --colors light.f32 --codes codes.u16

        Without --colors, seconds of one thread for 1920×1080 pixels of random light. The file of --colors holds linear
        light, three little-endian 32-bit floats a pixel (negative ones too); that of --codes gets three little-endian
        16-bit sRGB codes a pixel. Tools/compare/views compares them with Blender's.
        """)

    @Argument(help: ArgumentHelp("neutral, agx, standard or agx+LOOK.", valueName: "view"))
    var view: String

    @Option(help: ArgumentHelp("Linear light to develop.", valueName: "file"), completion: .file())
    var colors: String?

    @Option(help: ArgumentHelp("Where the codes go.", valueName: "file"), completion: .file())
    var codes: String?

    /// 192 MiB of floats.
    private static let colorLimit = 1 << 24

    func validate() throws {
      guard ViewSettings.names.contains(view) else {
        throw ValidationError(
          "unknown view '\(view)'; expected one of \(ViewSettings.names.joined(separator: ", "))")
      }
      guard (colors == nil) == (codes == nil) else {
        throw ValidationError("--colors and --codes go together; give both, or neither to measure time")
      }
    }

    func run() throws {
      guard let settings = ViewSettings(name: view) else { return }
      if let colors, let codes {
        let light = try read(URL(fileURLWithPath: colors))
        let developed = develop(light, settings)
        let bytes = developed.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
        do {
          try Data(bytes).write(to: URL(fileURLWithPath: codes))
        } catch {
          throw CommandFailure(.failedWork, "cannot write \(codes): \(error.localizedDescription)")
        }
        return
      }
      try measure(settings)
    }

    /// Row after row of red, green and blue.
    private func read(_ file: URL) throws -> [Float] {
      let size = try? file.resourceValues(forKeys: [.fileSizeKey]).fileSize
      let limit = 12 * Self.colorLimit
      guard let size else { throw CommandFailure(.badInput, "\(file.path): no such file, or it cannot be read") }
      guard size <= limit, size % 12 == 0, let data = try? Data(contentsOf: file), data.count == size else {
        throw CommandFailure(
          .badInput, "\(file.path): \(size) bytes; expected whole pixels of 12 bytes, at most \(limit) bytes")
      }
      return (0..<size / 4).map { index in
        Float(
          bitPattern: data.withUnsafeBytes {
            UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self))
          })
      }
    }

    private func develop(_ light: [Float], _ view: ViewSettings) -> [UInt16] {
      let count = light.count / 3
      var sums = [Float](repeating: 0, count: 6 * count)
      for i in 0..<count {
        for channel in 0..<3 { sums[channel * count + i] = light[3 * i + channel] }
      }
      return Develop.developed16(sums: sums, width: count, height: 1, sampleCount: 1, view: view)
    }

    private func measure(_ view: ViewSettings) throws {
      let (width, height) = (1920, 1080)
      var state: UInt64 = 1
      let sums = (0..<6 * width * height).map { _ -> Float in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Float(exp2(Double(state >> 40) / Double(1 << 24) * 12 - 8))
      }
      var seconds: [Double] = []
      for _ in 0..<5 {
        let start = ContinuousClock.now
        let codes = Develop.developed8(sums: sums, width: width, height: height, sampleCount: 1, view: view)
        precondition(codes.count == 3 * width * height)
        seconds.append((ContinuousClock.now - start) / .seconds(1))
      }
      Output.line(
        String(format: "%@: first %.3f s, then %.3f s", self.view, seconds[0], seconds.dropFirst().min() ?? 0))
    }
  }
}
