"""cornell.glb: the box every path tracer shows, with a tall box, a metal sphere and a glazed vase."""

from gltf import Gltf
from mesh import merged
from shapes import box, lathe, quad, sphere
from vectors import rgb, turn

# One unit is the width of the room: x −1…1, y 0…2, z −1…1, open towards +z.


def build(folder):
    scene = Gltf('cornell')
    white = scene.add_material('white plaster', rgb('#e4ded3'), roughness=0.9)
    red = scene.add_material('red plaster', rgb('#c0392b'), roughness=0.9)
    green = scene.add_material('green plaster', rgb('#3f9a4f'), roughness=0.9)
    light = scene.add_material('lamp', (0, 0, 0), roughness=1.0, emissive=(1.0, 0.88, 0.72), strength=9.5)
    steel = scene.add_material('polished steel', rgb('#d8dade'), metallic=1.0, roughness=0.12)
    glaze = scene.add_material('blue glaze', rgb('#1d4f9c'), roughness=0.08)
    gold = scene.add_material('satin gold', (1.0, 0.70, 0.29), metallic=1.0, roughness=0.28)
    block = scene.add_material('block', rgb('#e8e2d6'), roughness=0.35)

    walls = merged(quad((0, 0, 0), (1, 0, 0), (0, 0, -1)), quad((0, 2, 0), (1, 0, 0), (0, 0, 1)),
                   quad((0, 1, -1), (1, 0, 0), (0, 1, 0)))
    scene.add_node('walls', scene.add_mesh('walls', [
        (walls, white), (quad((-1, 1, 0), (0, 0, -1), (0, 1, 0)), red), (quad((1, 1, 0), (0, 0, 1), (0, 1, 0)), green)]))
    scene.add_node('lamp', scene.add_mesh('lamp', [(quad((0, 1.995, -0.05), (0.56, 0, 0), (0, 0, 0.46)), light)]))

    scene.add_node('tall block', scene.add_mesh('tall block', [(box((0.56, 1.2, 0.56), 0.018, 3), block)]),
                   at=(-0.36, 0.6, -0.38), turned=turn(y=18))
    scene.add_node('sphere', scene.add_mesh('sphere', [(sphere(0.33, 96, 48), steel)]), at=(0.42, 0.33, -0.12))
    vase = lathe([(0, 0), (0.13, 0, 0.02), (0.235, 0.20, 0.2), (0.20, 0.40, 0.2), (0.07, 0.48, 0.08), (0.075, 0.56, 0.05),
                  (0.115, 0.60, 0.012), (0.10, 0.605, 0.012), (0.055, 0.55, 0.05), (0.05, 0.3), (0.0, 0.3)], 72, 0.05, 8)
    scene.add_node('vase', scene.add_mesh('vase', [(vase, glaze)]), at=(-0.30, 0, 0.42))
    scene.add_node('gold ball', scene.add_mesh('gold ball', [(sphere(0.11, 64, 32), gold)]), at=(0.16, 0.11, 0.50))
    scene.add_camera('Camera', (0, 1.0, 3.9), (0, 0.985, 0), 37.4, aspect=1.0)
    return scene.write(folder / 'cornell.glb')
