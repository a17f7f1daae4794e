"""Seconds from `glint submit` to the first whole preview (640×360, one sample) of MetalRoughSpheresNoTextures, on a running
farm of one two-thread agent on this machine that has never seen the bundle.
"""

import json
import pathlib
import time
import urllib.request

from farm import Farm
from machine import load_json, median, say, table
from scenes import scenes


def section(options):
    scene, = scenes(options.assets, ['MetalRoughSpheresNoTextures'])
    file, _ = scene.prepared
    times = []
    for index in range(options.rounds):
        say(f'preview: round {index + 1}')
        with Farm(options.glint, pathlib.Path(options.work) / str(index), agents=1, threads=2) as farm:
            began = time.monotonic()
            # Without --wait it answers when the job is there. Of one sample, the first preview is the whole job.
            job = load_json(farm.run(
                'submit', file, '--env', scene.env, '--size', '640x360', '--samples', 1, '--json'))['job']
            url = f'{farm.environment["GLINT_MASTER"]}/v1/jobs/{job}'
            while True:
                frame = json.load(urllib.request.urlopen(url))['frames'][0]
                if frame['receivedUnitCount'] == frame['unitCount']:
                    break
                time.sleep(0.02)
            times.append(time.monotonic() - began)
    return f'{__doc__.strip()}\n\n' + table(['rounds', 'median s', 'longest s'], [
        [len(times), f'{median(times):.2f}', f'{max(times):.2f}']]), times
