"""Procedural pictures, tileable and seeded, and the PNG writer they need.

A picture is a list of rows of pixels; a pixel is a tuple of values in 0…1, already encoded as the texture wants it.
"""

import math
import random
import struct
import zlib


def png(rows):
    """The bytes of an 8-bit PNG: grey, RGB or RGBA after the length of a pixel."""
    channels = len(rows[0][0])
    color_type = {1: 0, 3: 2, 4: 6}[channels]
    raw, above = bytearray(), bytes(len(rows[0]) * channels)
    for row in rows:
        line = bytes(max(0, min(255, int(c * 255 + 0.5))) for pixel in row for c in pixel)
        left = bytes(channels) + line[:-channels]
        choices = [line, bytes((a - b) & 255 for a, b in zip(line, left)), bytes((a - b) & 255 for a, b in zip(line, above))]
        kind = min(range(3), key=lambda i: sum(b if b < 128 else 256 - b for b in choices[i]))
        raw.append(kind)
        raw += choices[kind]
        above = line

    def chunk(tag, data):
        return struct.pack('>I', len(data)) + tag + data + struct.pack('>I', zlib.crc32(tag + data))

    head = struct.pack('>IIBBBBB', len(rows[0]), len(rows), 8, color_type, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head) + chunk(b'IDAT', zlib.compress(bytes(raw), 9)) + chunk(b'IEND', b'')


def picture(width, height, function):
    """`function(u, v)` at the centre of every pixel; v runs down."""
    return [[function((x + 0.5) / width, (y + 0.5) / height) for x in range(width)] for y in range(height)]


class Noise:
    """Smooth noise in 0…1 that repeats after one unit in u and v."""

    def __init__(self, seed, columns, rows):
        source = random.Random(seed)
        self.columns, self.rows = columns, rows
        self.values = [[source.random() for _ in range(columns)] for _ in range(rows)]

    def __call__(self, u, v):
        x, y = u * self.columns, v * self.rows
        i, j = math.floor(x), math.floor(y)
        fx, fy = x - i, y - j
        fx, fy = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy)
        i, j = i % self.columns, j % self.rows
        k, top, low = (i + 1) % self.columns, self.values[j], self.values[(j + 1) % self.rows]
        a, b = top[i] + (top[k] - top[i]) * fx, low[i] + (low[k] - low[i]) * fx
        return a + (b - a) * fy


def fractal(seed, columns, rows, octaves=4, gain=0.5):
    """Noise over noise, each octave twice as fine and `gain` as strong; about 0.5 on average."""
    layers = [(Noise(seed * 31 + k, columns << k, rows << k), gain ** k) for k in range(octaves)]
    total = sum(weight for _, weight in layers)
    return lambda u, v: sum(layer(u, v) * weight for layer, weight in layers) / total


def normal_map(heights, strength):
    """The normal map of a tileable height field; `strength` is height per pixel that makes a slope of 1."""
    rows, columns = len(heights), len(heights[0])
    result = []
    for j in range(rows):
        up, here, down = heights[j - 1], heights[j], heights[(j + 1) % rows]
        line = []
        for i in range(columns):
            dx = (here[(i + 1) % columns] - here[i - 1]) * strength
            dy = (up[i] - down[i]) * strength
            size = math.sqrt(dx * dx + dy * dy + 1)
            line.append((0.5 - 0.5 * dx / size, 0.5 - 0.5 * dy / size, 0.5 + 0.5 / size))
        result.append(line)
    return result


def hex_color(text):
    """The encoded values of '#rrggbb', for pictures in sRGB."""
    return tuple(int(text[i:i + 2], 16) / 255 for i in (1, 3, 5))


def blend(a, b, t):
    return tuple(x + (y - x) * t for x, y in zip(a, b))


def ramp(stops, t):
    """The colour at `t` along [(position, colour)]."""
    for (p, a), (q, b) in zip(stops, stops[1:]):
        if t <= q:
            return blend(a, b, max(0.0, (t - p) / (q - p)))
    return stops[-1][1]


def wood(width, height, seed, light, dark, rings=5.0):
    """Plain wood with its grain along u, tileable."""
    warp, fibre = fractal(seed, 2, 6, 3), fractal(seed + 1, 4, 96, 2)
    light, dark = hex_color(light), hex_color(dark)

    def pixel(u, v):
        t = warp(u, v)
        ring = 0.5 + 0.5 * math.sin(2 * math.pi * (v * 2 + t * rings))
        mixed = 0.25 + 0.45 * ring * (0.4 + 0.6 * t) + 0.5 * (fibre(u, v) - 0.5)
        # Few levels: the eye sees no steps in grain, and the file halves.
        return blend(light, dark, round(max(0.0, min(1.0, mixed)) * 28) / 28)

    return picture(width, height, pixel)


def planks(size, seed, columns, tones, gap=0.006):
    """Floor boards along v: the colours, and the height field for their normals. Tileable, joints staggered."""
    source = random.Random(seed)
    boards = []
    for column in range(columns):
        shift = (column * 0.382) % 1
        boards.append([(shift, source.choice(tones), source.random(), source.uniform(0.9, 1.08)),
                       ((shift + source.uniform(0.42, 0.58)) % 1, source.choice(tones), source.random(), source.uniform(0.9, 1.08))])
    warp, fibre = fractal(seed, 8, 2, 3), fractal(seed + 1, 128, 5, 2)
    colors, heights = [], []
    for y in range(size):
        color_row, height_row = [], []
        for x in range(size):
            u, v = (x + 0.5) / size, (y + 0.5) / size
            column = int(u * columns)
            across = u * columns - column
            first, second = boards[column]
            inside = (v - first[0]) % 1 < (second[0] - first[0]) % 1
            start, tone, phase, value = first if inside else second
            along = (v - start) % 1
            end = min(along, ((second if inside else first)[0] - v) % 1)
            edge = min(min(across, 1 - across) / columns, end)
            uu, vv = u * 0.999 + phase, v + phase * 3
            t = warp(uu, vv)
            ring = 0.5 + 0.5 * math.sin(2 * math.pi * (across * 1.6 + t * 4 + phase))
            grain = 0.34 * ring * t + 0.5 * (fibre(uu, vv) - 0.5)
            open_ = max(0.0, 1 - edge / gap)
            shade = round(value * (1 - 0.42 * grain) * (1 - 0.72 * min(1, open_ * 1.5)) * 40) / 40
            color_row.append(tuple(c * shade for c in hex_color(tone)))
            height_row.append(-min(1.0, open_ * 1.3) - 0.10 * grain + 0.25 * math.sqrt(min(1.0, edge / (gap * 4))))
        colors.append(color_row)
        heights.append(height_row)
    return colors, heights
