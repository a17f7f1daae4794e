"""What the city is made of: detailed houses and towers, trees and cars, each as {material: Mesh}."""

import random

from mesh import Mesh
from shapes import box, geodesic, lathe, quad
from vectors import add, rotate, turn


class Part:
    """Quads and meshes by material; a mesh's vertices are its own, so facades stay flat."""

    def __init__(self):
        self.meshes = {}

    def mesh(self, material):
        return self.meshes.setdefault(material, Mesh())

    def quad(self, material, center, right, up):
        self.mesh(material).__iadd__(quad(center, right, up))

    def block(self, material, low, high, bottom=False):
        """A sharp box between two corners; its underside only if asked for."""
        c = tuple((a + b) / 2 for a, b in zip(low, high))
        x, y, z = ((b - a) / 2 for a, b in zip(low, high))
        self.quad(material, add(c, (0, y, 0)), (x, 0, 0), (0, 0, -z))
        if bottom:
            self.quad(material, add(c, (0, -y, 0)), (x, 0, 0), (0, 0, z))
        for right, up, out in (((x, 0, 0), (0, y, 0), (0, 0, z)), ((-x, 0, 0), (0, y, 0), (0, 0, -z)),
                               ((0, 0, -z), (0, y, 0), (x, 0, 0)), ((0, 0, z), (0, y, 0), (-x, 0, 0))):
            self.quad(material, add(c, out), right, up)

    def triangle_count(self):
        return sum(len(mesh.triangles) for mesh in self.meshes.values())


def facades(part, wall, low, size, floors, floor_height, bay, share, sill):
    """Four walls of windows set into reveals, on a footprint of `size` = (x, z) around the axis, from height `low`."""
    height = floors * floor_height
    cell = Part()
    for side in range(4):
        width, depth = (size[0], size[1]) if side % 2 == 0 else (size[1], size[0])
        bays = max(2, round(width / bay))
        w, h = width / bays, floor_height
        ww, wh = w * share[0] / 2, h * share[1] / 2
        # One bay, seen from its front: wall around the opening, reveals, glass, and a sill.
        cell.meshes = {}
        deep = 0.28
        for x, y, hx, hy in ((0, -(h / 2 + wh) / 2, w / 2, (h / 2 - wh) / 2), (0, (h / 2 + wh) / 2, w / 2, (h / 2 - wh) / 2),
                             (-(w / 2 + ww) / 2, 0, (w / 2 - ww) / 2, wh), ((w / 2 + ww) / 2, 0, (w / 2 - ww) / 2, wh)):
            cell.quad(wall, (x, y, 0), (hx, 0, 0), (0, hy, 0))
        cell.quad(wall, (-ww, 0, -deep / 2), (0, 0, -deep / 2), (0, wh, 0))
        cell.quad(wall, (ww, 0, -deep / 2), (0, 0, deep / 2), (0, wh, 0))
        cell.quad(wall, (0, wh, -deep / 2), (ww, 0, 0), (0, 0, deep / 2))
        cell.quad(wall, (0, -wh, -deep / 2), (ww, 0, 0), (0, 0, -deep / 2))
        cell.quad('glass', (0, 0, -deep), (ww, 0, 0), (0, wh, 0))
        if sill:
            cell.block('trim', (-ww - 0.1, -wh - 0.14, 0), (ww + 0.1, -wh, 0.18))
            cell.block('trim', (-0.05, -wh, -deep), (0.05, wh, -deep + 0.07))
        spin = turn(y=90 * side)
        for j in range(floors):
            for i in range(bays):
                at = rotate(spin, ((i + 0.5) * w - width / 2, 0, depth / 2))
                for material, mesh in cell.meshes.items():
                    part.mesh(material).__iadd__(mesh.placed((at[0], low + (j + 0.5) * h, at[2]), spin))
    return low + height


def roof(part, wall, size, top, source):
    """A flat roof with a parapet, plant rooms and a water tank."""
    x, z = size[0] / 2, size[1] / 2
    part.quad('roof', (0, top + 0.12, 0), (x, 0, 0), (0, 0, -z))
    for low, high in (((-x - 0.2, top - 0.3, z - 0.3), (x + 0.2, top + 1.0, z + 0.2)), ((-x - 0.2, top - 0.3, -z - 0.2), (x + 0.2, top + 1.0, -z + 0.3)),
                      ((x - 0.3, top - 0.3, -z + 0.3), (x + 0.2, top + 1.0, z - 0.3)), ((-x - 0.2, top - 0.3, -z + 0.3), (-x + 0.3, top + 1.0, z - 0.3))):
        part.block(wall, low, high, bottom=True)
    for _ in range(3):
        a, b, s = source.uniform(-0.5, 0.5) * x, source.uniform(-0.5, 0.5) * z, source.uniform(1.2, 2.4)
        part.block('metal', (a - s, top, b - s), (a + s, top + source.uniform(1.5, 3.5), b + s * 0.7))
    if source.random() < 0.6:
        tank = lathe([(0, 1.6), (1.5, 1.6), (1.5, 4.4), (0, 5.6)], 20)
        part.mesh('wood').__iadd__(tank.placed((0.45 * x, top, -0.45 * z)))


def house(seed, wall, size, floors, bay=3.0, share=(0.52, 0.58), sill=True):
    """A house with shops below and a cornice above."""
    part, source = Part(), random.Random(seed)
    low = facades(part, 'stone', 0.0, size, 1, 4.4, bay * 1.4, (0.8, 0.76), False)
    x, z = size[0] / 2, size[1] / 2
    part.block('trim', (-x - 0.25, low - 0.2, -z - 0.25), (x + 0.25, low + 0.2, z + 0.25), bottom=True)
    top = facades(part, wall, low, size, floors - 1, 3.3, bay, share, sill)
    part.block('trim', (-x - 0.45, top - 0.5, -z - 0.45), (x + 0.45, top, z + 0.45), bottom=True)
    roof(part, wall, size, top, source)
    return part


def tower(seed, wall, size, steps, bay=2.2, share=(0.74, 0.78)):
    """A tower that steps back: `steps` is [(share of the footprint, floors)]."""
    part, source = Part(), random.Random(seed)
    top = 0.0
    for scale, floors in steps:
        now = (size[0] * scale, size[1] * scale)
        if top:
            part.block('trim', (-below[0] / 2 - 0.2, top - 0.4, -below[1] / 2 - 0.2), (below[0] / 2 + 0.2, top, below[1] / 2 + 0.2), bottom=True)
        top, below = facades(part, wall, top, now, floors, 3.6, bay, share, False), now
    roof(part, wall, now, top, source)
    mast = lathe([(0.35, 0), (0.05, 16), (0, 16)], 8)
    part.mesh('metal').__iadd__(mast.placed((0, top, 0)))
    return part


def tree(seed):
    part, source = Part(), random.Random(seed)
    part.mesh('wood').__iadd__(lathe([(0.22, 0), (0.14, 3.0), (0, 3.0)], 7))
    for k in range(4):
        r = source.uniform(1.1, 1.7)
        at = (source.uniform(-0.9, 0.9), source.uniform(3.4, 5.2), source.uniform(-0.9, 0.9))
        part.mesh('leaves').__iadd__(geodesic(1.0, 2).placed(at, turn(y=40 * k), (r, r * 0.85, r)))
    return part


def car(paint):
    part = Part()
    part.mesh(paint).__iadd__(box((1.8, 0.62, 4.3), 0.2, 2, (0, 0.66, 0)))
    part.mesh('glass').__iadd__(box((1.55, 0.55, 2.2), 0.22, 2, (0, 1.12, -0.15)))
    wheel = lathe([(0, -0.11), (0.33, -0.11), (0.33, 0.11), (0, 0.11)], 14)
    for x in (-0.82, 0.82):
        for z in (-1.35, 1.35):
            part.mesh('rubber').__iadd__(wheel.placed((x, 0.33, z), turn(z=90)))
    return part


def kit():
    """(houses, towers, trees, cars), each list from small to large."""
    houses = [house(1, 'brick', (18, 20), 5), house(2, 'cream', (20, 18), 6), house(3, 'ochre', (19, 19), 7), house(4, 'brick', (21, 17), 8),
              house(5, 'grey', (20, 20), 10, 2.6), house(6, 'cream', (18, 21), 12, 2.8)]
    towers = [tower(7, 'concrete', (22, 22), [(1.0, 7), (0.82, 9)]), tower(8, 'stone', (21, 23), [(1.0, 8), (0.8, 10), (0.6, 6)]),
              tower(9, 'steel', (20, 20), [(1.0, 24)]), tower(10, 'concrete', (23, 23), [(1.0, 10), (0.84, 14), (0.64, 10), (0.42, 5)])]
    return houses, towers, [tree(k) for k in (1, 2)], [car(paint) for paint in ('red paint', 'white paint', 'blue paint')]
