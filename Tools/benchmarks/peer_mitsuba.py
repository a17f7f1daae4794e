"""Mitsuba in a process of its own, which keeps its scene: `Mitsuba` here, `serve` there.

The scene is our bundle, converted by Tools/compare/mitsuba_scene.py, with our surface as a Mitsuba plugin that is compiled
into the kernel with all else. Seconds of rendering: a render of n samples less one of a single sample, times n / (n − 1), both
of kernels that were compiled by renders before. So tracing the Python code, compiling and loading drop out.
"""

import glob
import json
import os
import pathlib
import subprocess
import sys
import time

import ours
from machine import run

HERE = pathlib.Path(__file__).resolve().parent
# Samples of a pixel in one call: more would take memory for every path. A square, as the sampler wants it.
LARGEST_CALL = 64


class Mitsuba:
    def __init__(self, options, scene, size, sampler='independent'):
        bundle = pathlib.Path(options.work) / f'{scene.name}.bundle'
        bundle.mkdir(exist_ok=True)
        run([options.glint, 'bundle', scene.prepared[0], '--frames', 1, '-o', bundle]
            + (['--env', scene.env] if scene.env else []))
        task = dict(bundle=str(bundle), size=size, bounces=ours.BOUNCES, threads=options.threads,
                    sampler=sampler)
        self.process = subprocess.Popen(
            [sys.executable, '-B', str(HERE / 'peer_mitsuba.py'), json.dumps(task)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, **llvm()})
        self.load_seconds = self.answer()['seconds']
        self.empty_seconds = 0
        first = [self.ask(samples=count, seed=1001)['seconds'] for count in (1, options.samples)]
        again = [min(self.ask(samples=count, seed=1002 + index)['seconds'] for index in range(3))
                 for count in (1, options.samples)]
        self.empty_seconds = again[0]
        # What compiling took.
        self.build_seconds = max(0, sum(first) - sum(again))

    def answer(self):
        for line in self.process.stdout:
            if line.startswith('RESULT '):
                return json.loads(line[7:])
        raise RuntimeError('Mitsuba ended')

    def ask(self, **task):
        self.process.stdin.write(json.dumps(task) + '\n')
        self.process.stdin.flush()
        return self.answer()

    def render(self, out, samples, seed):
        """Seconds of rendering; the picture goes to a NumPy file."""
        seconds = self.ask(samples=samples, seed=seed, out=str(out))['seconds']
        return (seconds - self.empty_seconds) * samples / (samples - 1) if samples > 1 else seconds

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def llvm():
    """The newest LLVM there is, unless the environment names one: older ones do not know newer processors."""
    if 'DRJIT_LIBLLVM_PATH' in os.environ:
        return {}
    for version in range(21, 15, -1):
        for pattern in (f'/usr/lib/*/libLLVM.so.{version}.1', f'/usr/lib/*/libLLVM-{version}.so'):
            for path in glob.glob(pattern):
                return {'DRJIT_LIBLLVM_PATH': path}
    raise RuntimeError('Mitsuba needs LLVM 16 or later as a library (Debian: libllvm19); DRJIT_LIBLLVM_PATH may name it')


def serve(task):
    began = time.monotonic()
    import drjit as dr
    import mitsuba as mi
    import numpy
    mi.set_variant('llvm_ad_rgb')
    dr.set_thread_count(task['threads'])
    sys.path.insert(0, str(HERE.parent / 'compare'))
    import mitsuba_plugins
    import mitsuba_scene

    def tell(**result):
        print('RESULT ' + json.dumps(result), flush=True)

    def render(samples, seed):
        picture = mi.render(scene, spp=samples, seed=seed)
        dr.eval(picture)
        dr.sync_thread()
        return picture

    mitsuba_plugins.register()
    scene = mitsuba_scene.load_scene(
        pathlib.Path(task['bundle']), task['size'], task['bounces'], sampler=task['sampler'])
    dr.sync_thread()
    tell(seconds=time.monotonic() - began)
    for line in sys.stdin:
        order = json.loads(line)
        samples, seed = order['samples'], order['seed']
        calls = max(1, samples // LARGEST_CALL)
        began = time.monotonic()
        sum = 0
        for call in range(calls):
            picture = render(samples // calls, seed * calls + call)
            if calls > 1:
                sum = sum + numpy.array(picture, dtype=numpy.float64)
        seconds = time.monotonic() - began
        if order.get('out'):
            pixels = sum / calls if calls > 1 else numpy.array(picture)
            numpy.save(order['out'], pixels.astype(numpy.float32))
        tell(seconds=seconds)


if __name__ == '__main__':
    serve(json.loads(sys.argv[1]))
