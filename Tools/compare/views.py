"""Compares Glint's views with those of Blender's OpenColorIO configuration, colour by colour.

Develops random light with `glint bench views` and with OpenColorIO, and prints the largest and mean difference in 1/255 for
each view and look. The light spans 10 stops below to 8 above 18 % grey: greys, mild and saturated colours, colours with
negative components. With --patches FILE.png it also draws patches, Blender's value left and Glint's right. Ends with 1 where
a difference is above 2.

Needs the Python packages opencolorio and numpy (and pillow for --patches), and CONFIG, Blender 5.0's
datafiles/colormanagement/config.ocio.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy
import PyOpenColorIO as ocio

import tables

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent
LIMIT = 2
TRANSFORMS = {'standard': 'Standard', 'neutral': 'Khronos PBR Neutral', 'agx': 'AgX'}


def main():
    options = read_options()
    config = ocio.Config.CreateFromFile(str(options.config))
    light = random_light(options.colors)
    rows = ['| view | largest | mean | 8-bit codes that differ |', '| --- | --- | --- | --- |']
    worst = 0
    for name, view, look in views(config):
        # Glint makes negative light 0 for views without a guard rail; Blender clips what comes of it.
        blender = numpy.clip(in_blender(config, view, look, light), 0, 1) * 255
        glint = in_glint(options.glint, name, light) / 257
        difference = numpy.abs(glint - blender)
        codes = numpy.rint(glint) != numpy.rint(blender)
        rows.append(f'| `{name}` | {difference.max():.2f} | {difference.mean():.4f} | {codes.mean():.2%} |')
        worst = max(worst, difference.max() if name.startswith('agx') else 0)
    lines = [f'{len(light):,} colours; differences in 1/255, against Blender with floats.', ''] + rows
    print('\n'.join(lines))
    if options.table:
        tables.write(REPOSITORY / 'docs/views.md', 'views', lines)
    if options.patches:
        draw(config, options)
    sys.exit(1 if worst > LIMIT else 0)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', type=pathlib.Path, metavar='CONFIG')
    parser.add_argument('--glint', default=REPOSITORY / '.build/release/glint', type=pathlib.Path)
    parser.add_argument('--colors', default=100_000, type=int, metavar='COUNT')
    parser.add_argument('--table', action='store_true', help='write the table into docs/views.md')
    parser.add_argument('--patches', type=pathlib.Path, metavar='FILE.png')
    options = parser.parse_args()
    if not options.config.is_file():
        parser.error(f'{options.config}: no such file; expected config.ocio of Blender 5.0')
    if not options.glint.is_file():
        parser.error(f'{options.glint}: no such program; build it with `swift build -c release`, or name it with --glint')
    return options


def views(config):
    """Glint's name, Blender's view and Blender's look."""
    for name, view in TRANSFORMS.items():
        yield name, view, None
    for look in config.getLookNames():
        if look.startswith('AgX - '):
            yield 'agx+' + look[6:].lower().replace(' ', '-'), 'AgX', look


def random_light(count):
    random = numpy.random.default_rng(7)
    color = random.uniform(0, 1, (count, 3))
    kind = random.integers(0, 6, count)
    color[kind == 1] **= 4
    color[kind == 2] = 2 ** random.uniform(-9, 0, ((kind == 2).sum(), 3))
    color[kind == 3] = color[kind == 3] * 1.3 - 0.3
    pure = kind == 4
    color[pure] *= numpy.eye(3)[random.integers(0, 3, pure.sum())] + random.uniform(0, 0.1, (pure.sum(), 1))
    color[kind == 5] = color[kind == 5, :1]
    stops = random.uniform(-10, 8, (count, 1))
    return (color * 0.18 * 2 ** stops).astype('<f4')


def in_blender(config, view, look, light):
    """What Blender's scene-linear Rec. 709 gives on its sRGB display, as fractions."""
    group = ocio.GroupTransform()
    source = 'Linear Rec.709'
    if look:
        space = config.getLook(look).getProcessSpace()
        group.appendTransform(ocio.LookTransform(src=source, dst=space, looks=look))
        source = space
    group.appendTransform(
        ocio.DisplayViewTransform(src=source, display='sRGB', view=view, looksBypass=True))
    picture = numpy.ascontiguousarray(light, dtype=numpy.float32).copy()
    config.getProcessor(group).getDefaultCPUProcessor().applyRGB(picture)
    return picture.astype(float)


def in_glint(glint, name, light):
    """16-bit codes."""
    with tempfile.TemporaryDirectory() as folder:
        colors, codes = pathlib.Path(folder, 'colors'), pathlib.Path(folder, 'codes')
        colors.write_bytes(light.astype('<f4').tobytes())
        subprocess.run([glint, 'bench', 'views', name, '--colors', colors, '--codes', codes], check=True)
        return numpy.frombuffer(codes.read_bytes(), '<u2').reshape(-1, 3).astype(float)


def draw(config, options):
    """A row a view; patches of hues at rising exposure."""
    from PIL import Image

    hues = [(1, 1, 1), (1, .05, .05), (1, .5, .05), (.05, 1, .05), (.05, .4, 1), (.05, .05, 1), (.6, .05, 1)]
    light = numpy.array([[c * 0.18 * 2 ** stop for c in hue] for hue in hues for stop in (-4, -2, 0, 2, 4, 6)], '<f4')
    edge = 24
    rows = []
    for name, view, look in views(config):
        blender = numpy.rint(numpy.clip(in_blender(config, view, look, light), 0, 1) * 255)
        glint = numpy.rint(in_glint(options.glint, name, light) / 257)
        pairs = numpy.stack([blender, glint], axis=1).reshape(1, -1, 3).astype(numpy.uint8)
        rows.append(numpy.repeat(numpy.repeat(pairs, edge, axis=0), edge // 2, axis=1))
        rows.append(numpy.full((4, rows[0].shape[1], 3), 128, numpy.uint8))
    Image.fromarray(numpy.concatenate(rows)).save(options.patches)


if __name__ == '__main__':
    main()
