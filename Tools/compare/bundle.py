"""Reads bundles as docs/bundle.md has them, and nothing else of Glint."""

import hashlib
import struct
from types import SimpleNamespace

import numpy
import zstandard


class Reader:
    """Bytes from front to back."""

    def __init__(self, data):
        self.data, self.place = data, 0

    def take(self, count):
        if self.place + count > len(self.data):
            raise ValueError(f'{count} bytes wanted at {self.place} of {len(self.data)}')
        self.place += count
        return self.data[self.place - count:self.place]

    def tag(self, text):
        found = self.take(len(text))
        if found != text:
            raise ValueError(f'found tag {found}, expected {text}')

    def numbers(self, form):
        """Fields by letters of `struct`; one alone is no tuple."""
        values = struct.unpack('<' + form, self.take(struct.calcsize('<' + form)))
        return values[0] if len(values) == 1 else values

    def string(self):
        return self.take(self.numbers('I')).decode()

    def array(self, kind, width=1):
        values = numpy.frombuffer(self.take(self.numbers('Q') * numpy.dtype(kind).itemsize), dtype='<' + kind)
        return values.reshape(-1, width) if width > 1 else values

    def affine(self):
        matrix = numpy.identity(4)
        matrix[:3] = numpy.array(self.numbers('12f')).reshape(3, 4)
        return matrix

    def end(self):
        if self.place != len(self.data):
            raise ValueError(f'{len(self.data) - self.place} bytes too many')


def read_bundle(folder, frame=None):
    """Everything of one frame; by default of the first."""
    reader = Reader((folder / 'MANIFEST').read_bytes())
    reader.tag(b'glint bundle 1\n')

    def name():
        return reader.take(32).hex(), reader.numbers('Q')

    names = SimpleNamespace()
    names.meshes = [name() for _ in range(reader.numbers('I'))]
    names.textures = [name() for _ in range(reader.numbers('I'))]
    names.materials = name()
    names.environment = [name() for _ in range(reader.numbers('I'))]
    names.frames = {reader.numbers('I'): name() for _ in range(reader.numbers('I'))}
    cameras = [reader.string() for _ in range(reader.numbers('I'))]
    reader.end()

    def read(part, function):
        key, size = part
        data = zstandard.ZstdDecompressor().decompress((folder / f'{key}.zst').read_bytes(), max_output_size=size)
        if len(data) != size or hashlib.sha256(data).hexdigest() != key:
            raise ValueError(f'part {key} is damaged')
        part_reader = Reader(data)
        content = function(part_reader)
        part_reader.end()
        return content

    bundle = read(names.frames[min(names.frames) if frame is None else frame], read_frame)
    bundle.camera_names = cameras
    bundle.meshes = [read(part, read_mesh) for part in names.meshes]
    bundle.textures = [read(part, read_texture) for part in names.textures]
    bundle.materials = read(names.materials, read_materials)
    bundle.environment = read(names.environment[0], read_environment) if names.environment else None
    return bundle


def read_mesh(reader):
    reader.tag(b'glint mesh 2\n\0\0\0')
    mesh = SimpleNamespace()
    mesh.vertex_count, mesh.triangle_count = reader.numbers('II')
    mesh.positions = reader.array('f4', 3)
    mesh.normals = reader.array('f4', 3)
    mesh.tangents = reader.array('f4', 4)
    mesh.uv0 = reader.array('f4', 2)
    mesh.uv1 = reader.array('f4', 2)
    mesh.uv2 = reader.array('f4', 2)
    mesh.uv3 = reader.array('f4', 2)
    mesh.colors = reader.array('f4', 4)
    mesh.indices = reader.array('u4', 3)
    mesh.materials = reader.array('u2')
    if reader.numbers('B'):
        raise ValueError('meshes that deform are not read')
    return mesh


def read_texture(reader):
    reader.tag(b'glint texture 1\n')
    texture = SimpleNamespace()
    texture.width, texture.height = reader.numbers('II')
    texture.encoding, texture.wrap_u, texture.wrap_v, texture.filter = reader.numbers('4B')
    texture.texels = reader.array('u1', 4).reshape(texture.height, texture.width, 4)
    return texture


def read_environment(reader):
    reader.tag(b'glint environment 1\n')
    environment = SimpleNamespace()
    environment.width, environment.height, environment.scale = reader.numbers('IIf')
    environment.world_to_environment = reader.affine()
    environment.texels = reader.array('f4', 3).reshape(environment.height, environment.width, 3)
    return environment


def read_materials(reader):
    reader.tag(b'glint materials 2\n')

    def reference():
        if not reader.numbers('B'):
            return None
        texture, coordinates = reader.numbers('IB')
        return SimpleNamespace(texture=texture, set=coordinates,
                               transform=numpy.array(reader.numbers('6f')).reshape(2, 3))

    def material():
        item = SimpleNamespace()
        item.base_color = numpy.array(reader.numbers('4f'))
        item.metallic, item.roughness = reader.numbers('ff')
        item.emission = numpy.array(reader.numbers('3f'))
        item.normal_scale = reader.numbers('f')
        item.alpha_mode, item.alpha_cutoff = reader.numbers('Bf')
        item.double_sided, item.unlit = reader.numbers('BB')
        item.specular_glossiness = reader.numbers('4f') if reader.numbers('B') else None
        item.base_color_texture, item.surface_texture, item.normal_texture, item.emissive_texture = (
            reference() for _ in range(4))
        return item

    return [material() for _ in range(reader.numbers('I'))]


def read_frame(reader):
    reader.tag(b'glint frame 1\n')
    frame = SimpleNamespace()
    if reader.numbers('I'):
        raise ValueError('poses are not read')
    frame.instances = []
    for _ in range(reader.numbers('I')):
        mesh, _ = reader.numbers('II')
        frame.instances.append((mesh, reader.affine()))
    frame.lights = []
    for _ in range(reader.numbers('I')):
        light = SimpleNamespace(kind=('directional', 'point', 'spot')[reader.numbers('B')])
        light.intensity, light.position, light.direction = (numpy.array(reader.numbers('3f')) for _ in range(3))
        light.range, light.cos_inner, light.cos_outer = reader.numbers('3f')
        frame.lights.append(light)
    frame.cameras = []
    for _ in range(reader.numbers('I')):
        kind, size = reader.numbers('Bf')
        frame.cameras.append(SimpleNamespace(
            kind=('perspective', 'orthographic')[kind], size=size, to_world=reader.affine()))
    return frame
