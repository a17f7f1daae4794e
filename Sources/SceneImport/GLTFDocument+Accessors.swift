import Foundation

// Accessors as flat arrays, checked against the bytes that are there before memory is taken.

extension GLTFDocument {
  enum ComponentType: Int {
    case int8 = 5120
    case uint8 = 5121
    case int16 = 5122
    case uint16 = 5123
    case uint32 = 5125
    case float = 5126

    var size: Int {
      switch self {
      case .int8, .uint8: 1
      case .int16, .uint16: 2
      case .uint32, .float: 4
      }
    }
  }

  struct AccessorShape {
    var count: Int
    var components: Int
    var type: ComponentType
    var isNormalized: Bool
  }

  private static let componentCounts = ["SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16]

  /// True for an accessor without elements, which glTF does not allow and exporters write for empty meshes.
  func isEmpty(_ index: Int) -> Bool {
    guard accessors.indices.contains(index), let count = try? accessors[index]["count"].index() else { return false }
    return count == 0
  }

  func shape(_ index: Int, for user: JSONNode) throws(ImportError) -> AccessorShape {
    guard accessors.indices.contains(index) else {
      throw user.fault("found accessor \(index), but there are \(accessors.count)")
    }
    let node = accessors[index]
    guard let count = try node["count"].index(), count > 0 else { throw node["count"].fault("expected at least 1") }
    guard count <= ImportLimits.accessorElementCount else {
      throw node["count"].fault("\(count) elements are too many")
    }
    guard let type = ComponentType(rawValue: try node["componentType"].index() ?? 0) else {
      throw node["componentType"].fault("is none of 5120, 5121, 5122, 5123, 5125, 5126")
    }
    guard let components = GLTFDocument.componentCounts[try node["type"].string() ?? ""] else {
      throw node["type"].fault("is none of SCALAR, VEC2, VEC3, VEC4, MAT2, MAT3, MAT4")
    }
    return AccessorShape(
      count: count, components: components, type: type, isNormalized: try node["normalized"].bool(false))
  }

  /// All elements as floats, row after row; integers are normalised where the accessor says so.
  ///
  /// - Parameter components: Numbers that an element must have.
  func floats(_ index: Int, components: [Int], for user: JSONNode) throws(ImportError) -> [Float] {
    let shape = try shape(index, for: user)
    guard components.contains(shape.components) else {
      throw user.fault("accessor \(index) has \(shape.components) numbers an element, expected \(components[0])")
    }
    if shape.type == .float, let values: [Float] = try packed(index, shape, user) { return values }
    return try read(index, shape, user) { raw, offset in
      let value: Float
      switch shape.type {
      case .int8:
        let v = Float(raw.loadUnaligned(fromByteOffset: offset, as: Int8.self))
        value = shape.isNormalized ? max(v / 127, -1) : v
      case .uint8:
        let v = Float(raw.loadUnaligned(fromByteOffset: offset, as: UInt8.self))
        value = shape.isNormalized ? v / 255 : v
      case .int16:
        let v = Float(raw.loadUnaligned(fromByteOffset: offset, as: Int16.self))
        value = shape.isNormalized ? max(v / 32767, -1) : v
      case .uint16:
        let v = Float(raw.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
        value = shape.isNormalized ? v / 65535 : v
      case .uint32: value = Float(raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
      case .float: value = raw.loadUnaligned(fromByteOffset: offset, as: Float.self)
      }
      return value
    }
  }

  /// All elements as whole numbers.
  func integers(_ index: Int, components: Int, for user: JSONNode) throws(ImportError) -> [UInt32] {
    let shape = try shape(index, for: user)
    guard shape.components == components else {
      throw user.fault("accessor \(index) has \(shape.components) numbers an element, expected \(components)")
    }
    if shape.type == .uint32, let values: [UInt32] = try packed(index, shape, user) { return values }
    return try read(index, shape, user) { raw, offset in
      switch shape.type {
      case .uint8: UInt32(raw.loadUnaligned(fromByteOffset: offset, as: UInt8.self))
      case .uint16: UInt32(raw.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
      case .uint32: raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
      // Not allowed for indices and joints; out of every range, so that the user complains.
      case .int8, .int16, .float: .max
      }
    }
  }

  /// Refuses an accessor that the file cannot fill, before memory is taken for it.
  private func checkSize(
    _ index: Int, _ shape: AccessorShape, elementSize: Int, for user: JSONNode
  ) throws(ImportError) {
    let node = accessors[index]
    guard let viewIndex = try node["bufferView"].index() else {
      guard shape.count <= ImportLimits.emptyAccessorElementCount else {
        throw node["count"].fault("\(shape.count) elements without a buffer view are too many")
      }
      return
    }
    let view = try view(viewIndex, for: node["bufferView"])
    let offset = try node["byteOffset"].index() ?? 0
    guard offset <= view.range.count else { throw node["byteOffset"].fault("found \(offset), the view is shorter") }
    let needed = offset + (shape.count - 1) * (view.stride ?? elementSize) + elementSize
    guard needed <= view.range.count else {
      throw user.fault("accessor \(index) needs \(needed) bytes, its buffer view holds \(view.range.count)")
    }
  }

  /// The elements of an accessor whose bytes are an array of `T` as they stand; nil for any other.
  private func packed<T: BitwiseCopyable & Numeric>(
    _ index: Int, _ shape: AccessorShape, _ user: JSONNode
  ) throws(ImportError) -> [T]? {
    let node = accessors[index]
    let elementSize = shape.components * MemoryLayout<T>.size
    guard let viewIndex = try node["bufferView"].index(), !node["sparse"].isPresent else { return nil }
    let view = try view(viewIndex, for: node["bufferView"])
    guard view.stride ?? elementSize == elementSize else { return nil }
    try checkSize(index, shape, elementSize: elementSize, for: user)
    let start = view.range.lowerBound + (try node["byteOffset"].index() ?? 0)
    let byteCount = shape.count * elementSize
    return [T](unsafeUninitializedCapacity: shape.count * shape.components) { target, count in
      view.data.withUnsafeBytes { all in
        UnsafeMutableRawBufferPointer(target).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: all[start..<start + byteCount]))
      }
      count = shape.count * shape.components
    }
  }

  private func read<T>(
    _ index: Int, _ shape: AccessorShape, _ user: JSONNode, _ convert: (UnsafeRawBufferPointer, Int) -> T
  ) throws(ImportError) -> [T] where T: Numeric {
    let node = accessors[index]
    // Columns of small matrices start at multiples of four bytes.
    let matrixOrder =
      (try node["type"].string() ?? "").hasPrefix("MAT") ? Int(Double(shape.components).squareRoot()) : 0
    let columnSize =
      matrixOrder > 0 ? (matrixOrder * shape.type.size + 3) / 4 * 4 : shape.components * shape.type.size
    let elementSize = matrixOrder > 0 ? columnSize * matrixOrder : columnSize
    try checkSize(index, shape, elementSize: elementSize, for: user)
    var values = [T](repeating: 0, count: shape.count * shape.components)
    func copy(
      _ target: inout [T], _ data: Data, _ range: Range<Int>, _ offset: Int, _ stride: Int, _ count: Int,
      _ elements: [UInt32]?
    ) throws(ImportError) {
      let needed = offset + (count - 1) * stride + elementSize
      guard needed <= range.count else {
        throw user.fault("accessor \(index) needs \(needed) bytes, its buffer view holds \(range.count)")
      }
      data.withUnsafeBytes { all in
        let raw = UnsafeRawBufferPointer(rebasing: all[range])
        for i in 0..<count {
          let element = elements.map { Int($0[i]) } ?? i
          for c in 0..<shape.components {
            let inside =
              matrixOrder > 0
              ? c / matrixOrder * columnSize + c % matrixOrder * shape.type.size : c * shape.type.size
            target[element * shape.components + c] = convert(raw, offset + i * stride + inside)
          }
        }
      }
    }
    if let viewIndex = try node["bufferView"].index() {
      let view = try view(viewIndex, for: node["bufferView"])
      let offset = try node["byteOffset"].index() ?? 0
      guard offset <= view.range.count else { throw node["byteOffset"].fault("found \(offset), the view is shorter") }
      try copy(&values, view.data, view.range, offset, view.stride ?? elementSize, shape.count, nil)
    }
    let sparse = node["sparse"]
    if sparse.isPresent {
      guard let count = try sparse["count"].index(), count <= shape.count else {
        throw sparse["count"].fault("expected a number from 1 to \(shape.count)")
      }
      if count > 0 {
        let indexNode = sparse["indices"]
        guard let type = ComponentType(rawValue: try indexNode["componentType"].index() ?? 0),
          [.uint8, .uint16, .uint32].contains(type)
        else { throw indexNode["componentType"].fault("is none of 5121, 5123, 5125") }
        guard let indexView = try indexNode["bufferView"].index() else {
          throw indexNode["bufferView"].fault("is missing")
        }
        let view = try view(indexView, for: indexNode["bufferView"])
        let offset = try indexNode["byteOffset"].index() ?? 0
        guard offset <= view.range.count, count * type.size <= view.range.count - offset else {
          throw indexNode.fault("needs \(count * type.size) bytes, its buffer view holds \(view.range.count)")
        }
        var elements: [UInt32] = []
        view.data.withUnsafeBytes { all in
          for i in 0..<count {
            let at = view.range.lowerBound + offset + i * type.size
            switch type {
            case .uint8: elements.append(UInt32(all.loadUnaligned(fromByteOffset: at, as: UInt8.self)))
            case .uint16: elements.append(UInt32(all.loadUnaligned(fromByteOffset: at, as: UInt16.self)))
            default: elements.append(all.loadUnaligned(fromByteOffset: at, as: UInt32.self))
            }
          }
        }
        guard elements.allSatisfy({ Int($0) < shape.count }) else {
          throw indexNode.fault("an index is not below the accessor's count \(shape.count)")
        }
        guard let valueView = try sparse["values"]["bufferView"].index() else {
          throw sparse["values"]["bufferView"].fault("is missing")
        }
        let source = try self.view(valueView, for: sparse["values"]["bufferView"])
        let valueOffset = try sparse["values"]["byteOffset"].index() ?? 0
        guard valueOffset <= source.range.count else { throw sparse["values"].fault("starts after its buffer view") }
        try copy(&values, source.data, source.range, valueOffset, elementSize, count, elements)
      }
    }
    return values
  }
}
