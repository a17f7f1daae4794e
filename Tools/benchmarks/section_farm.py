"""A farm of two agents with one thread each against `glint render --threads 2`: frames of the demo interior at 10 seconds or
more, from submission (a farm that is up and has never seen the scene) to the last picture on disk. Checking off (a rate of
0 and no verifier), then on as it is by default.
"""

import pathlib
import time

import ours
from farm import Farm
from machine import say, table
from scenes import scenes

FRAMES = '1-48'


def section(options):
    scene, = scenes(options.assets, ['interior'])
    file, _ = scene.prepared
    work = pathlib.Path(options.work)
    picture = ['--frames', FRAMES, '--size', '640x360', '--samples', 64]
    say('farm: glint render')
    began = time.monotonic()
    ours.run([options.glint, 'render', file, *picture, '--threads', 2, '-o', work / 'alone.##.png'])
    alone = time.monotonic() - began
    rows, results = [['`glint render --threads 2`', f'{alone:.1f}', '']], dict(alone=alone)
    for name, more in (('off', ['--check-rate', 0, '--verifier-threads', 0]), ('on', [])):
        say(f'farm: checking {name}')
        with Farm(options.glint, work / name, agents=2, master_options=more) as farm:
            began = time.monotonic()
            farm.run('submit', file, *picture, '--wait', '-o', work / f'{name}.##.png')
            results[name] = time.monotonic() - began
        rows.append([f'farm, checking {name}', f'{results[name]:.1f}', f'{results[name] / alone:.3f}'])
    return __doc__.strip() + '\n\n' + table(['', 'seconds', 'of `glint render`'], rows), results
