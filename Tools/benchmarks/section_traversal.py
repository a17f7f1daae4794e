"""Rays a second of one thread, against Embree 4.4 out of its wheel on the same rays (`rtcIntersect1` and `rtcOccluded1`, high
build quality): `glint bench traversal`. Primary rays come in order of pixels, diffuse rays of bounces 1 to 3 shuffled, shadow
rays in the order of the points that they start from. Beside: Embree built for its robust mode, and its packets of 8 and 16
consecutive rays (`--beside`). What each scene is built from is one mesh in world space; both sides
build with two threads."""

import math
import pathlib
import sys

import embreex

from machine import CACHE, REPOSITORY, load_json, run, table
from scenes import Scene, scenes

CLASSES = ('primary', 'diffuse', 'shadow')


def section(options):
    package = pathlib.Path(embreex.__file__).parent
    folders = [package, package.parent / 'embreex.libs']
    library = next(path for folder in folders for path in sorted(folder.glob('libembree4*')))
    rows, builds, ratios, results = [], [], {name: [] for name in CLASSES}, []
    for scene in chosen(options):
        file, _ = scene.prepared
        result = load_json(run([
            options.glint, 'bench', 'traversal', file, '--embree', library, '--rounds', options.rounds, '--beside', '--json']))
        results.append(result)
        builds.append([
            scene.name, f'{result["triangles"]:,}', f'{result["buildSeconds"]:.2f}',
            f'{result["embreeBuildSeconds"]:.2f}', f'{result["bytesPerTriangle"]:.0f}'])
        for row in result['rows']:
            rows.append([
                scene.name, row['rays'], f'{row["glint"]:.2f}', f'{row["embree"]:.2f}', f'**{row["ratio"]:.2f}**',
                f'{row["different"] / row["count"]:.1e}', f'{row["embreeRobust"]:.2f}', f'{row["embreePackets8"]:.2f}',
                f'{row["embreePackets16"]:.2f}'])
            ratios[row['rays'].split()[0]].append(row['ratio'])
    means = ', '.join(
        f'{name} **{math.exp(sum(map(math.log, values)) / len(values)):.2f}** (lowest {min(values):.2f})'
        for name, values in ratios.items() if values)
    text = '\n\n'.join([
        __doc__.strip(), table(
            ['scene', 'rays', 'M/s', 'of Embree', 'ratio', 'differ', 'robust', 'of 8', 'of 16'], rows),
        f'Geometric means: {means}. Medians of {options.rounds} rounds, sides by turns.',
        table(['scene', 'triangles', 'build, s', 'of Embree', 'bytes a triangle'], builds)])
    return text, results


def chosen(options):
    """The issue's classes: many small triangles, dense meshes, an interior, a city of five million."""
    found = scenes(options.assets, ['MetalRoughSpheresNoTextures', 'interior', 'gallery'])
    apartment = options.assets / 'gltf/DreamApartment/decoded/dream-apartment.glb'
    if apartment.is_file():
        found.append(Scene('DreamApartment', apartment, view=((9.1, 2.2, -3.5), (6.0, 1.0, -7.0), 60)))
    car = options.assets / 'gltf/ToyCar/glTF/ToyCar.gltf'
    if car.is_file():
        found.append(Scene('ToyCar', car))
    city = CACHE / 'city-real.glb'
    if not city.is_file():
        run([sys.executable, REPOSITORY / 'Tools/make-scenes', 'city', '--real', '--output', CACHE])
    return found + [Scene('city', city)]
