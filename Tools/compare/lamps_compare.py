"""Compares lamps that Blender exports with the same lamps in Blender Cycles.

Builds a scene for each kind of lamp (sun, point, spot), exports it in each lighting mode of Blender's exporter, renders the
files with Glint and the scene itself with Cycles, and prints a row for each: mean linear value of both pictures, and their
ratio. `generator` is the Standard file without --light-unit: Glint reads the unit off the exporter's version.

glTF and Cycles let a spot's light fall off towards its edge each in its own way. So only the floor inside the inner cone
counts for the spot; the row below it has the whole picture, and is not judged.

Ends with 1 where a ratio is further from 1 than the limit.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy

import tables

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent

# How Glint is told the mode; the file; the options.
UNITS = {
    'Standard': ('standard.glb', ['--light-unit', 'standard']),
    'Unitless': ('unitless.glb', ['--light-unit', 'unitless']),
    'Raw': ('raw.glb', ['--light-unit', 'raw']),
    'generator': ('standard.glb', []),
}

# As lamps_render.py builds them.
LAMPS = ('sun', 'point', 'spot')
LAMP_HEIGHT = 2
WIDTH = 4


def main():
    options = read_options()
    print(f'{"lamp":18} {"mode":10} {"Glint":>9} {"Cycles":>9} {"ratio":>8}')
    rows, failed = [], False
    with tempfile.TemporaryDirectory(prefix='glint-lamps-') as temporary:
        for lamp in LAMPS:
            folder = pathlib.Path(options.out or temporary) / lamp
            folder.mkdir(parents=True, exist_ok=True)
            task = dict(lamp=lamp, folder=str(folder.resolve()), size=options.size, samples=options.samples,
                        bounces=options.bounces, threads=options.threads)
            run([sys.executable, '-B', HERE / 'lamps_render.py', json.dumps(task)])
            cycles = numpy.load(folder / 'cycles.npy')
            for mode, (file, unit) in UNITS.items():
                glint = render(folder / file, folder / f'{mode.lower()}.pfm', unit, options)
                for part, mask, judged in parts(lamp, folder, options.size):
                    ours, theirs = (float(picture[mask].mean()) for picture in (glint, cycles))
                    ratio = ours / theirs
                    within = abs(ratio - 1) <= options.limit / 100
                    verdict = ('yes' if within else 'NO') if judged else 'not judged'
                    failed |= judged and not within
                    rows.append((part, mode, ours, theirs, ratio, verdict))
                    print(f'{part:18} {mode:10} {ours:9.5f} {theirs:9.5f} {ratio:8.4f}  {verdict}', flush=True)
    if options.table:
        tables.write(REPOSITORY / 'docs' / 'correctness.md', 'lamps', table(rows, options))
    return 1 if failed else 0


def read_options():
    parser = argparse.ArgumentParser(
        prog='lamps', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--size', type=int, default=96, metavar='N', help='pixels along each side (default: 96)')
    parser.add_argument('--samples', type=int, default=256, metavar='N', help='default: 256')
    parser.add_argument('--bounces', type=int, default=4, metavar='N', help='default: 4')
    parser.add_argument('--limit', type=float, default=1, metavar='PERCENT',
                        help='highest difference of the means (default: 1)')
    parser.add_argument('--table', action='store_true', help='write the rows into docs/correctness.md')
    parser.add_argument('--threads', type=int, default=2, metavar='N', help='of both (default: 2)')
    parser.add_argument('--out', type=pathlib.Path, metavar='DIR', help='keep files and pictures here')
    parser.add_argument('--glint', type=pathlib.Path, metavar='FILE', help='the program (default: the newest build)')
    options = parser.parse_args()
    if options.size < 8:
        parser.error(f'--size: found {options.size}, expected 8 or more')
    if not options.glint:
        builds = [REPOSITORY / '.build' / kind / 'glint' for kind in ('release', 'debug')]
        builds = [path for path in builds if path.is_file()]
        if not builds:
            parser.error('no build of glint: swift build, or --glint FILE')
        options.glint = max(builds, key=lambda path: path.stat().st_mtime)
    options.glint = options.glint.resolve()
    return options


def render(scene, path, unit, options):
    run([options.glint, 'render', scene, *unit, '--no-sky', '--double-sided', '--size', f'{options.size}x{options.size}',
         '--samples', options.samples, '--bounces', options.bounces, '--filter', 'box', '--threads', options.threads,
         '--output', path])
    return read_pfm(path)


def read_pfm(path):
    """Height × width × 3 linear floats, top row first."""
    kind, size, scale, pixels = path.read_bytes().split(b'\n', 3)
    width, height = (int(word) for word in size.split())
    if kind != b'PF':
        sys.exit(f'lamps: {path}: found {kind}, expected PF')
    order = '<f4' if float(scale) < 0 else '>f4'
    return numpy.frombuffer(pixels, order, width * height * 3).reshape(height, width, 3)[::-1]


def parts(lamp, folder, size):
    """What of the picture is compared: a name, a mask of pixels, and whether the mean is held against the limit."""
    whole = numpy.ones((size, size), bool)
    if lamp != 'spot':
        return [(lamp, whole, True)]
    # The farthest corner of each pixel: no pixel of the mask touches the edge.
    edges = (numpy.arange(size + 1) / size - 0.5) * WIDTH
    far = numpy.maximum(abs(edges[:-1]), abs(edges[1:]))
    angle = numpy.arctan(numpy.hypot(far[None, :], far[:, None]) / LAMP_HEIGHT)
    return [('spot, inner cone', angle < inner_cone(folder / 'standard.glb'), True), ('spot, whole', whole, False)]


def inner_cone(path):
    """Radians, from the axis."""
    data = path.read_bytes()
    length = int.from_bytes(data[12:16], 'little')
    light, = json.loads(data[20:20 + length])['extensions']['KHR_lights_punctual']['lights']
    return light['spot']['innerConeAngle']


def table(rows, options):
    lines = [f'{options.size}×{options.size} pixels, {options.samples} samples, {options.bounces} bounces. Means of linear '
             f'values; at most {options.limit:g} % off.', '',
             '| lamp | mode | Glint | Cycles | ratio | within |', '| --- | --- | --- | --- | --- | --- |']
    return lines + [f'| {part} | {mode} | {ours:.5f} | {theirs:.5f} | {ratio:.4f} | {verdict} |'
                    for part, mode, ours, theirs, ratio, verdict in rows]


def run(command):
    command = [str(part) for part in command]
    done = subprocess.run(command, capture_output=True, text=True, errors='replace')
    if done.returncode:
        sys.exit(f'lamps: {" ".join(command)}: exit {done.returncode}\n{done.stderr or done.stdout}')


if __name__ == '__main__':
    sys.exit(main())
