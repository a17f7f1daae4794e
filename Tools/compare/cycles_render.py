"""Renders a glTF file with Blender Cycles, set up as Glint is. Run by compare.py, with a JSON object as its argument."""

import json
import sys

import bpy


def main():
    task = json.loads(sys.argv[1])
    scene = set_up(task)
    scene.render.filepath = task['out']
    bpy.ops.render.render(write_still=True)


def set_up(task):
    """The scene of the file, ready to be rendered."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    # COMPAT: lux and candela without the 683 lumens of a watt, but with the 4π that Blender puts into a lamp's power.
    bpy.ops.import_scene.gltf(filepath=task['scene'], export_import_convert_lighting_mode='COMPAT')
    scene = bpy.context.scene
    set_up_cycles(scene, task)
    set_up_picture(scene, task)
    set_up_camera(scene, task['camera'])
    for item in scene.objects:
        if item.type == 'LIGHT':
            set_up_lamp(item.data)
    if task['env']:
        light_with(scene, task['env'])
    # Blender's frame 0 is the start of the animation.
    scene.frame_set(task['frame'] - 1)
    return scene


def set_up_cycles(scene, task):
    scene.render.engine = 'CYCLES'
    scene.render.threads_mode = 'FIXED'
    scene.render.threads = task['threads']
    cycles = scene.cycles
    cycles.device = 'CPU'
    cycles.samples = task['samples']
    cycles.seed = task.get('seed', 0)
    cycles.use_adaptive_sampling = False
    cycles.use_denoising = False
    cycles.pixel_filter_type = 'BOX'
    cycles.sample_clamp_direct = 0
    cycles.sample_clamp_indirect = 0
    cycles.light_sampling_threshold = 0
    cycles.blur_glossy = 0
    cycles.caustics_reflective = True
    cycles.caustics_refractive = True
    for kind in ('max', 'diffuse', 'glossy', 'transmission'):
        setattr(cycles, f'{kind}_bounces', task['bounces'])
    # Glint does not count surfaces that it looks through.
    cycles.transparent_max_bounces = 128


def set_up_picture(scene, task):
    render = scene.render
    render.resolution_x, render.resolution_y = task['size']
    render.resolution_percentage = 100
    render.dither_intensity = 0
    scene.view_settings.view_transform = 'Standard'
    scene.view_settings.exposure = task['exposure']
    image = render.image_settings
    image.file_format = 'PNG'
    image.color_mode = 'RGB'
    image.color_depth = str(task.get('depth', 8))


def set_up_camera(scene, camera):
    scene.camera = next(item for item in scene.objects if item.type == 'CAMERA')
    data = scene.camera.data
    data.sensor_fit = 'VERTICAL'
    if camera['kind'] == 'perspective':
        data.type = 'PERSP'
        data.angle_y = camera['yfov']
    else:
        data.type = 'ORTHO'
        data.ortho_scale = camera['height']
    data.clip_start, data.clip_end = 1e-6, 1e9


def set_up_lamp(lamp):
    if lamp.type == 'SUN':
        lamp.angle = 0
    else:
        lamp.shadow_soft_size = 0


def light_with(scene, path):
    world = bpy.data.worlds.new('environment')
    scene.world = world
    world.use_nodes = True
    nodes = world.node_tree.nodes
    texture = nodes.new('ShaderNodeTexEnvironment')
    texture.image = bpy.data.images.load(path)
    world.node_tree.links.new(texture.outputs['Color'], nodes['Background'].inputs['Color'])


if __name__ == '__main__':
    main()
