"""A bundle as a Mitsuba scene. What has no equivalent there raises `NoEquivalent`."""

import mitsuba as mi
import numpy

from bundle import read_bundle


class NoEquivalent(Exception):
    """A feature of the bundle that a Mitsuba scene cannot show alike."""


def load_scene(folder, size, bounces, camera=0, sampler='independent'):
    bundle = read_bundle(folder)
    scene = {'type': 'scene', 'sensor': sensor(bundle.cameras[camera], size, sampler)}
    # Light that a ray finds after b scattering events ends a path of b + 2 segments.
    scene['integrator'] = {'type': 'path', 'max_depth': bounces + 2, 'rr_depth': 5}
    if bundle.environment:
        scene['environment'] = environment(bundle.environment)
    for index, light in enumerate(bundle.lights):
        scene[f'light{index}'] = punctual(light)
    surfaces = [surface(bundle, material) for material in bundle.materials]
    uses = {}
    for mesh, matrix in bundle.instances:
        uses.setdefault(mesh, []).append(matrix)
    for index, matrices in uses.items():
        mesh = bundle.meshes[index]
        materials = mesh.materials if len(mesh.materials) else numpy.zeros(mesh.triangle_count, int)
        emits = any(bundle.materials[material].emission.any() for material in set(materials))
        if len(matrices) == 1 or emits:
            for copy, matrix in enumerate(matrices):
                for name, shape in shapes(bundle, mesh, materials, surfaces, matrix).items():
                    scene[f'mesh{index}_{copy}_{name}'] = shape
        else:
            group = shapes(bundle, mesh, materials, surfaces, numpy.identity(4))
            scene[f'group{index}'] = {'type': 'shapegroup', **{f's{name}': shape for name, shape in group.items()}}
            for copy, matrix in enumerate(matrices):
                scene[f'mesh{index}_{copy}'] = {
                    'type': 'instance', 'to_world': mi.ScalarTransform4f(matrix),
                    'group': {'type': 'ref', 'id': f'group{index}'}}
    return mi.load_dict(scene)


def sensor(camera, size, sampler):
    # Mitsuba's cameras look along +z, with +x to the left.
    matrix = camera.to_world.copy()
    matrix[:3, :3] /= numpy.linalg.norm(matrix[:3, :3], axis=0)
    matrix = matrix @ numpy.diag([-1, 1, -1, 1])
    film = {'type': 'hdrfilm', 'width': size[0], 'height': size[1], 'rfilter': {'type': 'box'},
            'pixel_format': 'rgb', 'component_format': 'float32'}
    common = {'near_clip': 1e-3, 'far_clip': 1e5, 'film': film, 'sampler': {'type': sampler}}
    if camera.kind == 'perspective':
        return {'type': 'perspective', 'fov_axis': 'y', 'fov': float(2 * numpy.degrees(numpy.arctan(camera.size))),
                'to_world': mi.ScalarTransform4f(matrix), **common}
    width = camera.size * size[0] / size[1]
    matrix = matrix @ numpy.diag([width, width, 1, 1])
    return {'type': 'orthographic', 'to_world': mi.ScalarTransform4f(matrix), **common}


def punctual(light):
    color = {'type': 'rgb', 'value': light.intensity.tolist()}
    if numpy.isfinite(light.range):
        raise NoEquivalent('lights with a range')
    if light.kind == 'directional':
        return {'type': 'directional', 'direction': light.direction.tolist(), 'irradiance': color}
    if light.kind == 'point':
        return {'type': 'point', 'position': light.position.tolist(), 'intensity': color}
    return {'type': 'glint_spot', 'intensity': mi.ScalarColor3f(light.intensity), 'direction': mi.ScalarVector3f(light.direction),
            'position': mi.ScalarPoint3f(light.position), 'cos_inner': light.cos_inner, 'cos_outer': light.cos_outer}


def environment(source):
    """Mitsuba's first and last rows lie at the poles, ours half a texel off: rows at every half texel hold both."""
    height = source.height
    rows = numpy.clip(numpy.arange(2 * height + 1) / 2 - 0.5, 0, height - 1)
    low = numpy.floor(rows).astype(int)
    high = numpy.minimum(low + 1, height - 1)
    part = (rows - low)[:, None, None]
    texels = source.texels[low] * (1 - part) + source.texels[high] * part
    # Its column 0 begins at −z, ours at −x.
    turn = numpy.array([[0, 0, 1, 0], [0, 1, 0, 0], [-1, 0, 0, 0], [0, 0, 0, 1]])
    return {'type': 'envmap', 'bitmap': mi.Bitmap(texels.astype(numpy.float32)), 'scale': source.scale,
            'to_world': mi.ScalarTransform4f(numpy.linalg.inv(source.world_to_environment) @ turn)}


# MARK: - Surfaces

def surface(bundle, material):
    if material.unlit or material.alpha_mode:
        raise NoEquivalent('unlit or see-through materials')
    if material.specular_glossiness:
        raise NoEquivalent('specular-glossiness materials')
    if material.normal_texture:
        raise NoEquivalent('normal maps')
    return {
        'type': 'glint_surface',
        'base_color': texture(bundle, material.base_color_texture, material.base_color[:3]),
        # Green is roughness, blue is metallic.
        'surface': texture(bundle, material.surface_texture, [1, material.roughness, material.metallic])}


def texture(bundle, reference, factor):
    """A texture times a factor."""
    if reference is None:
        return {'type': 'rgb', 'value': [float(c) for c in factor]} if max(factor) <= 1 and min(factor) >= 0 else {
            'type': 'bitmap', 'raw': True, 'bitmap': mi.Bitmap(numpy.array(factor, dtype=numpy.float32).reshape(1, 1, 3))}
    source = bundle.textures[reference.texture]
    if reference.set != 0:
        raise NoEquivalent('the second set of texture coordinates')
    if source.wrap_u != source.wrap_v:
        raise NoEquivalent('different wrapping along u and v')
    values = source.texels[..., :3] / 255.0
    if source.encoding == 0:
        values = numpy.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    matrix = numpy.identity(4)
    (matrix[0, 0], matrix[0, 1], matrix[0, 2]), (matrix[1, 0], matrix[1, 1], matrix[1, 2]) = reference.transform
    uv = mi.ScalarTransform3f(matrix[:3, :3])
    return {'type': 'bitmap', 'raw': True, 'bitmap': mi.Bitmap((values * factor).astype(numpy.float32)), 'to_uv': uv,
            'filter_type': ('bilinear', 'nearest')[source.filter], 'wrap_mode': ('repeat', 'mirror', 'clamp')[source.wrap_u]}


# MARK: - Shapes

def shapes(bundle, mesh, materials, surfaces, matrix):
    """A Mitsuba mesh for each material, in world space; emitters twice, because they shine from both sides."""
    result = {}
    for material in sorted(set(materials)):
        chosen = mesh.indices[materials == material]
        corners, indices = numpy.unique(chosen, return_inverse=True)
        indices = indices.reshape(-1, 3)
        positions = mesh.positions[corners].astype(float) @ matrix[:3, :3].T + matrix[:3, 3]
        normals = None
        if len(mesh.normals):
            normals = mesh.normals[corners].astype(float) @ numpy.linalg.inv(matrix[:3, :3])
            normals /= numpy.linalg.norm(normals, axis=1, keepdims=True)
        if numpy.linalg.det(matrix[:3, :3]) < 0:
            indices = indices[:, ::-1]
        uv = mesh.uv0[corners] if len(mesh.uv0) else None
        item = bundle.materials[material]
        if not item.emission.any():
            result[str(material)] = make(positions, normals, uv, indices, surfaces[material], None)
            continue
        emission = texture(bundle, item.emissive_texture, item.emission)
        if item.emissive_texture is None:
            emission = {'type': 'rgb', 'value': item.emission.tolist()}
        faces = numpy.cross(positions[indices[:, 1]] - positions[indices[:, 0]], positions[indices[:, 2]] - positions[indices[:, 0]])
        faces /= numpy.linalg.norm(faces, axis=1, keepdims=True)
        gap = 1e-5 * numpy.abs(positions).max()
        # Apart by next to nothing, triangle by triangle.
        for side, sign in (('front', 1), ('back', -1)):
            apart = positions[indices] + sign * gap * faces[:, None]
            order = indices if sign > 0 else indices[:, ::-1]
            apart = apart if sign > 0 else apart[:, ::-1]
            apart, order = apart.reshape(-1, 3), order.reshape(-1)
            # Mitsuba finds the place of a textured emitter by its coordinates, which must then occur once: a mesh for each
            # triangle.
            step = 3 if item.emissive_texture else len(apart)
            if len(apart) > 3000 and item.emissive_texture:
                raise NoEquivalent('textured emitters of more than 1,000 triangles')
            for first in range(0, len(apart), step):
                result[f'{material}_{side}_{first}'] = make(
                    apart[first:first + step], None, uv[order[first:first + step]] if uv is not None else None,
                    numpy.arange(step).reshape(-1, 3), surfaces[material], emission)
    return result


def make(positions, normals, uv, indices, surface, emission):
    properties = mi.Properties()
    properties['bsdf'] = mi.load_dict(surface)
    if emission:
        properties['emitter'] = mi.load_dict({'type': 'area', 'radiance': emission})
    mesh = mi.Mesh('mesh', len(positions), len(indices), properties, normals is not None, uv is not None)
    parameters = mi.traverse(mesh)
    parameters['vertex_positions'] = positions.astype(numpy.float32).ravel()
    if normals is not None:
        parameters['vertex_normals'] = normals.astype(numpy.float32).ravel()
    if uv is not None:
        parameters['vertex_texcoords'] = uv.astype(numpy.float32).ravel()
    parameters['faces'] = indices.astype(numpy.uint32).ravel()
    parameters.update()
    return mesh
