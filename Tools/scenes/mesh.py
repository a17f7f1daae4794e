"""Indexed triangle meshes: positions, normals, texture coordinates, and optionally skin weights and morph targets."""

import math

from vectors import IDENTITY, add, cross, dot, mul, normalize, rotate, sub


class Mesh:
    """One indexed triangle list. `triangles` holds index triples, counter-clockwise seen from outside."""

    def __init__(self, positions=(), normals=(), uvs=(), triangles=()):
        self.positions = list(positions)
        self.normals = list(normals)
        self.uvs = list(uvs)
        self.triangles = list(triangles)
        self.joints = []
        self.weights = []
        self.targets = []
        self.target_names = []

    def placed(self, at=(0, 0, 0), turned=IDENTITY, scale=(1, 1, 1)):
        """A copy, scaled, turned, then moved."""
        s = scale if hasattr(scale, '__len__') else (scale,) * 3
        inverse = tuple(1 / c for c in s)
        flip = s[0] * s[1] * s[2] < 0
        return Mesh([add(rotate(turned, (p[0] * s[0], p[1] * s[1], p[2] * s[2])), at) for p in self.positions],
                    [normalize(rotate(turned, (n[0] * inverse[0], n[1] * inverse[1], n[2] * inverse[2]))) for n in self.normals],
                    self.uvs, [(a, c, b) if flip else (a, b, c) for a, b, c in self.triangles])

    def mapped(self, scale=(1, 1), offset=(0, 0)):
        """A copy whose texture coordinates are scaled, then shifted."""
        copy = Mesh(self.positions, self.normals,
                    [(u * scale[0] + offset[0], v * scale[1] + offset[1]) for u, v in self.uvs], self.triangles)
        return copy

    def bent(self, function):
        """A copy with `function` applied to every position, and its normals made anew."""
        return Mesh([function(p) for p in self.positions], self.normals, self.uvs, self.triangles).smoothed()

    def __iadd__(self, other):
        base = len(self.positions)
        self.positions += other.positions
        self.normals += other.normals
        self.uvs += other.uvs
        self.triangles += [(a + base, b + base, c + base) for a, b, c in other.triangles]
        return self

    def smoothed(self, positions=None):
        """Replaces the normals by averages over the faces around each point, weighted by area.

        Points at equal positions share a normal, so seams of texture coordinates do not show.
        """
        points = positions or self.positions
        sums = {}
        keys = [(round(p[0], 6), round(p[1], 6), round(p[2], 6)) for p in points]
        for a, b, c in self.triangles:
            n = cross(sub(points[b], points[a]), sub(points[c], points[a]))
            for key in {keys[a], keys[b], keys[c]}:
                sums[key] = add(sums.get(key, (0.0, 0.0, 0.0)), n)
        normals = [normalize(sums.get(key, (0.0, 1.0, 0.0))) for key in keys]
        if positions:
            return normals
        self.normals = normals
        return self

    def add_target(self, name, function):
        """Adds a morph target: `function` gives the place of each point when its weight is 1."""
        moved = [function(p) for p in self.positions]
        normals = self.smoothed(moved)
        self.targets.append(([sub(q, p) for q, p in zip(moved, self.positions)],
                             [sub(m, n) for m, n in zip(normals, self.normals)]))
        self.target_names.append(name)

    def bind(self, function):
        """Skins the mesh: `function` gives [(joint, weight)] of a position, at most four, weights adding up to 1."""
        for p in self.positions:
            pairs = (list(function(p)) + [(0, 0.0)] * 4)[:4]
            self.joints.append(tuple(joint for joint, _ in pairs))
            self.weights.append(tuple(weight for _, weight in pairs))

    def tangents(self):
        """Tangents along increasing u, with the sign of the bitangent as glTF's w."""
        us = [(0.0, 0.0, 0.0)] * len(self.positions)
        vs = list(us)
        for corner in self.triangles:
            (p0, p1, p2), (t0, t1, t2) = [self.positions[i] for i in corner], [self.uvs[i] for i in corner]
            e1, e2 = sub(p1, p0), sub(p2, p0)
            du1, dv1, du2, dv2 = t1[0] - t0[0], t1[1] - t0[1], t2[0] - t0[0], t2[1] - t0[1]
            area = du1 * dv2 - du2 * dv1
            if abs(area) < 1e-14:
                continue
            sign = 1.0 if area > 0 else -1.0
            along_u = mul(sub(mul(e1, dv2), mul(e2, dv1)), sign)
            along_v = mul(sub(mul(e2, du1), mul(e1, du2)), sign)
            for i in corner:
                us[i] = add(us[i], along_u)
                vs[i] = add(vs[i], along_v)
        result = []
        for n, u, v in zip(self.normals, us, vs):
            side = normalize(cross((0.0, 1.0, 0.0) if abs(n[1]) < 0.9 else (1.0, 0.0, 0.0), n))
            t = normalize(sub(u, mul(n, dot(n, u))), side)
            # glTF's v runs down the picture; the normal map's green runs up it.
            result.append((*t, 1.0 if dot(cross(n, t), v) <= 0 else -1.0))
        return result


def merged(*meshes):
    whole = Mesh()
    for mesh in meshes:
        whole += mesh
    return whole


def grid(columns, rows, function, close=False):
    """A sheet of `columns` × `rows` cells; `function(u, v)` gives positions, and u runs to the right, v upwards.

    With `close`, the last column meets the first: normals are shared across that seam anyway (`Mesh.smoothed`).
    """
    mesh = Mesh()
    for j in range(rows + 1):
        for i in range(columns + 1):
            u, v = i / columns, j / rows
            mesh.positions.append(function(0.0 if close and i == columns else u, v))
            mesh.uvs.append((u, 1.0 - v))
    for j in range(rows):
        for i in range(columns):
            a = j * (columns + 1) + i
            d = a + columns + 1
            corners = [(a, a + 1, d + 1), (a, d + 1, d)]
            for t in corners:
                p, q, r = (mesh.positions[k] for k in t)
                n = cross(sub(q, p), sub(r, p))
                if dot(n, n) > 1e-22:
                    mesh.triangles.append(t)
    return mesh.smoothed()


def rounded_profile(points, radius, steps=3):
    """A polyline with arcs of `radius` for its inner corners. A point may carry its own radius as third item."""
    result = [points[0][:2]]
    for i in range(1, len(points) - 1):
        p, a, b = points[i][:2], points[i - 1][:2], points[i + 1][:2]
        r = points[i][2] if len(points[i]) > 2 else radius
        da, db = (a[0] - p[0], a[1] - p[1]), (b[0] - p[0], b[1] - p[1])
        la, lb = math.hypot(*da), math.hypot(*db)
        da, db = (da[0] / la, da[1] / la), (db[0] / lb, db[1] / lb)
        reach = min(r, la * 0.49, lb * 0.49)
        if reach < 1e-6:
            result.append(p)
            continue
        start, end = (p[0] + da[0] * reach, p[1] + da[1] * reach), (p[0] + db[0] * reach, p[1] + db[1] * reach)
        for k in range(steps + 1):
            t = k / steps
            w0, w1, w2 = (1 - t) ** 2, 2 * t * (1 - t), t * t
            result.append((w0 * start[0] + w1 * p[0] + w2 * end[0], w0 * start[1] + w1 * p[1] + w2 * end[1]))
    result.append(points[-1][:2])
    return result
