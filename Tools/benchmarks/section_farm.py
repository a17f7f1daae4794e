"""A farm of two agents with one thread each against `glint render --threads 2`: frames of the demo interior at 10 seconds or
more, from submission (a farm that is up and has never seen the scene) to the last picture on disk. Machines drift, so
`glint render` makes one half of the frames first, the other half last. Checking off (a rate of
0 and no verifier), then on as it is by default; checked is the share of the job's rays that were traced again. CPU seconds
are of all processes that take part, and hardly depend on what else the machine does.
"""

import json
import os
import pathlib
import resource
import time

import ours
from farm import Farm
from machine import say, table
from scenes import scenes

SIZE = '480x270'
SAMPLES = 80


def section(options):
    scene, = scenes(options.assets, ['interior'])
    file, _ = scene.prepared
    work = pathlib.Path(options.work)
    picture = ['--size', SIZE, '--samples', SAMPLES]

    def render(first, last):
        say(f'farm: glint render, frames {first} to {last}')
        with Stopwatch() as watch:
            ours.run([options.glint, 'render', file, *picture, '--frames', f'{first}-{last}', '--threads', 2,
                      '-o', work / 'alone.##.png'])
        return watch

    middle = max(1, options.frames // 2)
    halves, farms = [render(1, middle)], {}
    for name, more in (('off', ['--check-rate', 0, '--verifier-threads', 0]), ('on', [])):
        say(f'farm: checking {name}')
        with Farm(options.glint, work / name, agents=2, master_options=more) as farm:
            with Stopwatch(farm.processes) as watch:
                farm.run('submit', file, *picture, '--frames', f'1-{options.frames}', '--wait', '-o', work / f'{name}.##.png')
            credits = json.loads(farm.run('credits', '--json'))['credits']
        checked = sum(credit['checkRays'] for credit in credits) / max(1, sum(credit['rays'] for credit in credits))
        farms[name] = dict(vars(watch), checked=checked)
    if middle < options.frames:
        halves.append(render(middle + 1, options.frames))
    seconds, cpu = sum(half.seconds for half in halves), sum(half.cpu for half in halves)
    rows = [['`glint render --threads 2`', ' + '.join(f'{half.seconds:.1f}' for half in halves),
             f'{seconds / options.frames:.1f}', '', '', f'{cpu:.1f}', '']]
    for name, run in farms.items():
        different = [frame.name for frame in work.glob('alone.*.png')
                     if frame.read_bytes() != (work / frame.name.replace('alone', name)).read_bytes()]
        if different:
            raise RuntimeError(f'checking {name}: pictures differ from those of glint render: {", ".join(different)}')
        rows.append([f'farm, checking {name}', f'{run["seconds"]:.1f}', f'{run["seconds"] / options.frames:.1f}',
                     f'{run["seconds"] / seconds:.3f}', f'{100 * run["checked"]:.1f} %', f'{run["cpu"]:.1f}',
                     f'{run["cpu"] / cpu:.3f}'])
    results = dict(frames=options.frames, samples=SAMPLES, alone=[vars(half) for half in halves], **farms)
    return f'{__doc__.strip()}\n\n{options.frames} frames of {SIZE.replace("x", "×")} with {SAMPLES} samples.\n\n' + table(
        ['', 'seconds', 'a frame', 'of `glint render`', 'checked', 'CPU s', 'of `glint render`'], rows), results


class Stopwatch:
    """Seconds, and CPU seconds of `processes` and of the programs that were run and ended meanwhile."""

    def __init__(self, processes=()):
        self._processes = processes

    def __enter__(self):
        self._began, self._before = time.monotonic(), self._used()
        return self

    def __exit__(self, *_):
        self.seconds, self.cpu = time.monotonic() - self._began, self._used() - self._before
        del self._processes, self._began, self._before

    def _used(self):
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = ended.ru_utime + ended.ru_stime
        for process in self._processes:
            # utime and stime are fields 14 and 15, counted after the name in brackets.
            fields = pathlib.Path(f'/proc/{process.pid}/stat').read_text().rsplit(')', 1)[1].split()
            used += (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')
        return used
