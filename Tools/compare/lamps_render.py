"""Builds a scene with one lamp in Blender, exports it in every lighting mode and renders it with Cycles. Run by
lamps_compare.py, with a JSON object as its argument: `lamp`, a key of LAMPS; `folder`; `size`, `samples`, `bounces` and
`threads`.

Writes FOLDER/standard.glb, unitless.glb and raw.glb, and FOLDER/cycles.npy: height × width × 3 linear floats, top row first.
"""

import json
import math
import pathlib
import sys

import bpy
import numpy

from cycles_render import set_up_cycles

# As Blender's exporter calls the modes, and as `glint render --light-unit` does.
MODES = {'SPEC': 'standard', 'COMPAT': 'unitless', 'RAW': 'raw'}

# Exposure and colour are in the file too, so none of them is 0 or white. Lamps have no size: glTF's have none.
LAMPS = {
    'sun': dict(type='SUN', energy=3, exposure=0.5, color=(1, 0.8, 0.6), angle=0),
    'point': dict(type='POINT', energy=100, exposure=-1, color=(0.7, 1, 0.9), shadow_soft_size=0),
    'spot': dict(type='SPOT', energy=80, exposure=0.25, color=(0.9, 0.7, 1), shadow_soft_size=0,
                 spot_size=math.radians(80), spot_blend=0.4),
}

# Metres. The camera looks straight down at a square of the floor, from above the lamp.
LAMP_HEIGHT = 2
WIDTH = 4


def main():
    task = json.loads(sys.argv[1])
    folder = pathlib.Path(task['folder'])
    bpy.ops.wm.read_factory_settings(use_empty=True)
    build(LAMPS[task['lamp']])
    # Before the export, which takes the camera's aspect ratio from it.
    bpy.context.scene.render.resolution_x = bpy.context.scene.render.resolution_y = task['size']
    for mode, name in MODES.items():
        bpy.ops.export_scene.gltf(
            filepath=str(folder / f'{name}.glb'), export_cameras=True, export_lights=True,
            export_import_convert_lighting_mode=mode)
    numpy.save(folder / 'cycles.npy', render(task, folder / 'cycles.exr'))


def build(settings):
    """A floor under a camera and the lamp. Sun and point also light a box, which casts a shadow and reflects light."""
    settings = dict(settings)
    kind = settings.pop('type')
    lamp = bpy.data.lights.new('lamp', kind)
    for name, value in settings.items():
        setattr(lamp, name, value)
    holder = add('lamp', lamp, (0, 0, LAMP_HEIGHT))
    if kind == 'SUN':
        holder.rotation_euler = (math.radians(35), math.radians(-20), 0)

    material = bpy.data.materials.new('floor')
    material.use_nodes = True
    surface = material.node_tree.nodes['Principled BSDF']
    surface.inputs['Base Color'].default_value = (0.6, 0.6, 0.6, 1)
    surface.inputs['Roughness'].default_value = 1
    add('floor', box(6, 6, 0.1, material), (0, 0, -0.1))
    if kind != 'SPOT':
        add('box', box(0.4, 0.3, 0.5, material), (0.7, 0.4, 0))

    camera = bpy.data.cameras.new('camera')
    camera.type = 'ORTHO'
    camera.ortho_scale = WIDTH
    bpy.context.scene.camera = add('camera', camera, (0, 0, 5))


def box(x, y, height, material):
    """2x × 2y metres, standing on z = 0."""
    mesh = bpy.data.meshes.new('box')
    corners = [(i * x, j * y, k * height) for k in (0, 1) for j in (-1, 1) for i in (-1, 1)]
    faces = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)]
    mesh.from_pydata(corners, [], faces)
    mesh.materials.append(material)
    return mesh


def add(name, data, place):
    item = bpy.data.objects.new(name, data)
    item.location = place
    bpy.context.scene.collection.objects.link(item)
    return item


def render(task, path):
    """Linear radiance: the scene has no world, so it is black around the lamp."""
    scene = bpy.context.scene
    set_up_cycles(scene, task)
    scene.render.resolution_percentage = 100
    image = scene.render.image_settings
    image.file_format, image.color_mode, image.color_depth = 'OPEN_EXR', 'RGB', '32'
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    picture = bpy.data.images.load(str(path))
    pixels = numpy.empty(task['size'] ** 2 * 4, numpy.float32)
    picture.pixels.foreach_get(pixels)
    return pixels.reshape(task['size'], task['size'], 4)[::-1, :, :3]


if __name__ == '__main__':
    main()
