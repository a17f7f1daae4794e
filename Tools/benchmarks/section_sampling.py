"""Mean squared error of estimates by the sampler's points, over that of Sobol points with independent Owen scrambling and
shuffling (Burley 2020): below 1, ours are better. Beside: correlated multi-jittered points (Kensler 2013), and points without
any order. Means over random functions of each kind, each with an independent set of points. On the unit square, one pair of
dimensions:

- *edge*: a half-plane, at any angle;
- *lobe, cut*: a half-space, by directions drawn from a cosine lobe; *lobe in lobe*: a broad lobe at any angle, by the same;
- *sky*: a cosine over an even sphere of light;
- *spot*: a Gaussian that covers a tenth of the square;
- *lamp*, *lamp, cut*: a square lamp seen from somewhere below, whole and half hidden;
- *xy*: x·y.

Of two pairs, which is what a picture mostly asks: *edges*, a half-plane of each, both; *edge, sky*, a half-plane in one, a sky in
the other; *skies*, the product of two.

The points are those of docs/kernel.md, "Random numbers", written again in NumPy and compared with the kernel's in three places.
"""

import numpy

from machine import table

WORD = numpy.uint32
FUNCTIONS = 4000
COUNTS = (4, 16, 24, 64, 256)
# (pixel key, sample, dimension, samples) and the kernel's point: the same in SamplerTests.
KNOWN = (((0x12345678, 5, 1, 16), (0.9929160475730896, 0.7468443512916565)),
         ((0xDEADBEEF, 20, 7, 24), (0.3865232467651367, 0.7394981384277344)),
         ((1, 1000, 3, 1 << 16), (0.7216008305549622, 0.19669204950332642)))


def mix(x):
    x = x ^ x >> WORD(17)
    x = x * WORD(0xED5AD4BB)
    x = x ^ x >> WORD(11)
    x = x * WORD(0xAC4C1B51)
    x = x ^ x >> WORD(15)
    x = x * WORD(0x31848BAB)
    return x ^ x >> WORD(14)


def scramble(x, seed):
    """Owen scrambling of numbers whose bits are reversed."""
    x = x ^ x * WORD(0x3D20ADEA)
    x = (x + seed) * (seed >> WORD(16) | WORD(1))
    x = x ^ x * WORD(0x05526C56)
    return x ^ x * WORD(0x53A22864)


def reverse(x):
    x = x << WORD(16) | x >> WORD(16)
    for mask, shift in ((0x00FF00FF, 8), (0x0F0F0F0F, 4), (0x33333333, 2), (0x55555555, 1)):
        x = (x & WORD(mask)) << WORD(shift) | x >> WORD(shift) & WORD(mask)
    return x


def pascal(x):
    for mask, shift in ((0xAAAAAAAA, 1), (0xCCCCCCCC, 2), (0xF0F0F0F0, 4), (0xFF00FF00, 8), (0xFFFF0000, 16)):
        x = x ^ (x & WORD(mask)) >> WORD(shift)
    return x


def unit(bits):
    return (bits >> WORD(8)) * 2.0 ** -24


def shuffled(index, key, count):
    """The index at another place of its block: the largest power of two that divides `count`."""
    bits = (count & -count).bit_length() - 1
    block = WORD((1 << bits) - 1)
    outside = index & ~block
    key = key * WORD(0xC2B2AE35) + outside * WORD(0x85EBCA6B)
    x = index * (key | WORD(1)) & block
    x = x ^ x >> WORD(max(1, bits // 2))
    x = x * WORD(0x9E3779B1) + (key >> WORD(9)) & block
    x = x ^ x >> WORD(max(1, (bits + 1) // 2))
    return outside | x * (key >> WORD(16) | WORD(1)) + (key >> WORD(20)) & block


def net(key, index, count):
    """The kernel's pair of numbers for keys of pairs of dimensions, `key`, in a picture of `count` samples."""
    bits = max(1, int(count - 1).bit_length())
    shift = WORD(32 - bits)
    place = scramble(reverse(shuffled(index, key, count)), key)
    y = pascal(place >> shift)
    jitter = mix(key ^ place * WORD(0x9E3779B9))
    another = key ^ place << WORD(bits)
    lower = WORD((1 << int(shift)) - 1)

    def cell(place, scrambled, jitter):
        return unit(place ^ scrambled & ~lower ^ jitter & lower)
    return (cell(y << shift, mix(another + WORD(0x68BC21EB)), jitter),
            cell(reverse(y), mix(another + WORD(0x02E5BE93)), mix(jitter + WORD(0x68BC21EB))))


def ours(random, sets, count):
    key = mix(random.integers(0, 1 << 32, (sets, 1), dtype=WORD))
    return net(numpy.broadcast_to(key, (sets, count)), numpy.arange(count, dtype=WORD)[None], count)


def owen(random, sets, count):
    key = numpy.broadcast_to(mix(random.integers(0, 1 << 32, (sets, 1), dtype=WORD)), (sets, count))
    index = reverse(scramble(reverse(numpy.arange(count, dtype=WORD))[None], key))
    x = scramble(index, mix(key + WORD(0x68BC21EB)))
    y = scramble(pascal(index), mix(key + WORD(0x02E5BE93)))
    return unit(reverse(x)), unit(reverse(y))


def multijitter(random, sets, count):
    edge = int(count ** 0.5)
    if edge * edge != count:
        return None
    column, row = numpy.arange(count) % edge, numpy.arange(count) // edge
    columns, rows = (numpy.argsort(random.random((sets, edge)), axis=1) for _ in range(2))
    order = numpy.argsort(random.random((sets, count)), axis=1)
    column, row = column[order], row[order]
    columns, rows = numpy.take_along_axis(columns, column, 1), numpy.take_along_axis(rows, row, 1)
    return ((column + (rows + random.random((sets, count))) / edge) / edge,
            (row + (columns + random.random((sets, count))) / edge) / edge)


def independent(random, sets, count):
    return random.random((sets, count)), random.random((sets, count))


def functions(random):
    def number(low=0.0, high=1.0):
        return random.uniform(low, high, (FUNCTIONS, 1))

    def direction(lowest):
        z, phi = number(lowest), number(0, 2 * numpy.pi)
        r = numpy.sqrt(1 - z * z)
        return r * numpy.cos(phi), r * numpy.sin(phi), z

    def lobe(x, y):
        r, phi = numpy.sqrt(y), 2 * numpy.pi * x
        return r * numpy.cos(phi), r * numpy.sin(phi), numpy.sqrt(1 - y)

    def sphere(x, y):
        z, phi = 1 - 2 * y, 2 * numpy.pi * x
        r = numpy.sqrt(numpy.maximum(0, 1 - z * z))
        return r * numpy.cos(phi), r * numpy.sin(phi), z

    def dot(a, b):
        return sum(p * q for p, q in zip(a, b))

    def half_plane(reach):
        angle, offset = number(0, 2 * numpy.pi), number(-reach, reach)
        return lambda x, y: (x - 0.5) * numpy.cos(angle) + (y - 0.5) * numpy.sin(angle) < offset

    def lamp(hidden):
        seen_x, seen_z = number(-2, 2), number(-2, 2)

        def light(x, y):
            # Two triangles by halves of x, each by folding a square.
            first, u = x < 0.5, numpy.where(x < 0.5, 2 * x, 2 * x - 1)
            u, v = numpy.where(y > u, u / 2, u - y / 2), numpy.where(y > u, y - u / 2, y / 2)
            x, z = numpy.where(first, u, 1 - u), numpy.where(first, v, 1 - v)
            square = (x - 0.5 - seen_x) ** 2 + (z - 0.5 - seen_z) ** 2 + 1.5 ** 2
            return (1.5 / square) ** 2 * (hidden(x, z) if hidden else 1)
        return light

    edge, cut, towards, normal = half_plane(0.6), number(-0.8, 0.8), direction(0), direction(-1)
    angle, center_x, center_y = number(0, 2 * numpy.pi), number(), number()

    def lobe_cut(x, y):
        d = lobe(x, y)
        return d[0] * numpy.cos(angle) + d[1] * numpy.sin(angle) < cut * d[2]
    return {
        'edge': edge, 'lobe, cut': lobe_cut, 'lobe in lobe': lambda x, y: numpy.exp(6 * (dot(lobe(x, y), towards) - 1)),
        'sky': lambda x, y: numpy.maximum(0, dot(sphere(x, y), normal)),
        'spot': lambda x, y: numpy.exp(-((x - center_x) ** 2 + (y - center_y) ** 2) / 0.03),
        'lamp': lamp(None), 'lamp, cut': lamp(half_plane(0.5)), 'xy': lambda x, y: x * y}


# Of two pairs of dimensions: the functions of each.
PRODUCTS = {'edges': ('edge', 'edge'), 'edge, sky': ('edge', 'sky'), 'skies': ('sky', 'sky')}


def section(options):
    for (key, sample, dimension, count), point in KNOWN:
        key, dimension, sample = (numpy.array([word], dtype=WORD) for word in (key, dimension, sample))
        spread = mix(dimension + WORD(0x9E3779B9)) * WORD(0x85EBCA6B)
        found = net(mix(key ^ spread), sample, count)
        if tuple(float(value[0]) for value in found) != point:
            raise RuntimeError(f'the points are not those of the kernel: {found}, not {point}')
    random = numpy.random.default_rng(5)
    first, second = functions(random), functions(random)
    middles = (numpy.arange(96) + 0.5) / 96
    x, y = (numpy.broadcast_to(axis.ravel(), (FUNCTIONS, 96 * 96)) for axis in numpy.meshgrid(middles, middles))
    truths = [{name: f(x, y).mean(axis=1) for name, f in kinds.items()} for kinds in (first, second)]
    truths = {**truths[0], **{name: truths[0][a] * truths[1][b] for name, (a, b) in PRODUCTS.items()}}
    results = []
    for count in COUNTS:
        row = dict(samples=count)
        for name, points in (('owen', owen), ('ours', ours), ('multijitter', multijitter), ('independent', independent)):
            errors = {kind: [] for kind in truths}
            for _ in range(4):
                made, other = points(random, FUNCTIONS, count), points(random, FUNCTIONS, count)
                if made is None:
                    break
                values = {kind: f(*made) for kind, f in first.items()}
                values.update({kind: values[a] * second[b](*other) for kind, (a, b) in PRODUCTS.items()})
                for kind, value in values.items():
                    errors[kind].append(((value.mean(axis=1) - truths[kind]) ** 2).mean())
            else:
                row[name] = {kind: float(numpy.mean(values)) for kind, values in errors.items()}
        results.append(row)
    rows = []
    for row in results:
        for name, words in (('ours', 'ours'), ('multijitter', 'multi-jittered'), ('independent', 'independent')):
            if name in row:
                rows.append([row['samples'], words] + [f'{row[name][kind] / row["owen"][kind]:.2f}' for kind in truths])
        rows.append([row['samples'], 'Owen: error'] + [f'{row["owen"][kind]:.1e}' for kind in truths])
    return __doc__.strip() + '\n\n' + table(['samples', ''] + list(truths), rows), results
