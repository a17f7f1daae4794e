"""Furniture and small things of the interior. Every function adds nodes; `kit` holds the scene and its materials."""

import math
import random

from mesh import grid, merged
from shapes import bezier, box, cushion, lathe, leaf, quad, sphere, torus, tube
from vectors import IDENTITY, add, basis_quat, cross, mul, normalize, rgb, rotate, turn


class Kit:
    """The scene, and its materials by name: plain ones are made of a colour when first asked for."""

    def __init__(self, scene):
        self.scene = scene
        self.materials = {}

    def plain(self, color, roughness=0.5, metallic=0.0):
        key = (color, roughness, metallic)
        if key not in self.materials:
            self.materials[key] = self.scene.add_material(f'{color} {roughness}', rgb(color), metallic, roughness)
        return self.materials[key]

    def put(self, name, parts, at=(0, 0, 0), turned=IDENTITY, scale=None):
        return self.scene.add_node(name, self.scene.add_mesh(name, parts), at=at, turned=None if turned == IDENTITY else turned, scale=scale)


def sofa(kit, at, fabric):
    width, depth = 2.05, 0.88
    seat = merged(*(box((0.83, 0.17, 0.70), 0.06, 4, (x, 0.36, 0.06), 1.0) for x in (-0.42, 0.42)))
    back = merged(*(box((0.82, 0.44, 0.20), 0.075, 4, grain=None, uv_scale=1.0).placed((x, 0.62, -0.26), turn(x=-9)) for x in (-0.42, 0.42)))
    frame = merged(box((width - 0.1, 0.17, depth - 0.06), 0.04, 3, (0, 0.21, 0)), box((width - 0.2, 0.62, 0.16), 0.06, 3, (0, 0.44, -0.38)))
    arms = merged(*(box((0.19, 0.46, depth), 0.075, 4, (x, 0.36, 0)) for x in (-0.94, 0.94)))
    leg = lathe([(0, 0), (0.014, 0, 0.004), (0.024, 0.14, 0.004), (0, 0.14)], 16, 0.004, 2)
    legs = merged(*(leg.placed((x, 0, z)) for x in (-0.88, 0.88) for z in (-0.34, 0.34)))
    kit.put('sofa', [(merged(seat, back, frame, arms), fabric), (legs, kit.plain('#6b4226', 0.4))], at)


def cushions(kit, at, patterns):
    """Throw cushions leaning on the back of the sofa that stands at `at`."""
    for k, (x, z, size, lean, yaw, roll, material) in enumerate(patterns):
        kit.put(f'cushion {k}', [(cushion(size, size, size * 0.36), material)],
                add(at, (x, 0.445 + size * 0.44, z)), turn(x=lean, y=yaw, z=roll))


def coffee_table(kit, at, top_wood, leg_wood, size=(1.30, 0.72), height=0.40):
    """A round-cornered top on four splayed legs."""
    hx, hz, bend = size[0] / 2, size[1] / 2, 0.30
    outline = []
    for k in range(64):
        a = 2 * math.pi * k / 64
        c, s = math.cos(a), math.sin(a)
        outline.append((hx * math.copysign(abs(c) ** (1 - bend - 0.15), c), hz * math.copysign(abs(s) ** (1 - bend - 0.15), s)))
    profile = [(0.0, 0.0), (0.97, 0.0), (0.985, 0.004), (0.996, 0.014), (1.0, 0.024), (0.997, 0.031), (0.988, 0.036), (0.978, 0.038), (0.0, 0.038)]

    def place(u, v):
        r, y = profile[round(v * 8)]
        x, z = outline[-round(u * 64) % 64]
        return (x * r, y + height - 0.038, z * r)

    top = grid(64, 8, place, close=True)
    top.uvs = [(x * 0.9, z * 0.9) for x, _, z in top.positions]
    legs = merged(*(tube([(x * (hx - 0.16), height - 0.036, z * (hz - 0.13)), (x * (hx - 0.09), 0.015, z * (hz - 0.06))], [0.024, 0.015], 14)
                    for x in (-1, 1) for z in (-1, 1)))
    kit.put('coffee table', [(top, top_wood), (legs, leg_wood)], at)


def book(width, height, thickness):
    """A closed book lying on its back, its spine along −x: cover and pages."""
    board = 0.003
    cover = merged(box((width, board, height), 0.0013, 1, (0, board / 2, 0)), box((width, board, height), 0.0013, 1, (0, thickness - board / 2, 0)),
                   box((0.006, thickness, height), 0.0028, 2, (-width / 2 + 0.001, thickness / 2, 0)))
    pages = box((width - 0.010, thickness - 2 * board, height - 0.010), 0.0005, 1, (0.001, thickness / 2, 0))
    return cover, pages


def stack(kit, at, books, paper='#efe6d2'):
    """Books on top of each other: (colour, width, height, thickness, turn)."""
    y = 0.0
    for k, (color, width, height, thickness, yaw) in enumerate(books):
        cover, pages = book(width, height, thickness)
        kit.put(f'book {color} {k}', [(cover, kit.plain(color, 0.55)), (pages, kit.plain(paper, 0.9))], add(at, (0, y, 0)), turn(y=yaw))
        y += thickness + 0.0005
    return y


def shelf_of_books(kit, at, length, seed, turned=IDENTITY):
    """Upright books side by side along x, spines to +z."""
    source = random.Random(seed)
    tones = ['#b5482f', '#e0a63e', '#2f5d62', '#efe2c8', '#7a9e87', '#31476b', '#8d4f6a', '#d8875a', '#494239']
    x, covers, papers = 0.0, {}, []
    while True:
        thick, tall, deep = source.uniform(0.018, 0.042), source.uniform(0.19, 0.26), source.uniform(0.15, 0.19)
        if x + thick > length:
            break
        cover, pages = book(deep, tall, thick)
        # Lying book → upright: its thickness along x, its spine to +z.
        stand = basis_quat((0, 0, -1), (1, 0, 0), (0, -1, 0))
        where = (x, tall / 2, -deep / 2)
        covers.setdefault(source.choice(tones), []).append(cover.placed(where, stand))
        papers.append(pages.placed(where, stand))
        x += thick + 0.0015
    parts = [(merged(*meshes), kit.plain(tone, 0.6)) for tone, meshes in sorted(covers.items())]
    kit.put(f'row of books {seed}', parts + [(merged(*papers), kit.plain('#efe6d2', 0.9))], at, turned)


def sideboard(kit, at, wood, size=(1.10, 0.70, 0.40)):
    """A low cupboard on legs, two doors with round knobs."""
    w, h, d = size
    body = box((w, h - 0.16, d), 0.018, 3, (0, 0.16 + (h - 0.16) / 2, 0), 0.8, grain=0)
    doors = merged(*(box((w / 2 - 0.035, h - 0.22, 0.02), 0.006, 2, (x * w / 4, 0.16 + (h - 0.16) / 2, d / 2 + 0.006), 0.8, grain=0, offset=(0.3 * x, 0.1))
                     for x in (-1, 1)))
    legs = merged(*(tube([(x * (w / 2 - 0.10), 0.17, z * (d / 2 - 0.07)), (x * (w / 2 - 0.05), 0.012, z * (d / 2 - 0.03))], [0.022, 0.013], 12)
                    for x in (-1, 1) for z in (-1, 1)))
    knobs = merged(*(sphere(0.014, 16, 10).placed((x * 0.05, 0.16 + (h - 0.16) / 2, d / 2 + 0.028)) for x in (-1, 1)))
    kit.put('sideboard', [(merged(body, doors), wood), (legs, kit.plain('#6b4226', 0.4)), (knobs, kit.plain('#d9b25f', 0.25, 1.0))], at)


def picture(kit, name, at, size, art, frame_color, turned=IDENTITY):
    """A framed picture with a mount, facing +z, its centre at `at`."""
    w, h = size
    bar, deep = 0.024, 0.026
    frame = merged(*(box((w + 2 * bar, bar, deep), 0.005, 2, (0, s * (h + bar) / 2, deep / 2)) for s in (-1, 1)),
                   *(box((bar, h, deep), 0.005, 2, (s * (w + bar) / 2, 0, deep / 2)) for s in (-1, 1)))
    mount = quad((0, 0, 0.008), (w / 2, 0, 0), (0, h / 2, 0))
    sheet = quad((0, 0, 0.010), (w * 0.38, 0, 0), (0, h * 0.40, 0))
    kit.put(name, [(frame, kit.plain(frame_color, 0.35)), (mount, kit.plain('#f3eee2', 0.8)), (sheet, art)], at, turned)


def floor_lamp(kit, at):
    """A tripod with a linen shade, switched off in daylight."""
    legs = merged(*(tube([(0, 1.30, 0), (0.30 * math.cos(a), 0.01, 0.30 * math.sin(a))], [0.013, 0.011], 12) for a in (0.4, 2.5, 4.6)))
    hub = lathe([(0, 1.26), (0.035, 1.26, 0.008), (0.035, 1.33, 0.008), (0.012, 1.34), (0.010, 1.46), (0, 1.46)], 24, 0.006, 2)
    shade = lathe([(0.235, 1.40), (0.238, 1.40), (0.175, 1.76), (0.172, 1.76), (0.232, 1.40)], 48)
    kit.put('floor lamp', [(legs, kit.plain('#8a5a33', 0.4)), (hub, kit.plain('#d9b25f', 0.25, 1.0)), (shade, kit.plain('#f2e4c9', 0.9))], at)


def pendant(kit, at):
    """A ribbed paper lantern on a cord; `at` is its centre."""
    ribs = 14
    profile = []
    for k in range(ribs * 4 + 1):
        a = 0.14 + (math.pi - 0.28) * k / (ribs * 4)
        swell = 1 - 0.022 * (1 - abs(math.sin(math.pi * k / 4)) ** 0.7)
        profile.append((0.27 * math.sin(a) * swell, -0.215 * math.cos(a)))
    kit.put('paper lantern', [(lathe(profile, 48), kit.plain('#f6efe0', 0.9)), (tube([(0, 0.2, 0), (0, 1.2, 0)], 0.004, 8), kit.plain('#3a332c', 0.6))], at)


def mug(kit, at, color, turned=IDENTITY):
    body = lathe([(0, 0), (0.036, 0, 0.006), (0.040, 0.088, 0.003), (0.0365, 0.088, 0.003), (0.033, 0.010, 0.008), (0, 0.010)], 40, 0.003, 3)
    handle = tube(bezier([(0.036, 0.072, 0), (0.075, 0.082, 0), (0.072, 0.020, 0), (0.034, 0.022, 0)], 14), 0.0062, 12)
    tea = lathe([(0, 0.071), (0.0372, 0.071)], 32)
    kit.put('mug', [(merged(body, handle), kit.plain(color, 0.22)), (tea, kit.plain('#5a2a10', 0.05))], at, turned)


def bowl_of_oranges(kit, at):
    bowl = lathe([(0, 0), (0.055, 0, 0.006), (0.060, 0.012, 0.01), (0.125, 0.070, 0.06), (0.128, 0.074, 0.003), (0.122, 0.074, 0.003), (0.055, 0.018, 0.05), (0, 0.014)],
                 56, 0.01, 4)
    places = [(0.055, 0.068, 0.01), (-0.042, 0.066, 0.044), (-0.030, 0.067, -0.052), (0.012, 0.120, 0.004)]
    fruit = sphere(0.042, 32, 18)
    kit.put('bowl', [(bowl, kit.plain('#e9e2d3', 0.2)), (merged(*(fruit.placed(p, turn(x=31 * k)) for k, p in enumerate(places))), kit.plain('#f08a24', 0.38))], at)


def vase(kit, at, color='#d9cbb4'):
    """A bottle vase with dry stems and their round seed heads."""
    body = lathe([(0, 0), (0.050, 0, 0.01), (0.085, 0.09, 0.07), (0.060, 0.20, 0.07), (0.020, 0.235, 0.03), (0.022, 0.285, 0.02), (0.028, 0.295, 0.003),
                  (0.018, 0.285, 0.01), (0.016, 0.20), (0, 0.2)], 48, 0.02, 5)
    source = random.Random(8)
    stems, heads = [], []
    for k in range(9):
        a, spread, tall = k * 2.4, source.uniform(0.06, 0.20), source.uniform(0.30, 0.50)
        top = (spread * math.cos(a), 0.24 + tall, spread * math.sin(a))
        stems.append(tube(bezier([(0, 0.20, 0), (0, 0.36, 0), (top[0] * 0.5, top[1] - 0.16, top[2] * 0.5), top], 8), 0.0018, 5, caps=False))
        heads.append(sphere(source.uniform(0.014, 0.022), 12, 8).placed(top))
    kit.put('vase', [(body, kit.plain(color, 0.35)), (merged(*stems), kit.plain('#8c7a4f', 0.8)), (merged(*heads), kit.plain('#d59a4a', 0.85))], at)


def potted_plant(kit, at, foliage, scale=1.0, count=22, seed=3):
    """A pot with arching stems; the leaves are instances of one mesh."""
    pot = lathe([(0, 0), (0.135, 0, 0.02), (0.175, 0.30, 0.01), (0.158, 0.30, 0.008), (0.15, 0.255, 0.004), (0, 0.26)], 56, 0.01, 3)
    source = random.Random(seed)
    stems, places, turns, sizes = [], [], [], []
    for k in range(count):
        a = k * 2.399963 + source.uniform(-0.2, 0.2)
        share = (k + 0.5) / count
        reach, tall = 0.16 + 0.36 * share, 1.12 - 0.70 * share + source.uniform(-0.06, 0.06)
        tip = (reach * math.cos(a), 0.25 + tall, reach * math.sin(a))
        path = bezier([(0.03 * math.cos(a), 0.25, 0.03 * math.sin(a)), (0.06 * math.cos(a), 0.25 + tall * 0.6, 0.06 * math.sin(a)),
                       (reach * 0.6 * math.cos(a), 0.27 + tall * 0.95, reach * 0.6 * math.sin(a)), tip], 9)
        stems.append(tube(path, [0.007 - 0.0004 * i for i in range(10)], 7, caps=False))
        out = normalize((math.cos(a), -0.25 - 0.55 * share, math.sin(a)))
        side = normalize(cross((0, 1, 0), out))
        places.append(add(at, mul(tip, scale)))
        turns.append(basis_quat(side, cross(out, side), out))
        sizes.append((scale * source.uniform(0.85, 1.2),) * 3)
    kit.put('plant pot', [(pot, kit.plain('#d9a184', 0.7)), (lathe([(0, 0.262), (0.15, 0.262)], 32), kit.plain('#3b2a20', 0.95)),
                          (merged(*stems), kit.plain('#55803a', 0.5))], at, scale=scale)
    blade = leaf(0.40, 0.235, 0.75, 0.22, 8, 14)
    kit.scene.add_instances('leaves', kit.scene.add_mesh('leaf', [(blade, foliage)]), places, turns, sizes)


def succulent(kit, at, pot_color, scale=1.0):
    pot = lathe([(0, 0), (0.030, 0, 0.005), (0.042, 0.06, 0.004), (0.036, 0.06, 0.003), (0.034, 0.05), (0, 0.05)], 32, 0.004, 3)
    blade = sphere(1.0, 10, 8).placed((0, 0, 0.5), scale=(0.30, 0.14, 0.52))
    leaves = []
    for k in range(18):
        share = k / 18
        leaves.append(blade.placed((0, 0.052 + 0.010 * share, 0), turn(x=-12 - 62 * share, y=137.5 * k), 0.052 - 0.022 * share))
    kit.put('succulent', [(pot, kit.plain(pot_color, 0.6)), (merged(*leaves), kit.plain('#7fa67a', 0.5))], at, scale=scale)


def clock(kit, at):
    """A wall clock facing +z. Returns the node of its second hand."""
    rim = torus(0.15, 0.013, 48, 12).placed((0, 0, 0.012), turn(x=90))
    face = lathe([(0, 0.0), (0.15, 0.0), (0.15, 0.008), (0, 0.008)], 48).placed((0, 0, 0), turn(x=90))
    marks = merged(*(box((0.007 if k % 3 else 0.010, 0.020 if k % 3 else 0.030, 0.003), 0.001, 1).placed(
        rotate(turn(z=30 * k), (0, 0.122, 0.009)), turn(z=30 * k)) for k in range(12)))
    hands = merged(box((0.009, 0.085, 0.003), 0.0012, 1, (0, 0.036, 0.012)).placed(turned=turn(z=62)),
                   box((0.007, 0.115, 0.003), 0.0012, 1, (0, 0.050, 0.016)).placed(turned=turn(z=-54)))
    kit.put('clock', [(rim, kit.plain('#8a5a33', 0.4)), (face, kit.plain('#f6f1e6', 0.6)), (merged(marks, hands), kit.plain('#2b2a2c', 0.5))], at)
    second = merged(box((0.0035, 0.14, 0.002), 0.0008, 1, (0, 0.042, 0.020)), lathe([(0, 0.018), (0.008, 0.018), (0.008, 0.023), (0, 0.023)], 20).placed(turned=turn(x=90)))
    return kit.put('second hand', [(second, kit.plain('#d8442b', 0.4))], at)


def curtain(kit, at, width, height, folds, material, seed):
    """A hanging cloth along z: its top left corner, seen from the room, at `at`."""
    source = random.Random(seed)
    phase = [source.uniform(0, 6.28) for _ in range(3)]

    def place(u, v):
        gather = 0.80 + 0.20 * (v - 0.35) ** 2
        z = (u - 0.5) * width * gather
        a = 2 * math.pi * folds * u + phase[0]
        deep = 0.045 * math.sin(a + 0.5 * math.sin(2.2 * v + phase[1])) + 0.014 * math.sin(2 * a + 3 * v + phase[2])
        return (deep, (v - 1) * height, -z)

    kit.put(f'curtain {seed}', [(grid(folds * 14, 10, place), material)], at)
