"""Tests pictures of Glint against Mitsuba statistically: the same bundle, camera and light.

Glint packs the scene (`glint bundle`); the bundle is read by docs/bundle.md and turned into a Mitsuba scene, its surface by
docs/kernel.md. Both render independent batches. Welch's t-test asks of every pixel, every block of 8 × 8 and the whole
picture, in each channel, whether both have the same mean; Šidák's correction turns the smallest p into that of the scene.
A scene passes if that is at least 0.01 and mean luminance agrees within 0.5 %.

Then it must fail twice: with Glint's picture scaled by 1.01, and with the base colours that Glint gets scaled by 0.99.

Without files: the scenes of Tools/scenes/correctness.py, and the table goes to docs/correctness.md. Ends with 1 if a scene
fails, or passes with an error put in. Failures leave image, reference, error and p-value maps in --out.
"""

import argparse
import json
import pathlib
import re
import struct
import subprocess
import sys
import time

import mitsuba as mi
import numpy
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
SIGNIFICANCE = 0.01
MEAN_LIMIT = 0.005
LUMINANCE = numpy.array([0.2126, 0.7152, 0.0722])

mi.set_variant('llvm_ad_rgb')

import mitsuba_plugins  # noqa: E402 (needs the variant)
import mitsuba_scene  # noqa: E402
import statistics_of_batches as statistics  # noqa: E402
import tables  # noqa: E402


def main():
    options = read_options()
    options.out.mkdir(parents=True, exist_ok=True)
    mitsuba_plugins.register()
    check_lobe()
    if options.files:
        scenes = [(path.stem, path, options.env) for path in options.files]
    else:
        sys.path.insert(0, str(REPOSITORY / 'Tools' / 'scenes'))
        import correctness
        scenes = correctness.build(options.out)
        scenes = [scene for scene in scenes if not options.only or scene[0] in options.only]
    rows, is_good = [], True
    print(f'{"scene":20} {"p":>8} {"pixel":>8} {"block":>8} {"picture":>8} {"luminance":>10} {"p, x1.01":>9}'
          f' {"p, colour":>10} {"Glint s":>8} {"Mitsuba s":>10}', flush=True)
    for name, path, light in scenes:
        row = examine(name, path, light, options)
        rows.append(row)
        good = row['passes'] and row['scaled'] < SIGNIFICANCE and row['colour'] < SIGNIFICANCE
        is_good &= good
        print(f'{name:20} {row["p"]:8.2g} {row["pixel"]:8.2g} {row["block"]:8.2g} {row["picture"]:8.2g}'
              f' {100 * row["mean"]:+9.3f}% {row["scaled"]:9.2g} {row["colour"]:10.2g} {row["seconds"][0]:8.1f}'
              f' {row["seconds"][1]:10.1f}{"" if good else "  WRONG"}', flush=True)
    if not options.files and not options.only:
        tables.write(REPOSITORY / 'docs' / 'correctness.md', 'mitsuba', table(rows, options))
    return 0 if is_good else 1


def read_options():
    parser = argparse.ArgumentParser(
        prog='mitsuba', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('files', nargs='*', type=pathlib.Path, metavar='FILE', help='.gltf or .glb')
    parser.add_argument('--env', type=pathlib.Path, metavar='FILE', help='Radiance HDR, for both')
    parser.add_argument('--only', nargs='+', metavar='SCENE', help='some of the own scenes; writes no table')
    parser.add_argument('--size', type=parse_size, default=(96, 64), metavar='WxH', help='default: 96x64')
    parser.add_argument('--samples', type=int, default=512, metavar='N', help='of Glint (default: 512)')
    parser.add_argument('--reference', type=int, default=1024, metavar='N', help='of Mitsuba (default: 1024)')
    parser.add_argument('--batches', type=int, default=16, metavar='N', help='of both (default: 16)')
    parser.add_argument('--bounces', type=int, default=6, metavar='N', help='default: 6')
    parser.add_argument('--scale', type=float, default=1, metavar='FACTOR', help="multiplies Glint's picture: must fail")
    parser.add_argument('--threads', type=int, default=2, metavar='N', help='of Glint (default: 2)')
    parser.add_argument('--out', type=pathlib.Path, default=pathlib.Path('out/mitsuba'), metavar='DIR',
                        help='default: out/mitsuba')
    parser.add_argument('--glint', type=pathlib.Path, metavar='FILE', help='the program (default: the newest build)')
    options = parser.parse_args()
    if options.samples % options.batches or options.reference % options.batches:
        parser.error('samples must be a multiple of the batches')
    if not options.glint:
        builds = [REPOSITORY / '.build' / kind / 'glint' for kind in ('release', 'debug')]
        builds = [path for path in builds if path.is_file()]
        if not builds:
            parser.error('no build of glint: swift build, or --glint FILE')
        options.glint = max(builds, key=lambda path: path.stat().st_mtime)
    options.glint = options.glint.resolve()
    options.out = options.out.resolve()
    return options


def parse_size(text):
    match = re.fullmatch(r'(\d+)x(\d+)', text)
    if not match:
        raise argparse.ArgumentTypeError('expected width x height, such as 96x64')
    return int(match[1]), int(match[2])


def examine(name, path, light, options):
    folder = options.out / name
    bundle = folder / 'bundle'
    bundle.mkdir(parents=True, exist_ok=True)
    run([options.glint, 'bundle', path, '--frames', 1, '-o', bundle] + (['--env', light] if light else []))
    began = time.monotonic()
    scene = mitsuba_scene.load_scene(bundle, options.size, options.bounces)
    theirs = numpy.stack([
        numpy.array(mi.render(scene, spp=options.reference // options.batches, seed=1000 + batch)).astype(float)
        for batch in range(options.batches)])
    middle = time.monotonic()
    ours = render(path, light, folder / 'glint', options) * options.scale
    seconds = (time.monotonic() - middle, middle - began)

    levels, p, p_map = statistics.test_pictures(ours, theirs)
    means = [float((batches.mean(axis=(0, 1, 2)) * LUMINANCE).sum()) for batches in (ours, theirs)]
    mean = means[0] / means[1] - 1
    flat = statistics.noiseless(ours, theirs)
    agree = numpy.allclose(ours.mean(axis=0)[flat], theirs.mean(axis=0)[flat], rtol=1e-3, atol=1e-6)
    passes = p >= SIGNIFICANCE and abs(mean) <= MEAN_LIMIT and agree
    leave_maps(folder, ours.mean(axis=0), theirs.mean(axis=0), p_map, passes)

    wrong = render(discoloured(path, folder), light, folder / 'wrong', options)
    return dict(name=name, p=p, **levels, mean=mean, passes=passes, seconds=seconds,
                scaled=statistics.test_pictures(ours * 1.01, theirs)[1],
                colour=statistics.test_pictures(wrong, theirs)[1])


def render(path, light, folder, options):
    """Glint's batches: frames of a scene that stands still differ in their random numbers only."""
    folder.mkdir(parents=True, exist_ok=True)
    run([options.glint, 'render', path, '--size', f'{options.size[0]}x{options.size[1]}',
         '--samples', options.samples // options.batches, '--bounces', options.bounces, '--filter', 'box',
         '--frames', f'1-{options.batches}', '--double-sided', '--threads', options.threads, '--output', folder / 'batch.####.pfm']
        + (['--env', light] if light else []))
    return numpy.stack([read_pfm(folder / f'batch.{batch + 1:04}.pfm') for batch in range(options.batches)])


def read_pfm(path):
    kind, size, scale, data = path.read_bytes().split(b'\n', 3)
    width, height = map(int, size.split())
    if kind != b'PF' or float(scale) >= 0:
        raise ValueError(f'{path}: found {kind} {scale}, expected PF and a negative scale')
    return numpy.frombuffer(data, dtype='<f4').reshape(height, width, 3)[::-1].astype(float)


def discoloured(path, folder):
    """A copy of a .glb whose base colours are 1 % darker."""
    data = path.read_bytes()
    length = struct.unpack('<I', data[12:16])[0]
    document = json.loads(data[20:20 + length])
    for material in document['materials']:
        surface = material.setdefault('pbrMetallicRoughness', {})
        color = surface.get('baseColorFactor', [1, 1, 1, 1])
        surface['baseColorFactor'] = [0.99 * c for c in color[:3]] + color[3:]
    text = json.dumps(document).encode()
    text += b' ' * (-len(text) % 4)
    copy = folder / 'wrong.glb'
    rest = data[20 + length:]
    copy.write_bytes(struct.pack('<4sIII4s', b'glTF', 2, 20 + len(text) + len(rest), len(text), b'JSON') + text + rest)
    return copy


def run(command):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, errors='replace')
    if result.returncode:
        sys.exit(f'{" ".join(map(str, command))}\n{result.stderr}')


def check_lobe():
    """Where Mitsuba has the same lobe, the plugin must give its values: white metal without what compensation adds."""
    import drjit as dr
    surface = mi.load_dict({'type': 'glint_surface', 'base_color': {'type': 'rgb', 'value': 1.0},
                            'surface': {'type': 'rgb', 'value': [1, 0.6, 1]}})
    stock = mi.load_dict({'type': 'roughconductor', 'material': 'none', 'distribution': 'ggx', 'alpha': 0.36})
    angles = numpy.linspace(0.05, 1.4, 12)
    theta_o, theta_i, phi = (grid.ravel() for grid in numpy.meshgrid(angles, angles, numpy.linspace(0, 3, 5)))
    si = dr.zeros(mi.SurfaceInteraction3f, len(phi))
    si.n, si.sh_frame = mi.Normal3f(0, 0, 1), mi.Frame3f(mi.Normal3f(0, 0, 1))
    si.wi = mi.Vector3f(numpy.sin(theta_o), 0 * phi, numpy.cos(theta_o))
    wo = mi.Vector3f(numpy.sin(theta_i) * numpy.cos(phi), numpy.sin(theta_i) * numpy.sin(phi), numpy.cos(theta_i))
    context = mi.BSDFContext()
    scale, bias, _ = mitsuba_plugins.GlintSurface.table.lookup(si.wi.z, mi.Float(0.6), True)
    ours = numpy.array(surface.eval(context, si, wo).x * (scale + bias))
    theirs = numpy.array(stock.eval(context, si, wo).x)
    # Mitsuba's masking is not height-correlated, so compare where that does not matter, and the whole within its range.
    with numpy.errstate(invalid='ignore'):
        ratio = ours / theirs
    if not (numpy.isfinite(ratio).all() and ratio.min() > 0.999 and ratio.max() < 1.6 and abs(ratio[0] - 1) < 0.01):
        sys.exit(f'the plugin and roughconductor differ: ratio {ratio.min():.4f} to {ratio.max():.4f}')


def leave_maps(folder, ours, theirs, p_map, passes):
    files = {name: folder / f'{name}.png' for name in ('image', 'reference', 'error', 'p')}
    for file in files.values():
        file.unlink(missing_ok=True)
    top = max(1e-9, numpy.percentile(theirs, 99))
    save(files['image'], (ours / top).clip(0, 1) ** (1 / 2.2))
    save(files['reference'], (theirs / top).clip(0, 1) ** (1 / 2.2))
    if not passes:
        # Grey where equal, a full step for 5 % of what is there.
        save(files['error'], 0.5 + (ours - theirs) / (theirs + 0.01 * top) * 10)
        # Black at 1, white at 10⁻⁶.
        save(files['p'], numpy.repeat(-numpy.log10(numpy.maximum(p_map, 1e-6))[..., None] / 6, 3, axis=-1))


def save(path, values):
    Image.fromarray((values * 255 + 0.5).clip(0, 255).astype(numpy.uint8)).resize(
        (values.shape[1] * 4, values.shape[0] * 4), Image.NEAREST).save(path)


def table(rows, options):
    def mark(p):
        return 'fails' if p < SIGNIFICANCE else f'**passes ({p:.2g})**'

    lines = [
        f'{options.size[0]}×{options.size[1]} pixels, {options.bounces} bounces, box filter; Glint {options.samples} samples, '
        f'Mitsuba {mi.__version__} {options.reference}, in {options.batches} independent batches each.', '',
        '| scene | p | of pixels | of blocks | of the picture | mean luminance | scene | picture × 1.01 | base colours × 0.99 |',
        '| --- | --- | --- | --- | --- | --- | --- | --- | --- |']
    for row in rows:
        lines.append(
            f'| {row["name"]} | {row["p"]:.2g} | {row["pixel"]:.2g} | {row["block"]:.2g} | {row["picture"]:.2g} |'
            f' {100 * row["mean"]:+.3f} % | {"passes" if row["passes"] else "**fails**"} | {mark(row["scaled"])} |'
            f' {mark(row["colour"])} |')
    return lines


if __name__ == '__main__':
    sys.exit(main())
