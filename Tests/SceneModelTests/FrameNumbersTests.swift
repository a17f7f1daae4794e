import Foundation
import Testing

@testable import SceneModel

@Suite("Frame numbers")
struct FrameNumbersTests {
  @Test(
    "Frames are read as users of Blender, Flamenco and OpenCue write them",
    arguments: [
      ("12", [12]), ("1-4", [1, 2, 3, 4]), ("1..3", [1, 2, 3]), ("1,4,9", [1, 4, 9]), ("9,4,1,4", [1, 4, 9]),
      ("3, 5-7", [3, 5, 6, 7]), ("1-10x3", [1, 4, 7, 10]), ("1-6y2", [2, 4, 6]), ("9-2y-3", [2, 4, 5, 7, 8]),
      ("1-7y3", [2, 3, 5, 6]), ("-9--1x4", [-9, -5, -1]), ("4-9,1-5", [1, 2, 3, 4, 5, 6, 7, 8, 9]), ("-5", [-5]),
      ("-5--3", [-5, -4, -3]),
      ("-1-1", [-1, 0, 1]), ("3-1x-1", [1, 2, 3]), ("5-5x2", [5]), ("1;2 3", [1, 2, 3]), ("+1-2", [1, 2]),
    ])
  func reading(_ text: String, _ numbers: [Int]) throws {
    let read = try FrameNumbers(parsing: text)
    #expect(Array(read) == numbers)
    #expect(read.count == numbers.count)
    #expect(try FrameNumbers(parsing: read.description) == read)
    for number in -12...15 { #expect(read.contains(number) == numbers.contains(number)) }
  }

  @Test(
    "What is no set of frames is refused with the item that is wrong",
    arguments: [
      "", " , ", "a", "1-", "1-2-3", "1.5", "5-3", "1-10x0", "1-10x", "1-10x-1", "1-10z2", "1-9999999", "2000000",
      "--5", "1-999999", "9223372036854775807", "99999999999999999999", "1…5", "1-5y1",
      "1-99999x2,2-100000x2,0", "1-60000,60001-100001", String(repeating: "1-90000y1,", count: 1000),
    ])
  func refusing(_ text: String) {
    #expect(throws: FrameNumbersError.self) { try FrameNumbers(parsing: text) }
  }

  @Test(
    "Frames are written with ranges, and with steps where three or more lie at equal distances",
    arguments: [
      ([7], "7"), ([1, 2, 3, 60], "1-3,60"), ([1, 4, 9], "1,4,9"), ([1, 3], "1,3"), ([5, 3, 1], "1-5x2"),
      ([-5, -4, -1, 2, 5, 9], "-5--4,-1-5x3,9"), (Array(stride(from: 1, through: 99_999, by: 2)), "1-99999x2"),
    ])
  func writing(_ numbers: [Int], _ text: String) throws {
    #expect(FrameNumbers(numbers).description == text)
    #expect(try Array(FrameNumbers(parsing: text)) == numbers.sorted())
  }

  @Test("Frame numbers travel as text")
  func coding() throws {
    let frames = FrameNumbers([1, 2, 3, -4, 9])
    let data = try JSONEncoder().encode([frames])
    #expect(String(decoding: data, as: UTF8.self) == #"["-4,1-3,9"]"#)
    #expect(try JSONDecoder().decode([FrameNumbers].self, from: data) == [frames])
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(FrameNumbers.self, from: Data(#""3-1""#.utf8))
    }
  }
}
