"""Whether two sets of independent pictures have the same mean: Welch's t-test by pixel, block and picture."""

import numpy

BLOCK = 8


def test_pictures(ours, theirs):
    """Both `batches × height × width × 3`. Returns (p of each level, p of all, both after Šidák; map of pixels' p).

    Pixels without noise are left out: they can be compared plainly.
    Independent batches give honest variances; samples within a batch are stratified and would not.
    """
    flat = noiseless(ours, theirs)
    levels = {}
    p_map = numpy.ones(flat.shape)
    for name, sizes in (('pixel', (1, 1)), ('block', (BLOCK, BLOCK)), ('picture', flat.shape)):
        p = welch(*(pooled(batches * ~flat[..., None], sizes) for batches in (ours, theirs)))
        if name == 'pixel':
            p_map = p.min(axis=-1)
        levels[name] = (float(p.min()), p.size - 3 * (flat.sum() if name == 'pixel' else 0))
    count = sum(size for _, size in levels.values())
    smallest = min(p for p, _ in levels.values())
    # Šidák: the chance that the smallest of so many independent values is as small.
    family = -numpy.expm1(count * numpy.log1p(-min(smallest, 1 - 1e-16)))
    corrected = {name: float(-numpy.expm1(count * numpy.log1p(-min(p, 1 - 1e-16)))) for name, (p, _) in levels.items()}
    return corrected, float(family), p_map


def noiseless(ours, theirs):
    """Pixels in which nothing random is seen, on either side."""
    return (ours.var(axis=0) + theirs.var(axis=0)).sum(axis=-1) < 1e-12


def pooled(batches, size):
    """Means over blocks of pixels."""
    count, height, width, channels = batches.shape
    rows, columns = height // size[0], width // size[1]
    cut = batches[:, :rows * size[0], :columns * size[1]]
    return cut.reshape(count, rows, size[0], columns, size[1], channels).mean(axis=(2, 4))


def welch(a, b):
    """Two-sided p-values along the first axis."""
    va, vb = a.var(axis=0, ddof=1) / len(a), b.var(axis=0, ddof=1) / len(b)
    variance = va + vb
    with numpy.errstate(divide='ignore', invalid='ignore'):
        t2 = (a.mean(axis=0) - b.mean(axis=0)) ** 2 / variance
        freedom = variance ** 2 / (va ** 2 / (len(a) - 1) + vb ** 2 / (len(b) - 1))
        p = incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t2))
    return numpy.where(variance > 0, p, 1.0)


def incomplete_beta(a, b, x):
    """Regularised, for b = ½: the two tails of Student's distribution. By Gauss's quadrature of the smaller part.

    With x = 1 − s², the integral of x^(a−1)·(1−x)^(−½) loses its singularity.
    """
    nodes, weights = numpy.polynomial.legendre.leggauss(96)
    x = numpy.clip(numpy.asarray(x, dtype=float), 0, 1)
    low = numpy.sqrt(1 - x)[..., None]
    # ∫ from low to 1 of 2·(1 − s²)^(a−1) ds, in s = low + (1 − low)·u², which spreads the end at 1.
    u = (nodes + 1) / 2
    s = 1 - (1 - low) * u ** 2
    value = (2 * (1 - s * s) ** (numpy.asarray(a)[..., None] - 1) * 2 * (1 - low) * u * weights / 2).sum(axis=-1)
    whole_s = 1 - u ** 2
    whole = (2 * (1 - whole_s ** 2) ** (numpy.asarray(a)[..., None] - 1) * 2 * u * weights / 2).sum(axis=-1)
    return value / whole
