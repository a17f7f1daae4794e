"""city-instanced.glb and city-real.glb: the same city, once by instancing and once as plain geometry.

The sun is a directional light; the sky is the renderer's own, so render it with one.
"""

import array
import math
import random
import sys

import city_parts
from gltf import FLOAT, UINT, Gltf, flatten
from mesh import Mesh
from shapes import quad
from vectors import rgb, rotate, turn

BLOCK, STREET, LOT = 72.0, 16.0, 24.0
PITCH = BLOCK + STREET
MATERIALS = {
    'brick': ('#9c5a44', 0.0, 0.85), 'cream': ('#e3d6bd', 0.0, 0.85), 'ochre': ('#cfa468', 0.0, 0.85), 'grey': ('#a3a5a8', 0.0, 0.8),
    'stone': ('#cdc3b2', 0.0, 0.8), 'concrete': ('#b9b6b0', 0.0, 0.8), 'steel': ('#8fa0b0', 1.0, 0.35), 'trim': ('#e9e4da', 0.0, 0.7),
    'glass': ('#1c2a35', 0.0, 0.06), 'roof': ('#6e6a66', 0.0, 0.9), 'metal': ('#b4b8bb', 1.0, 0.4), 'wood': ('#6d4c35', 0.0, 0.85),
    'leaves': ('#5d8a3c', 0.0, 0.8), 'rubber': ('#1b1b1c', 0.0, 0.8), 'red paint': ('#b02a22', 0.0, 0.25), 'white paint': ('#e8e8e4', 0.0, 0.25),
    'blue paint': ('#27508c', 0.0, 0.25),
}


def blocks():
    """Blocks (column, row) from the centre outwards."""
    reach = 64
    every = [(i, j) for i in range(-reach, reach + 1) for j in range(-reach, reach + 1)]
    return sorted(every, key=lambda b: (math.hypot(b[0] + 0.5, b[1] + 0.5), b))


def plan(target):
    """[(part, [(x, z, quarter turns)])] and the blocks used, with at least `target` triangles."""
    houses, towers, trees, cars = city_parts.kit()
    parts = houses + towers + trees + cars
    counts = {id(p): p.triangle_count() for p in parts}
    placements = {id(p): [] for p in parts}
    source = random.Random(2024)
    used, total = [], 0

    def put(part, x, z, quarter):
        nonlocal total
        placements[id(part)].append((x, z, quarter))
        total += counts[id(part)]

    for i, j in blocks():
        if total >= target:
            break
        used.append((i, j))
        cx, cz = (i + 0.5) * PITCH, (j + 0.5) * PITCH
        downtown = math.exp(-(math.hypot(i + 0.5, j + 0.5) / 2.4) ** 2)
        park = source.random() < 0.06 or (i, j) == (1, 1)
        for a in range(3):
            for b in range(3):
                x, z = cx + (a - 1) * LOT, cz + (b - 1) * LOT
                quarter = source.randrange(4)
                if park or (a == 1 and b == 1):
                    for _ in range(5 if park else 2):
                        put(source.choice(trees), x + source.uniform(-9, 9), z + source.uniform(-9, 9), source.randrange(4))
                elif source.random() < 0.55 * downtown:
                    put(towers[min(3, int(source.random() * 2 + 2.2 * downtown))], x, z, quarter)
                else:
                    put(houses[min(5, int(source.random() * 4 + 2.5 * downtown))], x, z, quarter)
        for k in range(9):
            for x, z, along in ((cx - BLOCK / 2 - 1.6, cz - 32 + 8 * k, 0), (cx - 32 + 8 * k, cz - BLOCK / 2 - 1.6, 1)):
                put(source.choice(trees), x + 2.4 * (1 - along), z + 2.4 * along, source.randrange(4))
        for _ in range(5):
            lane, way = source.choice(((-2.2, 0), (2.2, 2)))
            put(source.choice(cars), cx - PITCH / 2 + lane, cz + source.uniform(-40, 40), way)
            put(source.choice(cars), cx + source.uniform(-40, 40), cz - PITCH / 2 + lane, way + 1)
    return [(p, placements[id(p)]) for p in parts if placements[id(p)]], used, total


def ground(scene, used):
    """Meadows around, asphalt, pavements and lane marks."""
    reach = max(max(abs(i), abs(j)) for i, j in used) + 2
    size = reach * PITCH
    pavement, marks = city_parts.Part(), Mesh()
    for i, j in used:
        x, z = (i + 0.5) * PITCH, (j + 0.5) * PITCH
        pavement.block('pavement', (x - BLOCK / 2 - 2.6, 0, z - BLOCK / 2 - 2.6), (x + BLOCK / 2 + 2.6, 0.16, z + BLOCK / 2 + 2.6))
        for k in range(9):
            marks += quad((i * PITCH, 0.02, z - 36 + 9 * k), (0.09, 0, 0), (0, 0, -1.8))
            marks += quad((x - 36 + 9 * k, 0.02, j * PITCH), (1.8, 0, 0), (0, 0, -0.09))
    scene.add_node('ground', scene.add_mesh('ground', [
        (quad((0, -0.5, 0), (size * 12, 0, 0), (0, 0, -size * 12)), scene.add_material('meadow', rgb('#8f9c6a'), roughness=0.95)),
        (quad((0, 0, 0), (size, 0, 0), (0, 0, -size)), scene.add_material('asphalt', rgb('#4b4d50'), roughness=0.9)),
        (pavement.meshes['pavement'], scene.add_material('pavement', rgb('#a9a49b'), roughness=0.9)),
        (marks, scene.add_material('lane marks', rgb('#ece8dc'), roughness=0.8))]))


def floats(values):
    data = array.array('f', values)
    if sys.byteorder == 'big':
        data.byteswap()
    return data.tobytes()


def add_real(scene, parts, materials):
    """Adds every part as one mesh with all its placements baked in. Returns (writer, byte count) for `Gltf.write`."""
    scene.binary += bytes(-len(scene.binary) % 4)
    offset, jobs = len(scene.binary), []

    def accessor(kind, component, count, size, **bounds):
        nonlocal offset
        view = scene.append('bufferViews', {'buffer': 0, 'byteOffset': offset, 'byteLength': count * size,
                                            'target': 34963 if kind == 'SCALAR' else 34962})
        offset += count * size
        return scene.append('accessors', {'bufferView': view, 'componentType': component, 'count': count, 'type': kind, **bounds})

    for number, (part, places) in enumerate(parts):
        primitives = []
        for material, mesh in part.meshes.items():
            turned = []
            for quarter in range(4):
                spin = turn(y=90 * quarter)
                points = [rotate(spin, p) for p in mesh.positions]
                turned.append(([p[0] for p in points], [p[1] for p in points], [p[2] for p in points],
                               floats(flatten(rotate(spin, n) for n in mesh.normals))))
            edges = [[(min(axis), max(axis)) for axis in t[:3]] for t in turned]
            moved = [[(lo + d, hi + d) for (lo, hi), d in zip(edges[q], (x, 0.0, z))] for x, z, q in places]
            low = list(array.array('f', [min(m[k][0] for m in moved) for k in range(3)]))
            high = list(array.array('f', [max(m[k][1] for m in moved) for k in range(3)]))
            vertices, corners = len(mesh.positions) * len(places), 3 * len(mesh.triangles) * len(places)
            primitives.append({'material': materials[material], 'attributes': {
                'POSITION': accessor('VEC3', FLOAT, vertices, 12, min=low, max=high), 'NORMAL': accessor('VEC3', FLOAT, vertices, 12)},
                'indices': accessor('SCALAR', UINT, corners, 4)})
            jobs.append((turned, places, flatten(mesh.triangles)))
        scene.add_node(f'part {number}', scene.append('meshes', {'name': f'part {number}', 'primitives': primitives}))

    def stream(file):
        for turned, places, corners in jobs:
            for x, z, quarter in places:
                xs, ys, zs, _ = turned[quarter]
                block = array.array('f', bytes(12 * len(xs)))
                block[0::3] = array.array('f', [v + x for v in xs])
                block[1::3] = array.array('f', ys)
                block[2::3] = array.array('f', [v + z for v in zs])
                if sys.byteorder == 'big':
                    block.byteswap()
                file.write(block)
            for _, _, quarter in places:
                file.write(turned[quarter][3])
            for k in range(len(places)):
                base = k * len(turned[0][0])
                block = array.array('I', [c + base for c in corners])
                if sys.byteorder == 'big':
                    block.byteswap()
                file.write(block)

    return stream, offset - len(scene.binary)


def build(folder, form, target):
    """Writes the city in `form` ('instanced' or 'real') with at least `target` triangles."""
    scene = Gltf('city')
    parts, used, total = plan(target)
    ground(scene, used)
    scene.add_directional('sun', (0.62, -0.42, -0.50), (1.0, 0.84, 0.64), 3.4)
    scene.add_camera('Camera', (-250.0, 150.0, 6.6 * PITCH), (-4.0, 26.0, 0), 29.0, near=0.5, far=20000.0)
    materials = {name: scene.add_material(name, rgb(color), metallic, roughness) for name, (color, metallic, roughness) in MATERIALS.items()}
    stream, extra = None, 0
    if form == 'real':
        stream, extra = add_real(scene, parts, materials)
    else:
        for number, (part, places) in enumerate(parts):
            mesh = scene.add_mesh(f'part {number}', [(shape, materials[name]) for name, shape in part.meshes.items()])
            scene.add_instances(f'part {number}', mesh, [(x, 0.0, z) for x, z, _ in places],
                                [turn(y=90 * q) for _, _, q in places], [(1.0, 1.0, 1.0)] * len(places))
    print(f'city: {total:,} triangles in {sum(len(p) for _, p in parts):,} placements of {len(parts)} parts')
    return scene.write(folder / f'city-{form}.glb', stream, extra)
