/// Every bound of the agent and the client, with its reason.
public enum Limits {
  /// Short enough that a restarted master is found at once.
  public static let firstRetryDelay = Duration.milliseconds(250)
  /// Long enough that a thousand waiting agents are a few requests a second.
  public static let retryDelay = Duration.seconds(20)
  /// A person's command gives up after this many tries, some eight seconds: enough for a master's restart.
  public static let commandTries = 5

  /// Time for a connection to be made: beyond it the host does not answer.
  public static let connectTimeout = Duration.seconds(10)
  /// Silence on an open request, apart from the time that the master may hold it open.
  public static let readTimeout = Duration.seconds(30)
  /// The last word to a master, which may be gone.
  public static let goodbyeTimeout = Duration.seconds(3)
  /// Time for a body of so many bytes: as slow as 1 Mbit/s still gets through.
  public static func transferTimeout(byteCount: Int) -> Duration { readTimeout + .seconds(byteCount / 125_000) }
  /// How long the master may hold a question for work open: below the idle limits of common proxies (60 s).
  public static let longPoll = Duration.seconds(20)

  /// Units that wait for a thread: previews of large frames have units of milliseconds.
  public static let waitingUnits = 32
  /// Results that the master has not taken yet; each is some megabytes.
  public static let undeliveredResults = 64
  /// Deliveries at the same time: enough to hide the round trip, few enough to keep memory small.
  public static let concurrentDeliveries = 4
  /// Parts fetched at the same time.
  public static let concurrentTransfers = 4
  /// One rendered, one next, one that other jobs' units go on with.
  public static let preparedFrames = 3
  public static let emptyAnswerInterval = Duration.milliseconds(500)
  /// Tries to fetch a part whose bytes do not fit its hash, before the unit is reported as failed.
  public static let partTries = 3

  /// Rounds of the self-test on all threads, when it is to find a fault that does not always show: some seconds.
  public static let selfTestRounds = 20

  /// Receipts that an agent keeps: some 200 MB.
  public static let receipts = 100_000
  /// Between looks for new ones.
  public static let receiptInterval = Duration.seconds(30)
  /// Entries that a master tells of at once.
  static let receiptBatch = 1000
  /// Entries of a log that are searched before it is noted how far: a whole number of bundles, some megabytes.
  static let receiptSearch: UInt64 = 64 * 256

  /// After the first Ctrl-C: time for results under way to arrive and leases to go back.
  public static let farewell = Duration.seconds(10)

  /// Control messages: 32 leases, or a page of jobs, stay far below.
  public static let controlBodyByteCount = 16 << 20
  /// Pictures: 16,384 × 16,384 at 16 bits a channel, incompressible.
  public static let pictureByteCount = 4 << 30
  /// Default of `glint agent --cache-size`, in bytes.
  public static let partCacheByteCount = 20 << 30
}
