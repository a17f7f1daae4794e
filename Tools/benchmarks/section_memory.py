"""Peak resident memory of the whole process, import included: `glint render`, and Blender with Cycles after one render."""

import pathlib

import ours
from machine import say, table
from peer_cycles import Cycles
from scenes import scenes
from section_noise import NAMES


def section(options):
    results = []
    for scene in scenes(options.assets, options.scenes or NAMES):
        say(f'memory: {scene.name}')
        mine = ours.peak_memory(options, scene, pathlib.Path(options.work) / 'out.pfm', options.size, options.samples)
        cycles = Cycles(options, scene, options.size)
        results.append(dict(name=scene.name, ours=mine, theirs=cycles.end()))
    rows = [[row['name'], f'{row["ours"]:.0f}', f'{row["theirs"]:.0f}', f'{row["theirs"] / row["ours"]:.2f}']
            for row in results]
    return __doc__.strip() + '\n\n' + table(['scene', 'Glint MiB', 'Cycles MiB', 'ratio'], rows), results
