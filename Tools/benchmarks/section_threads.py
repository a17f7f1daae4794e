"""Paths a second of one process with two threads, over those of two processes with one thread each at the same time; some 30
seconds a run, the demo interior. Rounds alternate.
"""

import pathlib
import subprocess

import ours
from machine import load_json, median, say, table
from scenes import scenes

SIZE = (640, 360)


def rate(options, scene, work, processes, samples):
    """Joint paths a second: of each process, over its own time of sampling."""
    options = type(options)(**{**vars(options), 'threads': 2 // processes})
    running = [subprocess.Popen(
        [str(part) for part in ours.command(options, scene, work / f'{index}.pfm', SIZE, samples, seed=index)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) for index in range(processes)]
    reports = [load_json(process.communicate()[0]) for process in running]
    return sum(report['paths'] / report['sampleSeconds'] for report in reports)


def section(options):
    scene, = scenes(options.assets, ['interior'])
    work = pathlib.Path(options.work)
    # As many samples as two threads take some 30 s for: a power of two, so that units are even.
    pilot = rate(options, scene, work, 1, 4)
    samples = max(4, 1 << round(pilot * 30 / (SIZE[0] * SIZE[1])).bit_length() - 1)
    rows = []
    for index in range(options.rounds):
        say(f'threads: round {index + 1}, {samples} samples')
        order = (1, 2) if index % 2 == 0 else (2, 1)
        rates = {count: rate(options, scene, work, count, samples // count) for count in order}
        rows.append(dict(one=rates[1], two=rates[2], ratio=rates[1] / rates[2]))
    middle = {key: median([row[key] for row in rows]) for key in rows[0]}
    text = table(['', 'Mpaths/s'], [['one process, two threads', f'{middle["one"] / 1e6:.3f}'],
                                    ['two processes, one thread each', f'{middle["two"] / 1e6:.3f}']])
    return f'{__doc__.strip()}\n\n{text}\n\nRatio, median of {len(rows)} rounds: **{middle["ratio"]:.3f}**', rows
