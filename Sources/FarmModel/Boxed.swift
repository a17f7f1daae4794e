/// A value on the heap that is copied when it is changed and shared: dictionaries hand out a reference instead of copying
/// large states with every look.
@dynamicMemberLookup
struct Boxed<Value: Sendable>: Sendable {
  private final class Storage: @unchecked Sendable {
    // Sendable because it is changed only while nobody else refers to it.
    // Exclusive access to the box is exclusive access to its value.
    @exclusivity(unchecked) var value: Value
    init(_ value: Value) { self.value = value }
  }

  private var storage: Storage

  init(_ value: Value) { storage = Storage(value) }

  var value: Value {
    @inline(__always) _read { yield storage.value }
    @inline(__always) _modify {
      if !isKnownUniquelyReferenced(&storage) { storage = Storage(storage.value) }
      yield &storage.value
    }
  }

  subscript<Member>(dynamicMember path: KeyPath<Value, Member>) -> Member {
    @inline(__always) _read { yield storage.value[keyPath: path] }
  }
}
