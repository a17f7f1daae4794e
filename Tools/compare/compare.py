"""Compares pictures of Glint with those of Blender Cycles: same glTF, camera, light, filter and samples.

Prints a row for each file: mean FLIP (0 is equal, 1 as far as black from white), the mean signed difference Glint − Cycles
of the sRGB values (in 1/255), and seconds of both. Writes for each file a picture with Glint left, Cycles in the middle and
FLIP right. Ends with 1 where FLIP is above the limit.

With --noise: compares instead how noisy both are for equal samples. Each is measured against many samples of its own, as
the mean of (difference of luminance)² / (luminance² + 0.01).

A file without a camera gets one; of several, the first counts. Lamps have no size and no factor of 1/683 on either side.
"""

import argparse
import json
import math
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import time

import flip_evaluator
import numpy
from PIL import Image

import tables

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent


def main():
    options = read_options()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.noise:
        print(f'{"asset":32} {"relative MSE: Glint":>20} {"Cycles":>8} {"ratio":>6} {"mean: Glint":>12} {"Cycles":>7}'
              f' {"Glint s":>8} {"Cycles s":>9}')
    else:
        print(f'{"asset":32} {"FLIP":>6} {"mean":>7} {"Glint s":>8} {"Cycles s":>9}')
    worst, rows = 0, []
    for path in options.files:
        # Many exporters call every file so.
        name = path.parent.name if path.stem == 'scene' else path.stem
        folder = options.out / name
        folder.mkdir(exist_ok=True)
        try:
            if options.noise:
                print(f'{name:32} {noise_row(path, folder, options)}', flush=True)
                continue
            row = compare(path, folder, options)
        except subprocess.CalledProcessError as failure:
            lines = [line for line in (failure.stderr or failure.stdout or '').splitlines() if line.strip()]
            print(f'{name:32} failed: {lines[-1] if lines else failure}', flush=True)
            worst = 1
            continue
        flip, difference, glint_seconds, cycles_seconds = row
        rows.append((name, flip, difference))
        worst = max(worst, flip)
        mark = '  above the limit' if flip > options.limit else ''
        print(f'{name:32} {flip:6.3f} {difference:+7.2f} {glint_seconds:8.1f} {cycles_seconds:9.1f}{mark}', flush=True)
    if options.table:
        tables.write(REPOSITORY / 'docs' / 'correctness.md', 'cycles', table(rows, options))
    return 1 if worst > options.limit else 0


def read_options():
    parser = argparse.ArgumentParser(
        prog='cycles', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('files', nargs='+', type=pathlib.Path, metavar='FILE', help='.gltf or .glb')
    parser.add_argument('--env', type=pathlib.Path, metavar='FILE', help='Radiance HDR, for both')
    parser.add_argument('--frame', type=int, default=1, metavar='N',
                        help="as Glint counts them: 1 is the animation's start")
    parser.add_argument('--size', type=parse_size, default=(256, 144), metavar='WxH', help='default: 256x144')
    parser.add_argument('--samples', type=int, default=256, metavar='N', help='default: 256')
    parser.add_argument('--bounces', type=int, default=8, metavar='N', help='default: 8')
    parser.add_argument('--exposure', type=float, default=0, metavar='STOPS', help='default: 0')
    parser.add_argument('--noise', action='store_true', help='compare noise instead')
    parser.add_argument('--reference', type=int, default=1024, metavar='N',
                        help='samples to measure noise against (default: 1024)')
    parser.add_argument('--limit', type=float, default=0.1, metavar='FLIP', help='highest mean FLIP (default: 0.10)')
    parser.add_argument('--table', action='store_true', help='write the rows into docs/correctness.md')
    parser.add_argument('--threads', type=int, default=2, metavar='N', help='of both (default: 2)')
    parser.add_argument('--out', type=pathlib.Path, default=pathlib.Path('out/compare'), metavar='DIR',
                        help='default: out/compare')
    parser.add_argument('--glint', type=pathlib.Path, metavar='FILE', help='the program (default: the newest build)')
    options = parser.parse_args()
    for path in options.files + ([options.env] if options.env else []):
        if not path.is_file():
            parser.error(f'no file {path}')
    if not options.glint:
        builds = [REPOSITORY / '.build' / kind / 'glint' for kind in ('release', 'debug')]
        builds = [path for path in builds if path.is_file()]
        if not builds:
            parser.error('no build of glint: swift build, or --glint FILE')
        options.glint = max(builds, key=lambda path: path.stat().st_mtime)
    options.glint = options.glint.resolve()
    return options


# What differs on purpose, in assets that show it.
BY_DESIGN = {
    'BoxAnimated': 'triangles in the same plane: Cycles draws black where they hide each other, Glint the one that comes first',
    'BoxVertexColors': 'no material: metallic as glTF has it, Blender takes a grey dielectric',
    'SimpleInstancing': 'no material: metallic as glTF has it, Blender takes a grey dielectric',
}


def table(rows, options):
    size = f'{options.size[0]}×{options.size[1]}'
    mean = sum(flip for _, flip, _ in rows) / len(rows)
    lines = [f'{size} pixels, {options.samples} samples, {options.bounces} bounces'
             f'{", " + options.env.stem if options.env else ""}. Mean FLIP of {len(rows)} assets: {mean:.3f}.', '',
             '| asset | FLIP | mean difference | by design |', '| --- | --- | --- | --- |']
    return lines + [f'| {name} | {flip:.3f} | {difference:+.2f} | {BY_DESIGN.get(name, "")} |'
                    for name, flip, difference in rows]


def parse_size(text):
    match = re.fullmatch(r'(\d+)x(\d+)', text)
    if not match:
        raise argparse.ArgumentTypeError('expected width x height, such as 256x144')
    return int(match[1]), int(match[2])


def compare(path, folder, options):
    """FLIP, mean signed difference, seconds of Glint and of Cycles."""
    scene, camera = prepare(path, folder)
    ours, theirs, *seconds = render(scene, camera, folder, options, samples=options.samples)
    glint, cycles = (numpy.asarray(Image.open(file).convert('RGB'), dtype=numpy.float32) / 255 for file in (ours, theirs))
    errors, flip, _ = flip_evaluator.evaluate(cycles, glint, 'LDR')
    pair = numpy.concatenate([glint, cycles, errors], axis=1)
    Image.fromarray((pair * 255 + 0.5).clip(0, 255).astype(numpy.uint8)).save(folder.parent / f'{folder.name}.png')
    return flip, float((glint - cycles).mean() * 255), *seconds


def render(scene, camera, folder, options, samples, seed=0, depth=8, exposure=0):
    """Both pictures, seconds of Glint and of Cycles, starting included."""
    ours, theirs = folder / f'glint-{samples}.png', folder / f'cycles-{samples}.png'
    exposure += options.exposure
    began = time.monotonic()
    run([options.glint, 'render', scene, '--size', f'{options.size[0]}x{options.size[1]}', '--samples', samples,
         '--double-sided', '--light-unit', 'gltf',
         '--bounces', options.bounces, '--frames', options.frame, '--filter', 'box', '--view', 'standard',
         '--exposure', exposure, '--depth', depth, '--seed', seed, '--threads', options.threads, '--output', ours]
        + (['--env', options.env] if options.env else [])
        + (['--animation', 1] if camera['animations'] else []))
    glint_seconds = time.monotonic() - began

    task = dict(
        scene=str(scene), out=str(theirs), size=options.size, samples=samples, bounces=options.bounces, seed=seed,
        frame=options.frame, threads=options.threads, exposure=exposure, depth=depth, camera=camera,
        env=str(options.env.resolve()) if options.env else None)
    began = time.monotonic()
    run([sys.executable, '-B', HERE / 'cycles_render.py', json.dumps(task)])
    return ours, theirs, glint_seconds, time.monotonic() - began


def noise_row(path, folder, options):
    scene, camera = prepare(path, folder)
    # Four stops darker, so that nothing short of 16 clips.
    noisy = render(scene, camera, folder, options, samples=options.samples, seed=1, depth=16, exposure=-4)
    clean = render(scene, camera, folder, options, samples=options.reference, seed=2, depth=16, exposure=-4)
    errors, means = [], []
    for file, reference in zip(noisy[:2], clean[:2]):
        value, truth = luminance(file) * 16, luminance(reference) * 16
        errors.append(((value - truth) ** 2 / (truth ** 2 + 0.01)).mean())
        means.append(truth.mean())
    return (f'{errors[0]:20.5f} {errors[1]:8.5f} {errors[0] / errors[1]:6.2f} {means[0]:12.4f} {means[1]:7.4f}'
            f' {noisy[2]:8.1f} {noisy[3]:9.1f}')


def luminance(path):
    """Linear, from a PNG of 16 bits: Pillow would read eight of them."""
    import bpy
    image = bpy.data.images.load(str(path.resolve()))
    image.colorspace_settings.name = 'Non-Color'
    encoded = numpy.array(image.pixels[:]).reshape(image.size[1], image.size[0], -1)[..., :3]
    bpy.data.images.remove(image)
    linear = numpy.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return linear @ numpy.array([0.2126, 0.7152, 0.0722])


def run(command):
    subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True, errors='replace')


# MARK: - One camera for both

def prepare(path, folder, view=None):
    """A copy of the file with exactly one camera, and what Blender needs to know of it.

    `view`, for a file without a camera: where it stands, what it looks at, and its vertical field of view in degrees.
    """
    data = path.read_bytes()
    rest = b''
    if data[:4] == b'glTF':
        length = struct.unpack('<I', data[12:16])[0]
        document, rest = json.loads(data[20:20 + length]), data[20 + length:]
    else:
        document = json.loads(data)
        # The files it names; copies, because Glint follows no links out of a scene's folder.
        for file in path.parent.rglob('*'):
            copy = folder / file.relative_to(path.parent)
            if file.is_file() and file != path and not copy.exists():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, copy)
    camera = choose_camera(document, view)
    camera['animations'] = len(document.get('animations', []))
    text = json.dumps(document).encode()
    copy = folder / path.name
    if rest or data[:4] == b'glTF':
        text += b' ' * (-len(text) % 4)
        header = struct.pack('<4sIII4s', b'glTF', 2, 20 + len(text) + len(rest), len(text), b'JSON')
        copy.write_bytes(header + text + rest)
    else:
        copy.write_bytes(text)
    return copy, camera


def choose_camera(document, view):
    nodes = document.setdefault('nodes', [])
    scene = document.get('scenes', [{}])[document.get('scene', 0)]
    reached = []
    pending = [(node, IDENTITY) for node in reversed(scene.setdefault('nodes', []))]
    while pending:
        node, above = pending.pop()
        world = above @ local_transform(nodes[node])
        reached.append((node, world))
        pending += [(child, world) for child in reversed(nodes[node].get('children', []))]
    chosen = next((node for node, _ in reached if 'camera' in nodes[node]), None)
    if chosen is None:
        place, yfov = seen_from(*view) if view else standard_camera(document, reached)
        document['cameras'] = [dict(type='perspective', perspective=dict(yfov=yfov, znear=1e-3))]
        nodes.append(dict(camera=0, matrix=[float(value) for value in place.T.flatten()]))
        scene['nodes'].append(len(nodes) - 1)
        chosen = len(nodes) - 1
    for index, node in enumerate(nodes):
        if index != chosen:
            node.pop('camera', None)
    camera = document['cameras'][nodes[chosen]['camera']]
    if camera['type'] == 'perspective':
        return dict(kind='perspective', yfov=camera['perspective']['yfov'])
    return dict(kind='orthographic', height=2 * camera['orthographic']['ymag'])


IDENTITY = numpy.identity(4)


def local_transform(node):
    if 'matrix' in node:
        return numpy.array(node['matrix']).reshape(4, 4).T
    x, y, z, w = node.get('rotation', (0, 0, 0, 1))
    turn = numpy.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]])
    result = numpy.identity(4)
    result[:3, :3] = turn * numpy.array(node.get('scale', (1, 1, 1)))
    result[:3, 3] = node.get('translation', (0, 0, 0))
    return result


def standard_camera(document, reached):
    """From front, right and above; 50 mm. The bounds are those that the file states."""
    corners = []
    for index, world in reached:
        node = document['nodes'][index]
        if 'mesh' not in node:
            continue
        for primitive in document['meshes'][node['mesh']]['primitives']:
            accessor = document['accessors'][primitive['attributes']['POSITION']]
            scale = {5120: 127, 5121: 255, 5122: 32767, 5123: 65535}.get(accessor['componentType'], 1)
            box = numpy.array([accessor['min'], accessor['max']]) / (scale if accessor.get('normalized') else 1)
            for choice in range(8):
                corner = [box[choice >> axis & 1][axis] for axis in range(3)]
                corners.append((world @ numpy.array([*corner, 1]))[:3])
    corners = numpy.array(corners or [[-1, -1, -1], [1, 1, 1]])
    low, high = corners.min(axis=0), corners.max(axis=0)
    tangent = 18 / 50 * 9 / 16
    distance = (numpy.linalg.norm(high - low) / 2 or 1) / math.sin(math.atan(tangent)) * 0.9
    back = numpy.array([0.9, 0.5, 1.4])
    back /= numpy.linalg.norm(back)
    target = (low + high) / 2
    return seen_from(target + back * distance, target, math.degrees(2 * math.atan(tangent)))


def seen_from(eye, target, yfov):
    """A camera's matrix, and its vertical field of view in radians."""
    back = numpy.array(eye, float) - target
    back /= numpy.linalg.norm(back)
    right = numpy.cross([0, 1, 0], back)
    right /= numpy.linalg.norm(right)
    place = numpy.identity(4)
    place[:3, 0], place[:3, 1], place[:3, 2], place[:3, 3] = right, numpy.cross(back, right), back, eye
    return place, math.radians(yfov)


if __name__ == '__main__':
    sys.exit(main())
