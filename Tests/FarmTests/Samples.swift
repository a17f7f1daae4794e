import FarmModel

extension LeaseID {
  /// A lease for tests, told apart by its number.
  static func sample(_ number: Int) -> LeaseID { LeaseID("\(number)") }
}
