import ArgumentParser
import Foundation
import ImageFiles

/// `glint sheet`
struct SheetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sheet",
    abstract: "Puts frames on one contact sheet.",
    discussion: """
        glint sheet out/frame.*.png -o out/sheet.png
        glint sheet out/frame.*.png --columns 6 --width 240 -o sheet.png
      """)

  @Argument(help: ArgumentHelp("PNG or JPEG pictures, in order.", valueName: "pictures"), completion: .file())
  var pictures: [String]

  @Option(name: .shortAndLong, help: ArgumentHelp("The sheet's PNG file.", valueName: "file"), completion: .file())
  var output = "sheet.png"

  @Option(
    help: ArgumentHelp("Pictures in a row. Default: 4.", valueName: "count"), transform: Quantity.parseInteger(1...64))
  var columns = 4

  @Option(
    help: ArgumentHelp("Width of a small copy in pixels. Default: 320.", valueName: "pixels"),
    transform: Quantity.parseInteger(16...4096))
  var width = 320

  func validate() throws {
    let ending = URL(fileURLWithPath: output).pathExtension
    guard ending.lowercased() == "png" else {
      throw ValidationError(
        "--output: '\(output)' ends in '\(ending)', and sheets are PNG files; expected sheet.png, say")
    }
  }

  func run() async throws {
    Interruption.leave()
    var sheet = ContactSheet(columns: columns, cellWidth: width)
    let bar = ProgressBar("Reading", total: Double(pictures.count))
    for path in pictures {
      guard let data = FileManager.default.contents(atPath: path) else {
        throw CommandFailure(
          .badInput, "picture '\(path)' cannot be read in \(FileManager.default.currentDirectoryPath)")
      }
      do {
        sheet.add(try [UInt8](data).withUnsafeBytes { try ImageDecoder.decode($0) })
      } catch {
        throw CommandFailure(.badInput, "picture '\(path)': \(error)")
      }
      bar.advance(by: 1)
    }
    bar.finish()
    do {
      try PNGWriter.write(try sheet.png(), to: URL(fileURLWithPath: output))
    } catch let error as AtomicFile.WriteError {
      throw CommandFailure(.failedWork, error.description)
    }
    Output.path(output)
  }
}
