"""Glint's renders."""

import numpy

from machine import load_json, run, run_measured

BOUNCES = 8


def command(options, scene, out, size, samples, seed, frames='1', more=()):
    file, camera = scene.prepared
    return ([options.glint, 'render', file, '--size', f'{size[0]}x{size[1]}', '--samples', samples, '--bounces', BOUNCES,
             '--frames', frames, '--filter', 'box', '--double-sided', '--seed', seed, '--threads', options.threads, '--json', '-o', out]
            + (['--env', scene.env] if scene.env else [])
            + (['--animation', 1] if camera['animations'] else []) + list(more))


def render(options, scene, out, size, samples, seed):
    """The report of `glint render --json`."""
    return load_json(run(command(options, scene, out, size, samples, seed)))


def read_pfm(path):
    """`height × width × 3`, top row first."""
    with open(path, 'rb') as file:
        assert file.readline() == b'PF\n'
        width, height = map(int, file.readline().split())
        order = '<' if float(file.readline()) < 0 else '>'
        return numpy.fromfile(file, order + 'f4').reshape(height, width, 3)[::-1].astype(numpy.float32)


def peak_memory(options, scene, out, size, samples):
    """MiB."""
    return run_measured(command(options, scene, out, size, samples, seed=1))[1]
