/// A binary heap of events by time; of equal times the first that was added goes first.
struct EventQueue<Event> {
  private struct Entry {
    var time: Double
    var order: UInt64
    /// Of its event in `events`.
    var place: Int32

    func precedes(_ other: Entry) -> Bool { time != other.time ? time < other.time : order < other.order }
  }

  private var heap: [Entry] = []
  /// Apart from the heap, in which entries move; nil: free.
  private var events: [Event?] = []
  private var free: [Int32] = []
  private var added: UInt64 = 0

  mutating func add(_ event: Event, at time: Double) {
    added += 1
    let place = free.popLast() ?? Int32(events.count)
    if place == events.count { events.append(event) } else { events[Int(place)] = event }
    let entry = Entry(time: time, order: added, place: place)
    heap.append(entry)
    heap.withUnsafeMutableBufferPointer { heap in
      var index = heap.count - 1
      while index > 0 {
        let parent = (index - 1) / 2
        guard entry.precedes(heap[parent]) else { break }
        heap[index] = heap[parent]
        index = parent
      }
      heap[index] = entry
    }
  }

  mutating func next() -> (time: Double, event: Event)? {
    guard let first = heap.first, let last = heap.popLast() else { return nil }
    heap.withUnsafeMutableBufferPointer { heap in
      guard !heap.isEmpty else { return }
      var index = 0
      while true {
        var child = 2 * index + 1
        guard child < heap.count else { break }
        if child + 1 < heap.count, heap[child + 1].precedes(heap[child]) { child += 1 }
        guard heap[child].precedes(last) else { break }
        heap[index] = heap[child]
        index = child
      }
      heap[index] = last
    }
    guard let event = events[Int(first.place)] else { preconditionFailure("an event is missing") }
    events[Int(first.place)] = nil
    free.append(first.place)
    return (first.time, event)
  }
}
