/// Bits belong to a revision: whatever changes a pixel or a work counter raises it (`GoldenDigestTests`).
///
/// Never inlined: an incremental build must not leave an old number in another module.
public var kernelRevision: Int { @inline(never) get { 7 } }
