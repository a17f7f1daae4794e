"""Rays a second of one thread, against Embree 4.4 on the same rays: `glint bench traversal` with Embree out of its wheel."""

import pathlib

import embreex

from machine import load_json, run, table


def section(options):
    package = pathlib.Path(embreex.__file__).parent
    folders = [package, package.parent / 'embreex.libs']
    library = next(path for folder in folders for path in sorted(folder.glob('libembree4*')))
    results = load_json(run([options.glint, 'bench', 'traversal', '--embree', library, '--json']))
    rows = [list(row.values()) for row in results['rows']]
    return __doc__.strip() + '\n\n' + table(list(results['rows'][0]), rows), results
