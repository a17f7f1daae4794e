/// A binary heap of events by time; of equal times the first that was added goes first.
struct EventQueue<Event> {
  private struct Entry {
    var time: Double
    var order: UInt64
    var event: Event
  }

  private var heap: [Entry] = []
  private var added: UInt64 = 0

  var isEmpty: Bool { heap.isEmpty }

  private func precedes(_ a: Int, _ b: Int) -> Bool {
    heap[a].time != heap[b].time ? heap[a].time < heap[b].time : heap[a].order < heap[b].order
  }

  mutating func add(_ event: Event, at time: Double) {
    added += 1
    heap.append(Entry(time: time, order: added, event: event))
    var index = heap.count - 1
    while index > 0, precedes(index, (index - 1) / 2) {
      heap.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  mutating func next() -> (time: Double, event: Event)? {
    guard let first = heap.first else { return nil }
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var index = 0
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2] where child < heap.count && precedes(child, least) { least = child }
      if least == index { break }
      heap.swapAt(index, least)
      index = least
    }
    return (first.time, first.event)
  }
}
