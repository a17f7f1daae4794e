"""A farm of two agents with one thread each against `glint render --threads 2`: frames of the demo interior at 10 seconds or
more, from submission to the last picture on disk. Machines drift, so the frames are cut into as many parts as there are
rounds, and in each round `glint render`, the farm without checking (`--check-rate 0 --verifier-threads 0`) and the farm as it
is by default make the same part, one after the other, each round in another order. Each farm keeps its folders from round to
round: in the first it has never seen the scene, and its agents are on probation. Checked is the share of the jobs' rays that
had been traced again when the last picture was there, by the master's database. CPU seconds are of all processes that take part.
How far the rounds' ratios lie apart is the machine: within a round nothing else differs. With `--farms` only some farms are
measured anew; each has the `glint render` of its own run above it.
"""

import contextlib
import json
import math
import os
import pathlib
import resource
import sqlite3
import time

import ours
from farm import Farm
from machine import CACHE, say, table
from scenes import scenes

SIZE = '480x270'
# A frame takes about so long (start and loading of the measured one included), by samples in steps of 16.
FRAME_SECONDS = 10.5
FARMS = {'off': ['--check-rate', 0, '--verifier-threads', 0], 'on': []}


def section(options):
    scene, = scenes(options.assets, ['interior'])
    file, _ = scene.prepared
    work = pathlib.Path(options.work)
    with Stopwatch() as watch:
        ours.run([options.glint, 'render', file, '--size', SIZE, '--samples', 32, '--frames', 1, '--threads', 2,
                  '-o', work / 'first.png'])
    samples = 16 * math.ceil(FRAME_SECONDS / watch.seconds * 2)
    picture = ['--size', SIZE, '--samples', samples]
    checked = {}

    def render(frames):
        with Stopwatch() as watch:
            ours.run([options.glint, 'render', file, *picture, '--frames', frames, '--threads', 2,
                      '-o', work / 'alone.##.png'])
        return watch

    def farm(name, frames):
        with Farm(options.glint, work / name, agents=2, master_options=FARMS[name]) as farm:
            with Stopwatch(farm.processes) as watch:
                farm.run('submit', file, *picture, '--frames', frames, '--wait', '-o', work / f'{name}.##.png')
            checked[name] = checked_share(work / name / 'master' / 'farm.sqlite')
        return watch

    chosen = options.farms or list(FARMS)
    sides = [('alone', render)] + [(name, lambda frames, name=name: farm(name, frames)) for name in chosen]
    rounds = min(options.rounds, options.frames)
    runs = {name: [] for name, _ in sides}
    for index in range(rounds):
        frames = f'{1 + index * options.frames // rounds}-{(index + 1) * options.frames // rounds}'
        turn = index % len(sides)
        for name, side in sides[turn:] + sides[:turn]:
            watch = side(frames)
            say(f'farm: frames {frames}, {name}: {watch.seconds:.1f} s, CPU {watch.cpu:.1f} s')
            runs[name].append(vars(watch))
    for name in chosen:
        different = [frame.name for frame in work.glob('alone.*.png')
                     if frame.read_bytes() != (work / frame.name.replace('alone', name)).read_bytes()]
        if different:
            raise RuntimeError(f'{name}: pictures differ from those of glint render: {", ".join(different)}')
    kept = CACHE / 'farm.json'
    results = json.loads(kept.read_text()) if kept.exists() else {}
    for name in chosen:
        results[name] = dict(alone=runs['alone'], farm=runs[name], checked=checked[name], frames=options.frames,
                             samples=samples)
    return f'{__doc__.strip()}\n\n{tables(results)}', results


def tables(results):
    rows, pictures = [], set()
    for name in FARMS:
        if name not in results:
            continue
        result = results[name]
        pictures.add(f'{result["frames"]} frames of {SIZE.replace("x", "×")} with {result["samples"]} samples')
        if name == 'off' or result['alone'] != results.get('off', {}).get('alone'):
            rows.append(row('`glint render --threads 2`', result['alone'], result, ''))
        rows.append(row(f'farm, checking {name}', result['farm'], result, f'{100 * result["checked"]:.1f} %'))
    return f'{"; ".join(sorted(pictures))}; all pictures equal.\n\n' + table(
        ['', 'seconds', 'a frame', 'of `glint render`', 'by round', 'checked', 'CPU s', 'of `glint render`'], rows)


def row(title, runs, result, checked):
    def total(runs, field):
        return sum(run[field] for run in runs)

    seconds, cpu = total(runs, 'seconds'), total(runs, 'cpu')
    by_round = ', '.join(f'{run["seconds"] / alone["seconds"]:.3f}' for run, alone in zip(runs, result['alone']))
    return [title, f'{seconds:.1f}', f'{seconds / result["frames"]:.1f}', f'{seconds / total(result["alone"], "seconds"):.3f}',
            by_round, checked, f'{cpu:.1f}', f'{cpu / total(result["alone"], "cpu"):.3f}']


def checked_share(database):
    """Of the rays of all units that a farm has, those of units whose check agreed; credit for them may come later."""
    with contextlib.closing(sqlite3.connect(f'file:{database}?mode=ro', uri=True)) as connection:
        checked, rays = connection.execute(
            "SELECT sum(CASE WHEN check_state = 'passed' THEN rays + shadow_rays ELSE 0 END), sum(rays + shadow_rays)"
            ' FROM units').fetchone()
    return checked / rays


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
