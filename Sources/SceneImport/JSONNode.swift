import Foundation

/// A JSON value that knows where it stands, so that errors can say it.
struct JSONNode {
  var value: Any?
  var path: String

  func fault(_ text: String) -> ImportError { ImportError("\(path): \(text)") }

  private var typeName: String {
    switch value {
    case nil, is NSNull: "nothing"
    case is String: "text"
    case is [Any]: "an array"
    case is [String: Any]: "an object"
    case let number as NSNumber: "\(number)"
    default: "something else"
    }
  }

  var isPresent: Bool { value != nil && !(value is NSNull) }

  subscript(_ key: String) -> JSONNode {
    JSONNode(value: (value as? [String: Any])?[key], path: path.isEmpty ? key : "\(path).\(key)")
  }

  subscript(_ index: Int) -> JSONNode {
    guard let array = value as? [Any], array.indices.contains(index) else {
      return JSONNode(value: nil, path: "\(path)[\(index)]")
    }
    return JSONNode(value: array[index], path: "\(path)[\(index)]")
  }

  /// Elements; none where there is no array.
  func array() throws(ImportError) -> [JSONNode] {
    guard isPresent else { return [] }
    guard let array = value as? [Any] else { throw fault("found \(typeName), expected an array") }
    return array.indices.map { JSONNode(value: array[$0], path: "\(path)[\($0)]") }
  }

  func object() throws(ImportError) -> [(key: String, node: JSONNode)] {
    guard isPresent else { return [] }
    guard let object = value as? [String: Any] else { throw fault("found \(typeName), expected an object") }
    return object.keys.sorted().map { ($0, self[$0]) }
  }

  func string() throws(ImportError) -> String? {
    guard isPresent else { return nil }
    guard let text = value as? String else { throw fault("found \(typeName), expected text") }
    return text
  }

  func double() throws(ImportError) -> Double? {
    guard isPresent else { return nil }
    guard let number = value as? NSNumber, !(value is Bool) || number.doubleValue.isFinite else {
      throw fault("found \(typeName), expected a number")
    }
    guard number.doubleValue.isFinite else { throw fault("found \(number), expected a finite number") }
    return number.doubleValue
  }

  func float(_ fallback: Float) throws(ImportError) -> Float {
    guard let d = try double() else { return fallback }
    let f = Float(d)
    guard f.isFinite else { throw fault("found \(d), which is too large") }
    return f
  }

  func index() throws(ImportError) -> Int? {
    guard let d = try double() else { return nil }
    guard d >= 0, d <= 9e15, d == d.rounded() else { throw fault("found \(d), expected a whole number from 0") }
    return Int(d)
  }

  /// An index below a count.
  func index(below count: Int, of name: String) throws(ImportError) -> Int? {
    guard let i = try index() else { return nil }
    guard i < count else { throw fault("found \(i), but there are \(count) \(name)") }
    return i
  }

  func bool(_ fallback: Bool) throws(ImportError) -> Bool {
    guard isPresent else { return fallback }
    guard let value = value as? Bool else { throw fault("found \(typeName), expected true or false") }
    return value
  }

  func floats(count: Int) throws(ImportError) -> [Float]? {
    guard isPresent else { return nil }
    let nodes = try array()
    guard nodes.count == count else { throw fault("found \(nodes.count) numbers, expected \(count)") }
    var result: [Float] = []
    for node in nodes { result.append(try node.float(0)) }
    return result
  }
}
