"""A small glTF 2.0 writer: collects meshes, materials, nodes, skins and animation, and writes one .glb."""

import array
import json
import math
import struct
import sys

from vectors import look_at

FLOAT, UINT, USHORT, UBYTE = 5126, 5125, 5123, 5121
COMPONENT_CODES = {FLOAT: 'f', UINT: 'I', USHORT: 'H', UBYTE: 'B'}
COMPONENT_COUNTS = {'SCALAR': 1, 'VEC2': 2, 'VEC3': 3, 'VEC4': 4, 'MAT4': 16}
COPYRIGHT = 'CC0 1.0 Universal (public domain dedication). Made for the Glint project.'


def flatten(rows):
    return [c for row in rows for c in row]


def little_endian(values, component):
    data = array.array(COMPONENT_CODES[component], values)
    if sys.byteorder == 'big':
        data.byteswap()
    return data.tobytes()


def rounded(values):
    return [round(float(v), 7) for v in values]


class Gltf:
    """One scene under construction. Every `add_…` returns the index of what it added."""

    def __init__(self, name):
        self.binary = bytearray()
        self.extensions = set()
        self.roots = []
        self.animation = {'name': name, 'channels': [], 'samplers': []}
        self.time_accessors = {}
        self.cached = {}
        self.json = {'asset': {'version': '2.0', 'generator': 'Glint make-scenes', 'copyright': COPYRIGHT},
                     'scene': 0, 'scenes': [{'name': name}]}

    def append(self, key, item):
        items = self.json.setdefault(key, [])
        items.append(item)
        return len(items) - 1

    # Buffers

    def add_view(self, data, target=None):
        while len(self.binary) % 4:
            self.binary.append(0)
        view = {'buffer': 0, 'byteOffset': len(self.binary), 'byteLength': len(data)}
        if target:
            view['target'] = target
        self.binary += data
        return self.append('bufferViews', view)

    def add_accessor(self, flat, kind, component=FLOAT, target=None, bounds=False):
        width = COMPONENT_COUNTS[kind]
        accessor = {'bufferView': self.add_view(little_endian(flat, component), target),
                    'componentType': component, 'count': len(flat) // width, 'type': kind}
        if bounds:
            # As stored: the bounds must hold for the single-precision values.
            stored = array.array(COMPONENT_CODES[component], flat)
            accessor['min'] = [min(stored[i::width]) for i in range(width)]
            accessor['max'] = [max(stored[i::width]) for i in range(width)]
        return self.append('accessors', accessor)

    # Textures and materials

    def add_texture(self, name, png, wrap=10497):
        image = self.append('images', {'name': name, 'mimeType': 'image/png', 'bufferView': self.add_view(png)})
        samplers = self.json.setdefault('samplers', [])
        sampler = {'magFilter': 9729, 'minFilter': 9987, 'wrapS': wrap, 'wrapT': wrap}
        if sampler not in samplers:
            samplers.append(sampler)
        return self.append('textures', {'source': image, 'sampler': samplers.index(sampler)})

    def texture_info(self, texture, scale=None, offset=None, rotation=None, **extra):
        """A textureInfo object; `scale`, `offset` and `rotation` go into KHR_texture_transform."""
        info = {'index': texture, **extra}
        transform = {key: value for key, value in (('scale', scale), ('offset', offset), ('rotation', rotation)) if value is not None}
        if transform:
            self.extensions.add('KHR_texture_transform')
            info['extensions'] = {'KHR_texture_transform': transform}
        return info

    def add_material(self, name, color=(1, 1, 1), metallic=0.0, roughness=0.5, alpha=1.0, base=None, surface=None,
                     normal=None, emissive=None, strength=1.0, glow=None, mode=None, cutoff=None, double=False):
        """A metallic-roughness material.

        `color` and `emissive` are linear; `base`, `surface` (roughness in green, metallic in blue), `normal` and `glow`
        are textureInfo objects; `strength` is the emitted radiance where `emissive` is 1.
        """
        pbr = {'baseColorFactor': rounded((*color, alpha)), 'metallicFactor': metallic, 'roughnessFactor': roughness}
        material = {'name': name, 'pbrMetallicRoughness': pbr}
        if base:
            pbr['baseColorTexture'] = base
        if surface:
            pbr['metallicRoughnessTexture'] = surface
        if normal:
            material['normalTexture'] = normal
        if emissive:
            material['emissiveFactor'] = rounded(emissive)
        if glow:
            material['emissiveTexture'] = glow
        if strength != 1.0:
            self.extensions.add('KHR_materials_emissive_strength')
            material['extensions'] = {'KHR_materials_emissive_strength': {'emissiveStrength': strength}}
        if mode:
            material['alphaMode'] = mode
        if cutoff is not None:
            material['alphaCutoff'] = cutoff
        if double:
            material['doubleSided'] = True
        return self.append('materials', material)

    # Meshes

    def add_mesh(self, name, parts, weights=None):
        """A mesh of (`shapes.Mesh`, material) parts. `weights` are the rest weights of its morph targets."""
        mesh = {'name': name, 'primitives': [self.primitive(shape, material) for shape, material in parts]}
        if weights:
            mesh['weights'] = weights
            mesh['extras'] = {'targetNames': parts[0][0].target_names}
        return self.append('meshes', mesh)

    def primitive(self, shape, material):
        """One primitive; a shape that comes back with another material shares its accessors."""
        item = self.json['materials'][material]
        slots = ('baseColorTexture', 'metallicRoughnessTexture', 'normalTexture', 'emissiveTexture')
        textured = any(slot in item or slot in item['pbrMetallicRoughness'] for slot in slots)
        key = (id(shape), textured, 'normalTexture' in item)
        if key not in self.cached:
            # The shape is kept beside its accessors, so that no other can get its id.
            self.cached[key] = (shape, self.new_primitive(shape, textured, 'normalTexture' in item))
        return {**self.cached[key][1], 'material': material}

    def new_primitive(self, shape, textured, bumpy):
        vertices = 34962
        attributes = {'POSITION': self.add_accessor(flatten(shape.positions), 'VEC3', target=vertices, bounds=True),
                      'NORMAL': self.add_accessor(flatten(shape.normals), 'VEC3', target=vertices)}
        # Plain colours need no coordinates: leave them out, they are a quarter of a vertex.
        if textured:
            attributes['TEXCOORD_0'] = self.add_accessor(flatten(shape.uvs), 'VEC2', target=vertices)
        if bumpy:
            attributes['TANGENT'] = self.add_accessor(flatten(shape.tangents()), 'VEC4', target=vertices)
        if shape.joints:
            attributes['JOINTS_0'] = self.add_accessor(flatten(shape.joints), 'VEC4', UBYTE, vertices)
            attributes['WEIGHTS_0'] = self.add_accessor(flatten(shape.weights), 'VEC4', target=vertices)
        component = USHORT if len(shape.positions) < 65535 else UINT
        primitive = {'attributes': attributes, 'indices': self.add_accessor(flatten(shape.triangles), 'SCALAR', component, 34963)}
        if shape.targets:
            primitive['targets'] = [
                {'POSITION': self.add_accessor(flatten(positions), 'VEC3', target=vertices, bounds=True),
                 'NORMAL': self.add_accessor(flatten(normals), 'VEC3', target=vertices)}
                for positions, normals in shape.targets]
        return primitive

    # Nodes

    def add_node(self, name, mesh=None, at=None, turned=None, scale=None, parent=None, root=True, **extra):
        """A node: a child of `parent`, or a root of the scene, or loose if `root` is false."""
        node = {'name': name}
        if mesh is not None:
            node['mesh'] = mesh
        if at is not None:
            node['translation'] = rounded(at)
        if turned is not None:
            node['rotation'] = rounded(turned)
        if scale is not None:
            node['scale'] = rounded(scale if hasattr(scale, '__len__') else (scale,) * 3)
        node.update(extra)
        index = self.append('nodes', node)
        if parent is not None:
            self.json['nodes'][parent].setdefault('children', []).append(index)
        elif root:
            self.roots.append(index)
        return index

    def add_camera(self, name, eye, target, fov, aspect=16 / 9, near=0.02, far=1000.0):
        """A perspective camera node; `fov` is the vertical angle in degrees."""
        camera = self.append('cameras', {'name': name, 'type': 'perspective', 'perspective': {
            'yfov': round(math.radians(fov), 7), 'aspectRatio': round(aspect, 7), 'znear': near, 'zfar': far}})
        return self.add_node(name, at=eye, turned=look_at(eye, target), camera=camera)

    def add_directional(self, name, direction, color, lux):
        """A directional light that shines along `direction`."""
        return self.add_light(name, 'directional', color, lux, direction=direction)

    def add_light(self, name, kind, color, intensity, at=None, direction=(0, -1, 0), cone=None):
        """A punctual light; a spot's `cone` is its inner and outer angle in degrees."""
        self.extensions.add('KHR_lights_punctual')
        lights = self.json.setdefault('extensions', {}).setdefault('KHR_lights_punctual', {'lights': []})['lights']
        light = {'name': name, 'type': kind, 'color': rounded(color), 'intensity': intensity}
        if cone:
            light['spot'] = dict(zip(('innerConeAngle', 'outerConeAngle'), (math.radians(angle) for angle in cone)))
        lights.append(light)
        return self.add_node(name, at=at, turned=look_at((0, 0, 0), direction, (0.1, 1, 0.2)),
                             extensions={'KHR_lights_punctual': {'light': len(lights) - 1}})

    def add_instances(self, name, mesh, translations, rotations, scales):
        """A node that draws `mesh` once per placement, by EXT_mesh_gpu_instancing."""
        self.extensions.add('EXT_mesh_gpu_instancing')
        attributes = {'TRANSLATION': self.add_accessor(flatten(translations), 'VEC3'),
                      'ROTATION': self.add_accessor(flatten(rotations), 'VEC4'),
                      'SCALE': self.add_accessor(flatten(scales), 'VEC3')}
        return self.add_node(name, mesh, extensions={'EXT_mesh_gpu_instancing': {'attributes': attributes}})

    # Skins and animation

    def add_skin(self, name, joints, rest_positions, skeleton=None):
        """A skin whose joints rest at `rest_positions` in the mesh's space, unrotated."""
        matrices = flatten([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, -x, -y, -z, 1] for x, y, z in rest_positions)
        skin = {'name': name, 'joints': joints, 'inverseBindMatrices': self.add_accessor(matrices, 'MAT4')}
        if skeleton is not None:
            skin['skeleton'] = skeleton
        return self.append('skins', skin)

    def animate(self, node, path, times, values, interpolation='LINEAR'):
        """Adds one channel. For CUBICSPLINE, `values` holds in-tangent, value, out-tangent for every time."""
        kind = {'translation': 'VEC3', 'scale': 'VEC3', 'rotation': 'VEC4', 'weights': 'SCALAR'}[path]
        key = tuple(times)
        if key not in self.time_accessors:
            self.time_accessors[key] = self.add_accessor(list(times), 'SCALAR', bounds=True)
        sampler = {'input': self.time_accessors[key], 'output': self.add_accessor(flatten(values), kind),
                   'interpolation': interpolation}
        self.animation['samplers'].append(sampler)
        self.animation['channels'].append({'sampler': len(self.animation['samplers']) - 1,
                                           'target': {'node': node, 'path': path}})

    # Output

    def header(self, byte_count):
        """The JSON text, for a binary chunk of `byte_count` bytes."""
        self.json['scenes'][0]['nodes'] = self.roots
        if self.animation['channels'] and 'animations' not in self.json:
            self.append('animations', self.animation)
        if self.extensions:
            self.json['extensionsUsed'] = sorted(self.extensions)
            if 'EXT_mesh_gpu_instancing' in self.extensions:
                self.json['extensionsRequired'] = ['EXT_mesh_gpu_instancing']
        self.json['buffers'] = [{'byteLength': byte_count}]
        return json.dumps(self.json, separators=(',', ':')).encode()

    def write(self, path, stream=None, stream_bytes=0):
        """Writes the .glb. `stream(file)` may write `stream_bytes` more, after what was collected here."""
        self.binary += bytes(-len(self.binary) % 4)
        total = len(self.binary) + stream_bytes
        text = self.header(total)
        text += b' ' * (-len(text) % 4)
        padding = -total % 4
        with open(path, 'wb') as file:
            file.write(struct.pack('<4sIIII', b'glTF', 2, 28 + len(text) + total + padding, len(text), 0x4E4F534A))
            file.write(text)
            file.write(struct.pack('<II', total + padding, 0x004E4942))
            file.write(self.binary)
            if stream:
                stream(file)
            file.write(bytes(padding))
        return path
