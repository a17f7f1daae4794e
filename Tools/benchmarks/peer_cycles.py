"""Blender Cycles in a process of its own, which keeps its scene: `Cycles` here, `serve` there.

Seconds of rendering: a render of n samples less one of a single sample, times n / (n − 1). So scene synchronisation,
building, and writing the file drop out. Blender's persistent data keeps the scene in Cycles between renders.
"""

import hashlib
import json
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent


class Cycles:
    def __init__(self, options, scene, size):
        file, camera = scene.prepared
        task = dict(scene=str(file), size=size, samples=1, bounces=8, frame=1, threads=options.threads, exposure=0,
                    camera=camera, env=str(scene.env.resolve()) if scene.env else None)
        self.process = subprocess.Popen(
            [sys.executable, '-B', str(HERE / 'peer_cycles.py'), json.dumps(task)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.last = None
        self.load_seconds = self.answer()['seconds']
        # Builds; what comes later finds it there.
        first = self.ask(samples=1, seed=1001)['seconds']
        self.empty_seconds = min(self.ask(samples=1, seed=1002 + index)['seconds'] for index in range(3))
        self.build_seconds = first - self.empty_seconds

    def answer(self):
        for line in self.process.stdout:
            if line.startswith('RESULT '):
                return json.loads(line[7:])
        raise RuntimeError('Cycles ended')

    def ask(self, **task):
        self.process.stdin.write(json.dumps(task) + '\n')
        self.process.stdin.flush()
        return self.answer()

    def render(self, out, samples, seed):
        """Seconds of rendering; the picture goes to a NumPy file."""
        answer = self.ask(samples=samples, seed=seed, out=str(out))
        if answer['digest'] == self.last:
            raise RuntimeError('Cycles gave its last picture again')
        seconds, self.last = answer['seconds'], answer['digest']
        return (seconds - self.empty_seconds) * samples / (samples - 1) if samples > 1 else seconds

    def end(self):
        """Peak memory of the process in MiB."""
        peak = self.ask(end=True)['peak']
        self.process.stdin.close()
        self.process.wait()
        return peak


def serve(task):
    began = time.monotonic()
    import os
    import tempfile

    import bpy
    import numpy
    sys.path.insert(0, str(HERE.parent / 'compare'))
    import cycles_render
    from machine import peak_of_self

    def tell(**result):
        print('RESULT ' + json.dumps(result), flush=True)

    scene = cycles_render.set_up(task)
    scene.render.use_persistent_data = True
    scene.render.image_settings.file_format = 'OPEN_EXR'
    scene.render.image_settings.color_depth = '32'
    file = os.path.join(tempfile.mkdtemp(), 'picture.exr')
    scene.render.filepath = file
    tell(seconds=time.monotonic() - began)
    for line in sys.stdin:
        order = json.loads(line)
        if order.get('end'):
            tell(peak=peak_of_self())
            return
        scene.cycles.samples, scene.cycles.seed = order['samples'], order['seed']
        # Without the tag, Blender 5.0.1 with persistent data answers with the last picture.
        scene.update_tag()
        began = time.monotonic()
        bpy.ops.render.render(write_still=True)
        seconds = time.monotonic() - began
        digest = None
        if order.get('out'):
            image = bpy.data.images.load(file)
            image.colorspace_settings.name = 'Non-Color'
            pixels = numpy.array(image.pixels[:], numpy.float32).reshape(image.size[1], image.size[0], -1)
            bpy.data.images.remove(image)
            digest = hashlib.sha256(pixels.tobytes()).hexdigest()
            numpy.save(order['out'], pixels[::-1, :, :3])
        tell(seconds=seconds, digest=digest)


if __name__ == '__main__':
    serve(json.loads(sys.argv[1]))
