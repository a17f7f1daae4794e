"""Solids with rounded edges: boxes, turned bodies, tubes, cushions, leaves."""

import math

from mesh import Mesh, grid, merged, rounded_profile
from vectors import add, cross, dot, mul, normalize, sub


def quad(center, right, up):
    """A rectangle around `center`; `right` and `up` are its half edges, and it faces their cross product."""
    n = normalize(cross(right, up))
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    return Mesh([add(center, add(mul(right, x), mul(up, y))) for x, y in corners], [n] * 4,
                [((x + 1) / 2, (1 - y) / 2) for x, y in corners], [(0, 1, 2), (0, 2, 3)])


def box(size, radius=0.01, steps=2, at=(0, 0, 0), uv_scale=1.0, grain=None, offset=(0.0, 0.0)):
    """A box of the full `size` around `at`, its edges rounded with `radius`.

    Texture coordinates are metres times `uv_scale`; u runs along the axis `grain` (0 x, 1 y, 2 z) where a side has it.
    """
    half = tuple(s / 2 for s in size)
    radius = min(radius, min(half) * 0.999)
    inner = tuple(h - radius for h in half)
    ramp = [radius * math.tan(math.pi / 4 * k / steps) for k in range(steps + 1)]
    mesh = Mesh()
    for axis in range(3):
        first, second = (axis + 1) % 3, (axis + 2) % 3
        for sign in (1, -1):
            cuts = []
            for a in (first, second):
                line = [-inner[a] - x for x in reversed(ramp)] + [inner[a] + x for x in ramp]
                cuts.append([x for i, x in enumerate(line) if i == 0 or x - line[i - 1] > 1e-9])
            base, width = len(mesh.positions), len(cuts[0])
            for y in cuts[1]:
                for x in cuts[0]:
                    q = [0.0] * 3
                    q[axis], q[first], q[second] = sign * half[axis], x, y
                    core = tuple(max(-inner[i], min(inner[i], q[i])) for i in range(3))
                    n = normalize(tuple(q[i] - core[i] for i in range(3)))
                    p = add(core, mul(n, radius))
                    mesh.positions.append(add(p, at))
                    mesh.normals.append(n)
                    u, v = (second, first) if grain == second else (first, second)
                    mesh.uvs.append((p[u] * uv_scale + offset[0], -p[v] * uv_scale + offset[1] + axis * 0.37))
            for j in range(len(cuts[1]) - 1):
                for i in range(width - 1):
                    a = base + j * width + i
                    b, c, d = a + 1, a + width + 1, a + width
                    mesh.triangles += [(a, b, c), (a, c, d)] if sign > 0 else [(a, c, b), (a, d, c)]
    return mesh


def lathe(profile, segments=32, radius=0.0, steps=3):
    """A turned body: `profile` is (distance from the axis, height), from the bottom's axis outwards and up."""
    points = rounded_profile(profile, radius, steps) if radius else [p[:2] for p in profile]
    lengths = [0.0]
    for a, b in zip(points, points[1:]):
        lengths.append(lengths[-1] + math.dist(a, b))

    def place(u, v):
        r, y = points[round(v * (len(points) - 1))]
        angle = -2 * math.pi * u
        return (r * math.cos(angle), y, r * math.sin(angle))

    mesh = grid(segments, len(points) - 1, place, close=True)
    for k in range(len(mesh.uvs)):
        mesh.uvs[k] = (mesh.uvs[k][0], 1.0 - lengths[k // (segments + 1)] / lengths[-1])
    return mesh


def sphere(radius=1.0, segments=48, rings=24, at=(0, 0, 0)):
    """A sphere with longitude and latitude as texture coordinates, and exact normals."""
    mesh = lathe([(radius * math.sin(math.pi * j / rings), -radius * math.cos(math.pi * j / rings)) for j in range(rings + 1)], segments)
    mesh.normals = [normalize(p) for p in mesh.positions]
    mesh.positions = [add(p, at) for p in mesh.positions]
    return mesh


def geodesic(radius=1.0, level=2):
    """A sphere of 20 · 4^level even triangles."""
    g = (1 + math.sqrt(5)) / 2
    points = [normalize(p) for p in ((-1, g, 0), (1, g, 0), (-1, -g, 0), (1, -g, 0), (0, -1, g), (0, 1, g),
                                     (0, -1, -g), (0, 1, -g), (g, 0, -1), (g, 0, 1), (-g, 0, -1), (-g, 0, 1))]
    faces = [(0, 11, 5), (0, 5, 1), (0, 1, 7), (0, 7, 10), (0, 10, 11), (1, 5, 9), (5, 11, 4), (11, 10, 2), (10, 7, 6),
             (7, 1, 8), (3, 9, 4), (3, 4, 2), (3, 2, 6), (3, 6, 8), (3, 8, 9), (4, 9, 5), (2, 4, 11), (6, 2, 10), (8, 6, 7), (9, 8, 1)]
    for _ in range(level):
        middles, finer = {}, []

        def middle(a, b):
            key = (min(a, b), max(a, b))
            if key not in middles:
                middles[key] = len(points)
                points.append(normalize(add(points[a], points[b])))
            return middles[key]

        for a, b, c in faces:
            x, y, z = middle(a, b), middle(b, c), middle(c, a)
            finer += [(a, x, z), (b, y, x), (c, z, y), (x, y, z)]
        faces = finer
    return Mesh([mul(p, radius) for p in points], points, [(0.0, 0.0)] * len(points), faces)


def torus(major, minor, segments=40, sides=16):
    def place(u, v):
        a, b = -2 * math.pi * u, 2 * math.pi * (v if v < 1 else 0)
        r = major + minor * math.cos(b)
        return (r * math.cos(a), minor * math.sin(b), r * math.sin(a))
    return grid(segments, sides, place, close=True)


def frames_along(path):
    """(tangent, side, up) at every point of a path, turned as little as possible from one to the next."""
    tangents = [normalize(sub(path[min(i + 1, len(path) - 1)], path[max(i - 1, 0)])) for i in range(len(path))]
    t = tangents[0]
    side = normalize(cross((0, 1, 0) if abs(t[1]) < 0.9 else (1, 0, 0), t))
    frames = []
    for t in tangents:
        side = normalize(sub(side, mul(t, dot(side, t))))
        frames.append((t, side, cross(t, side)))
    return frames


def tube(path, radius, sides=12, caps=True):
    """A round tube along `path`; `radius` is a number or one per point. With `caps`, the ends are domes."""
    radii = list(radius) if hasattr(radius, '__len__') else [radius] * len(path)
    path = list(path)
    frames = frames_along(path)
    rings = list(zip(path, radii, frames))
    if caps:
        for end, sign in ((0, -1), (-1, 1)):
            p, r, frame = rings[0] if end == 0 else rings[-1]
            for k in (1, 2, 3):
                angle = math.pi / 2 * k / 3
                ring = (add(p, mul(frame[0], sign * r * math.sin(angle))), r * max(math.cos(angle), 0.0) if k < 3 else 0.0, frame)
                rings = [ring] + rings if end == 0 else rings + [ring]

    def place(u, v):
        p, r, (_, side, up) = rings[round(v * (len(rings) - 1))]
        a = 2 * math.pi * u
        return add(p, add(mul(side, r * math.cos(a)), mul(up, r * math.sin(a))))

    return grid(sides, len(rings) - 1, place, close=True)


def cushion(width, height, thickness, cells=18):
    """A pillow that stands on its edge in the xy plane, with a seam around it and drawn-out corners."""
    def side(sign):
        def place(u, v):
            # Cells grow finer towards the seam, where the form bends most.
            x, y = math.sin((u - 0.5) * math.pi), math.sin((v - 0.5) * math.pi)
            swell = max(0.0, (1 - x * x) * (1 - y * y)) ** 0.42
            wrinkle = 0.05 * math.sin(9 * x + 4 * y * y) * (abs(x * y)) * swell
            pull = 1 - 0.10 * (1 - y * y), 1 - 0.10 * (1 - x * x)
            return (sign * x * width / 2 * pull[0], y * height / 2 * pull[1], sign * thickness / 2 * (swell + wrinkle))
        return grid(cells, cells, place)
    whole = merged(side(1), side(-1))
    return whole.smoothed()


def leaf(size, width, curl=0.5, fold=0.25, columns=6, rows=12):
    """A leaf from the origin along +z, face up: `curl` bends it down, `fold` raises its halves."""
    def place(u, v):
        x = 2 * u - 1
        outline = math.sin(math.pi * min(1.0, v) ** 0.75) ** 0.8 if 0 < v < 1 else 0.0
        across = x * width / 2 * outline
        angle = curl * v
        y = -math.sin(angle) * size * v * 0.5 + abs(across) * fold
        return (-across, y, size * v * math.cos(angle * 0.6))
    return grid(columns, rows, place)


def bezier(points, count):
    """`count` + 1 points of a cubic curve."""
    result = []
    for k in range(count + 1):
        t = k / count
        w = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3)
        result.append(tuple(sum(w[i] * points[i][c] for i in range(4)) for c in range(len(points[0]))))
    return result
