"""Tools/bench: runs the sections that are asked for and writes docs/performance.md."""

import argparse
import importlib
import json
import pathlib
import re
import sys
import tempfile

from machine import CACHE, REPOSITORY, machine, release_glint, say

# In the order of the document. Each is a module section_… with `section(options)`, which returns Markdown and what it measured.
SECTIONS = {
    'traversal': 'Rays a second, against Embree 4.4',
    'sampling': "Errors of the sampler's points",
    'noise': 'Equal noise, against Cycles 5.0.1',
    'mitsuba': 'Equal noise, against Mitsuba 3.9.1',
    'memory': 'Peak memory, against Cycles 5.0.1',
    'threads': 'Two threads of a process, against two processes',
    'farm': 'A farm of two agents, against `glint render`',
    'preview': 'From submission to the first preview',
}
HERE = pathlib.Path(__file__).resolve().parent
DOCUMENT = REPOSITORY / 'docs' / 'performance.md'


def main():
    options = read_options()
    CACHE.mkdir(parents=True, exist_ok=True)
    if options.quick:
        import quick
        return quick.main(options)
    for name in options.sections:
        with tempfile.TemporaryDirectory() as work:
            options.work = work
            text, results = importlib.import_module(f'section_{name}').section(options)
        command = 'Tools/bench ' + ' '.join([name] + options.plain)
        text = f'`{command}` on {machine()}.\n\n{text.strip()}\n'
        print(f'## {SECTIONS[name]}\n\n{text}', flush=True)
        (CACHE / f'{name}.json').write_text(json.dumps(results, indent=1, default=str))
        if not options.dry_run:
            write(name, text)
    return 0


def read_options():
    parser = argparse.ArgumentParser(
        prog='bench', description='Measures Glint beside its peers and writes docs/performance.md.')
    parser.add_argument('sections', nargs='*', metavar='SECTION', help=f'default: all of {", ".join(SECTIONS)}')
    parser.add_argument('--quick', action='store_true', help='Glint alone, with a hash of each result')
    parser.add_argument('--assets', type=pathlib.Path, default=REPOSITORY.parent / 'shared' / 'scenes', metavar='DIR',
                        help='real scenes: gltf/ and env/ in it')
    parser.add_argument('--scenes', type=lambda text: text.split(','), metavar='NAME,…', help='only these')
    parser.add_argument('--size', type=parse_size, default=(256, 144), metavar='WxH', help='default: 256x144')
    parser.add_argument('--samples', type=int, default=16, metavar='N', help='default: 16')
    parser.add_argument('--reference', type=int, default=64, metavar='N', help='times the samples (default: 64)')
    parser.add_argument('--rounds', type=int, default=5, metavar='N', help='default: 5')
    parser.add_argument('--threads', type=int, default=2, metavar='N', help='of all sides (default: 2)')
    parser.add_argument('--frames', type=int, default=48, metavar='N', help='of the section farm (default: 48)')
    parser.add_argument('--farms', type=lambda text: text.split(','), metavar='on,off', help='of the section farm: only these')
    parser.add_argument('--glint', type=pathlib.Path, metavar='FILE', help='the program (default: the release build)')
    parser.add_argument('--keep-reference', action='store_true',
                        help="take Glint's own references of an earlier build, for trials")
    parser.add_argument('--dry-run', action='store_true', help='do not write docs/performance.md')
    options = parser.parse_args()
    unknown = {name for name in options.sections if not (HERE / f'section_{name}.py').exists()}
    if unknown:
        parser.error(f'no section {", ".join(sorted(unknown))}; there are {", ".join(SECTIONS)}')
    options.sections = options.sections or [name for name in SECTIONS if (HERE / f'section_{name}.py').exists()]
    options.plain = [word for word in sys.argv[1:] if word.startswith('--') and '=' in word]
    options.glint = options.glint.resolve() if options.glint else release_glint()
    return options


def parse_size(text):
    match = re.fullmatch(r'(\d+)x(\d+)', text)
    if not match:
        raise argparse.ArgumentTypeError('expected width x height, such as 256x144')
    return int(match[1]), int(match[2])


def write(name, text):
    """Replaces the section in the document; sections keep their order."""
    head = ('# Performance\n\nWritten by `Tools/bench`: every table names its command. Ratios are ours over theirs, above 1'
            ' where Glint is better.\n')
    old = DOCUMENT.read_text() if DOCUMENT.exists() else head
    parts = re.split(r'^## (.*)\n', old, flags=re.MULTILINE)
    known = dict(zip(parts[1::2], parts[2::2]))
    known[SECTIONS[name]] = f'\n{text}\n'
    order = [title for title in SECTIONS.values() if title in known]
    # Sections written by hand stay, at the end.
    order += [title for title in known if title not in order]
    DOCUMENT.write_text(parts[0].rstrip() + '\n\n' + '\n'.join(f'## {title}\n{known[title].rstrip()}\n' for title in order))
    say(f'bench: wrote {DOCUMENT.relative_to(REPOSITORY)}, section {name}')


if __name__ == '__main__':
    sys.exit(main())
