"""Small scenes that Glint is tested on against another renderer: each for one kind of light, surface or geometry."""

import math
import struct

from gltf import Gltf
from mesh import merged
from shapes import box, geodesic, quad, sphere
from textures import picture
from textures import png
from vectors import turn

ROUGHNESSES = (0.05, 0.2, 0.4, 0.6, 0.8, 1.0)


def build(folder):
    """(name, .glb, environment or None) of every scene."""
    sky = environment(folder / 'sky.hdr', 32, 16, evening)
    even = environment(folder / 'even.hdr', 8, 4, lambda x, y, z: (1.0, 1.0, 1.0))
    scenes = [
        ('cornell', cornell, None), ('furnace-metal', furnace_metal, even), ('furnace-dielectric', furnace_dielectric, even),
        ('point', point, None), ('spot', spot, None), ('sun', sun, None), ('environment', stage, sky),
        ('textured', textured, sky), ('instanced', instanced, sky), ('lamps', lamps, None)]
    result = []
    for name, make, light in scenes:
        scene = Gltf(name)
        make(scene)
        result.append((name, scene.write(folder / f'{name}.glb'), light))
    return result


def floor_and_wall(scene, material, size=3.0):
    shapes = merged(quad((0, 0, 0), (size, 0, 0), (0, 0, -size)), quad((0, size, -1.5), (size, 0, 0), (0, size, 0)))
    scene.add_node('room', scene.add_mesh('room', [(shapes, material)]))


def cornell(scene):
    white = scene.add_material('white', (0.73, 0.72, 0.69), roughness=0.9)
    red = scene.add_material('red', (0.6, 0.07, 0.05), roughness=0.9)
    green = scene.add_material('green', (0.12, 0.45, 0.15), roughness=0.9)
    lamp = scene.add_material('lamp', (0, 0, 0), roughness=1.0, emissive=(1.0, 0.85, 0.6), strength=8)
    metal = scene.add_material('metal', (0.9, 0.6, 0.3), metallic=1.0, roughness=0.6)
    walls = merged(quad((0, 0, 0), (1, 0, 0), (0, 0, -1)), quad((0, 2, 0), (1, 0, 0), (0, 0, 1)),
                   quad((0, 1, -1), (1, 0, 0), (0, 1, 0)))
    scene.add_node('walls', scene.add_mesh('walls', [
        (walls, white), (quad((-1, 1, 0), (0, 0, -1), (0, 1, 0)), red), (quad((1, 1, 0), (0, 0, 1), (0, 1, 0)), green)]))
    scene.add_node('lamp', scene.add_mesh('lamp', [(quad((0, 1.98, 0), (0.45, 0, 0), (0, 0, 0.4)), lamp)]))
    scene.add_node('block', scene.add_mesh('block', [(box((0.55, 1.2, 0.55), 0.02), white)]), at=(-0.36, 0.6, -0.3), turned=turn(y=18))
    scene.add_node('ball', scene.add_mesh('ball', [(sphere(0.34, 64, 32), metal)]), at=(0.42, 0.34, 0.25))
    scene.add_camera('camera', (0, 1, 3.6), (0, 0.98, 0), 37, aspect=1.5)


def furnace(scene, metallic, colors):
    for row, color in enumerate(colors):
        for column, roughness in enumerate(ROUGHNESSES):
            material = scene.add_material(f'{row} {roughness}', color, metallic=metallic, roughness=roughness)
            ball = scene.add_mesh('ball', [(sphere(0.47, 96, 48), material)])
            scene.add_node('ball', ball, at=(column - 2.5, (len(colors) - 1) / 2 - row, 0))
    scene.add_camera('camera', (0, 0, 20), (0, 0, 0), 11.5, aspect=1.5)


def furnace_metal(scene):
    furnace(scene, 1.0, [(0.5, 0.5, 0.5), (0.95, 0.64, 0.2), (0.9, 0.9, 0.9), (0.04, 0.2, 0.7)])


def furnace_dielectric(scene):
    furnace(scene, 0.0, [(0.5, 0.5, 0.5), (0.95, 0.64, 0.2), (0.02, 0.02, 0.02), (0.04, 0.2, 0.7)])


def stage(scene):
    floor = scene.add_material('floor', (0.6, 0.55, 0.5), roughness=0.8)
    floor_and_wall(scene, floor)
    colors = [(0.9, 0.6, 0.3), (0.2, 0.4, 0.8), (0.8, 0.8, 0.8)]
    for index, (color, metallic, roughness) in enumerate(zip(colors, (1.0, 0.0, 0.5), (0.6, 0.4, 0.7))):
        material = scene.add_material(f'ball {index}', color, metallic=metallic, roughness=roughness)
        scene.add_node('ball', scene.add_mesh('ball', [(sphere(0.5, 96, 48), material)]), at=(1.2 * (index - 1), 0.5, 0))
    scene.add_camera('camera', (0, 1.6, 5), (0, 0.7, 0), 34, aspect=1.5)


def point(scene):
    stage(scene)
    scene.add_light('point', 'point', (1.0, 0.9, 0.8), 12, at=(-1.2, 2.5, 2.0))
    scene.add_light('second', 'point', (0.3, 0.5, 1.0), 5, at=(2.2, 1.2, 1.5))


def spot(scene):
    stage(scene)
    scene.add_light('spot', 'spot', (1.0, 0.9, 0.8), 30, at=(-1.5, 3.0, 2.5), direction=(1.4, -2.6, -2.4), cone=(12, 26))


def sun(scene):
    stage(scene)
    scene.add_directional('sun', (0.5, -1.0, -0.7), (1.0, 0.9, 0.7), 3.0)


def lamps(scene):
    """Panels above the view that shine from both sides, in colours of a picture."""
    stage(scene)
    glow = scene.add_texture('glow', png(picture(16, 16, lambda u, v: (0.25 + 0.75 * u, 0.6, 0.25 + 0.75 * v))))
    panel = scene.add_material('panel', (0.2, 0.2, 0.2), roughness=0.7, emissive=(1, 1, 1), strength=3, glow=scene.texture_info(glow))
    for x, height, tilt in ((-1.4, 2.9, 30), (0.2, 3.1, -20), (1.6, 2.7, 50)):
        scene.add_node('panel', scene.add_mesh('panel', [(quad((0, 0, 0), (0.4, 0, 0), (0, 0.3, 0)), panel)]),
                       at=(x, height, 0.2), turned=turn(x=70, z=tilt))


def textured(scene):
    """Colour, roughness, metal and bumps out of pictures, repeated, mirrored, turned."""
    def tiles(u, v):
        dark = (int(u * 4) + int(v * 4)) % 2
        return (0.25 + 0.5 * u, 0.35 + 0.3 * v, 0.65) if dark else (0.9, 0.8 - 0.3 * u, 0.5)

    color = scene.add_texture('tiles', png(picture(32, 32, tiles)))
    mirrored = scene.add_texture('mirrored', png(picture(24, 16, lambda u, v: (0.3 + 0.6 * u * v, 0.8 - 0.5 * u, 0.4))), wrap=33648)
    surface = scene.add_texture('surface', png(picture(16, 16, lambda u, v: (0, 0.4 + 0.6 * u, 1.0 if v < 0.5 else 0.0))))
    floor = scene.add_material('floor', (0.9, 0.9, 0.9), roughness=0.8, base=scene.texture_info(color, scale=(4, 3), rotation=0.4))
    floor_and_wall(scene, floor)
    ball = scene.add_material('ball', (1, 1, 1), metallic=1.0, roughness=1.0, base=scene.texture_info(color, scale=(3, 2)),
                              surface=scene.texture_info(surface, scale=(2, 2), offset=(0.1, 0.2)))
    plain = scene.add_material('plain', (1, 1, 1), roughness=0.5, base=scene.texture_info(mirrored, scale=(3, 5)))
    scene.add_node('ball', scene.add_mesh('ball', [(sphere(0.6, 96, 48), ball)]), at=(-0.8, 0.6, 0), turned=turn(y=40))
    scene.add_node('box', scene.add_mesh('box', [(box((0.9, 0.9, 0.9), 0.05), plain)]), at=(0.9, 0.45, 0), turned=turn(y=-25))
    scene.add_camera('camera', (0, 1.6, 5), (0, 0.7, 0), 34, aspect=1.5)


def instanced(scene):
    """Copies of two meshes, turned, stretched and mirrored."""
    floor_and_wall(scene, scene.add_material('floor', (0.6, 0.55, 0.5), roughness=0.8))
    metal = scene.add_mesh('stone', [(geodesic(0.2, 3), scene.add_material('metal', (0.8, 0.7, 0.5), metallic=1.0, roughness=0.5))])
    block = scene.add_mesh('block', [(box((0.3, 0.3, 0.3), 0.03), scene.add_material('block', (0.3, 0.5, 0.3), roughness=0.6))])
    for mesh, shift in ((metal, 0), (block, 1)):
        places, turns, scales = [], [], []
        for index in range(12):
            angle = 2.4 * (2 * index + shift)
            radius = 0.35 + 0.07 * (2 * index + shift)
            places.append((radius * math.cos(angle), 0.35 + 0.09 * (index % 4), 0.3 + 0.6 * radius * math.sin(angle)))
            turns.append(turn(x=17 * index, y=40 * index))
            scales.append((0.6 + 0.1 * (index % 5), 0.5 + 0.15 * (index % 3), -0.8 if index % 4 == 3 else 0.8))
        scene.add_instances('copies', mesh, places, turns, scales)
    scene.add_directional('sun', (0.5, -1.0, -0.7), (1.0, 0.9, 0.7), 1.5)
    scene.add_camera('camera', (0, 1.6, 5), (0, 0.6, 0), 30, aspect=1.5)


# MARK: - Environments

def evening(x, y, z):
    """Radiance from a direction: a dark ground, a sky, a broad sun."""
    up = max(0.0, y)
    light = max(0.0, (0.5 * x + 0.6 * y + 0.62 * z)) ** 24
    return 0.15 + 0.4 * up + 9 * light, 0.2 + 0.5 * up + 7 * light, 0.25 + 0.9 * up + 4 * light


def environment(path, width, height, radiance):
    """A Radiance HDR of a function of unit directions."""
    rows = bytearray(f'#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y {height} +X {width}\n'.encode())
    for j in range(height):
        polar = math.pi * (j + 0.5) / height
        for i in range(width):
            around = 2 * math.pi * ((i + 0.5) / width - 0.5)
            color = radiance(math.sin(polar) * math.cos(around), math.cos(polar), math.sin(polar) * math.sin(around))
            fraction, exponent = math.frexp(max(color))
            scale = fraction * 256 / max(color)
            rows += struct.pack('4B', *(int(c * scale) for c in color), exponent + 128)
    path.write_bytes(rows)
    return path
