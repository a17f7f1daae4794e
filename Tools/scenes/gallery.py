"""gallery.glb: three rows of balls on plinths in a studio, metals, colours and textures."""

import math
import random

from gltf import Gltf
from mesh import grid
from shapes import geodesic, lathe, quad, sphere, torus
from textures import Noise, blend, fractal, hex_color, normal_map, picture, png, wood
from vectors import look_at, rgb, turn

RADIUS = 0.40
SPACING = 1.04


def brushed():
    """Roughness (green) and metalness (blue) of metal brushed along u."""
    fine, broad = Noise(3, 6, 192), fractal(4, 4, 12, 3)
    return picture(512, 256, lambda u, v: (0.0, round((0.16 + 0.26 * fine(u, v) + 0.16 * broad(u, v)) * 48) / 48, 1.0))


def checker():
    """Black lacquer and gold squares: colour, and roughness with metalness."""
    black, gold = hex_color('#14161a'), hex_color('#f0c265')
    odd = lambda u, v: (int(u * 2) + int(v * 2)) % 2
    return (picture(64, 64, lambda u, v: gold if odd(u, v) else black),
            picture(64, 64, lambda u, v: (0.0, 0.24, 1.0) if odd(u, v) else (0.0, 0.06, 0.0)))


def tiles(size=256, columns=4, rows=4):
    """Glazed tiles in a running bond: colour, roughness and normals."""
    source = random.Random(12)
    tones = ['#1f6f78', '#2a8c8c', '#17525e', '#3ba39b', '#e3d9c4']
    tone = [[hex_color(source.choice(tones)) for _ in range(columns)] for _ in range(rows)]
    wave = fractal(13, 6, 6, 2)
    grout = hex_color('#c9c2b4')
    colors, surface, heights = [], [], []
    for y in range(size):
        lines = [], [], []
        for x in range(size):
            u, v = (x + 0.5) / size, (y + 0.5) / size
            row = int(v * rows)
            across = (u * columns + 0.5 * (row % 2)) % columns
            column = int(across)
            edge = min(across - column, column + 1 - across, v * rows - row, row + 1 - v * rows)
            inside = min(1.0, max(0.0, (edge - 0.04) / 0.03))
            lines[0].append(blend(grout, tone[row][column], inside))
            lines[1].append((0.0, 0.85 - 0.73 * inside, 0.0))
            bulge = min(1.0, max(0.0, (edge - 0.03) / 0.12))
            lines[2].append(6.0 * (1 - (1 - bulge) ** 2) + 1.6 * wave(u, v))
        for whole, line in zip((colors, surface, heights), lines):
            whole.append(line)
    return colors, surface, normal_map(heights, 0.45)


def terrazzo(size=384, count=190):
    """Stone chips in pale cement, tileable."""
    source = random.Random(5)
    tones = [hex_color(t) for t in ('#c8553d', '#e0a458', '#2f4858', '#86a59c', '#f4efe6', '#7b5e57', '#3d405b')]
    seeds = [(source.random(), source.random(), source.choice(tones), source.uniform(0.012, 0.034)) for _ in range(count)]
    cells = {}
    for seed in seeds:
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                cells.setdefault((int(seed[0] * 12 + dx) % 12, int(seed[1] * 12 + dy) % 12), []).append(seed)
    cement, grit = hex_color('#e6dfd3'), Noise(6, 96, 96)

    def pixel(u, v):
        near = sorted((math.hypot((u - s[0] + 0.5) % 1 - 0.5, (v - s[1] + 0.5) % 1 - 0.5) - s[3], i, s)
                      for i, s in enumerate(cells.get((int(u * 12), int(v * 12)), ())))
        if near and near[0][0] < 0 and (len(near) < 2 or near[1][0] - near[0][0] > 0.008):
            return near[0][2][2]
        shade = 0.96 + 0.04 * round(grit(u, v) * 4) / 4
        return tuple(c * shade for c in cement)

    return picture(size, size, pixel)


def perforation(size=64):
    """A plate with a round hole in the middle, for an alpha mask."""
    def pixel(u, v):
        distance = math.hypot(u - 0.5, v - 0.5) - 0.33
        return (1.0, 1.0, 1.0, min(1.0, max(0.0, 0.5 + distance * size * 0.5)))
    return picture(size, size, pixel)


def studio(scene):
    """The paper sweep and the softboxes."""
    profile = [(9.0, 0.0), (-2.2, 0.0)]
    profile += [(-2.2 - 2.2 * math.sin(a * math.pi / 24), 2.2 - 2.2 * math.cos(a * math.pi / 24)) for a in range(1, 13)]
    profile += [(-4.4, 9.0)]

    def place(u, v):
        z, y = profile[round(v * (len(profile) - 1))]
        return ((2 * u - 1) * 14.0, y, z)

    paper = scene.add_material('paper sweep', rgb('#b9c4c9'), roughness=0.95)
    scene.add_node('sweep', scene.add_mesh('sweep', [(grid(1, len(profile) - 1, place), paper)]))
    for name, at, target, half, color, strength in (
            ('key softbox', (-5.2, 5.2, 4.2), (0, 0.6, 0), (2.0, 1.9), (1.0, 0.93, 0.84), 6.6),
            ('fill softbox', (5.8, 3.4, 3.6), (0, 0.8, 0), (1.3, 2.2), (0.80, 0.90, 1.0), 3.0),
            ('top softbox', (0, 6.4, -0.6), (0, 0, -0.2), (3.4, 1.2), (1.0, 0.97, 0.94), 3.2)):
        turned = look_at(at, target, (0, 1, 0.01))
        material = scene.add_material(name, (0, 0, 0), roughness=1.0, emissive=color, strength=strength)
        panel = quad((0, 0, 0), (-half[0], 0, 0), (0, half[1], 0))
        scene.add_node(name, scene.add_mesh(name, [(panel, material)]), at=at, turned=turned)


def textured(scene):
    """The materials of the front row, from left to right."""
    texture = lambda name, rows: scene.add_texture(name, png(rows))
    info = scene.texture_info
    gold_black = checker()
    glaze = tiles()
    checks = texture('checker', gold_black[0]), texture('checker surface', gold_black[1])
    faces = [texture(name, rows) for name, rows in zip(('tiles', 'tiles surface', 'tiles normal'), glaze)]
    return [
        scene.add_material('brushed steel', rgb('#c9ccd1'), 1.0, 1.0, surface=info(texture('brushed', brushed()), scale=[2, 1])),
        scene.add_material('walnut', roughness=0.34, base=info(texture('walnut', wood(512, 256, 21, '#a9713f', '#4a2814', 4.0)), rotation=1.5707963)),
        scene.add_material('checker', metallic=1.0, roughness=1.0, base=info(checks[0], scale=[6, 3]), surface=info(checks[1], scale=[6, 3])),
        scene.add_material('lantern', rgb('#c8602a'), roughness=0.6, emissive=(1.0, 0.52, 0.16), strength=0.95),
        scene.add_material('tiles', metallic=0.0, roughness=1.0, base=info(faces[0], scale=[4, 2]), surface=info(faces[1], scale=[4, 2]),
                           normal=info(faces[2], scale=[4, 2])),
        scene.add_material('terrazzo', roughness=0.16, base=info(texture('terrazzo', terrazzo()), scale=[3, 1.5])),
        scene.add_material('perforated', rgb('#ece7de'), 0.0, 0.35, mode='MASK', cutoff=0.5, double=True,
                           base=info(texture('perforation', perforation()), scale=[28, 14])),
    ]


def build(folder):
    scene = Gltf('gallery')
    studio(scene)
    plinth = scene.add_material('plinth', rgb('#e9e6e0'), roughness=0.55)
    collar = scene.add_material('collar', rgb('#2b2d31'), roughness=0.3)
    ball, ring = sphere(RADIUS, 72, 36), torus(0.20, 0.035, 40, 12)
    glowing = geodesic(RADIUS, 2)

    metals = [(name, rgb(tone), 1.0, 0.05 + 0.105 * i) for i, (name, tone) in enumerate(
        [('silver', '#f3f1ec'), ('gold', '#ffd479'), ('rose gold', '#f2b8a0'), ('copper', '#f0a07c'), ('bronze', '#c98f4e'),
         ('titanium', '#b9b2aa'), ('gunmetal', '#6c7078')])]
    colors = [(name, rgb(tone), 0.0, (0.05, 0.12, 0.2, 0.3, 0.42, 0.6, 0.9)[i]) for i, (name, tone) in enumerate(
        [('cobalt', '#1f47a8'), ('teal', '#168a8a'), ('leaf', '#5d9b3a'), ('saffron', '#eaa221'), ('vermilion', '#d9482b'),
         ('plum', '#7c2f63'), ('chalk', '#efece4')])]
    rows = [(-1.55, 1.42, [scene.add_material(*item) for item in metals]),
            (-0.35, 0.82, [scene.add_material(*item) for item in colors]),
            (0.85, 0.22, textured(scene))]

    for row, (depth, height, materials) in enumerate(rows):
        stand = lathe([(0, 0), (0.44, 0), (0.44, height, 0.025), (0, height)], 56, 0.02, 4)
        stand_mesh = scene.add_mesh(f'plinth {row}', [(stand, plinth)])
        collar_mesh = scene.add_mesh(f'collar {row}', [(ring, collar)])
        for column, material in enumerate(materials):
            x = (column - 3) * SPACING
            z = depth + (0.03, 0.035, 0.015)[row] * x * x
            name = scene.json['materials'][material]['name']
            shape = glowing if name == 'lantern' else ball
            parts = [(shape, material)]
            if name == 'perforated':
                core = scene.add_material('core', rgb('#e2552f'), roughness=0.25)
                parts.append((sphere(RADIUS * 0.62, 48, 24), core))
            scene.add_node(f'plinth of {name}', stand_mesh, at=(x, 0, z))
            scene.add_node(f'collar of {name}', collar_mesh, at=(x, height + 0.035, z))
            scene.add_node(name, scene.add_mesh(name, parts), at=(x, height + RADIUS + 0.012, z), turned=turn(x=12, y=column * 17.0))
    scene.add_camera('Camera', (0, 3.3, 10.6), (0, 0.97, -0.35), 23.3)
    return scene.write(folder / 'gallery.glb')
