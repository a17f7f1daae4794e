"""How much a picture of equal noise costs: efficiency is 1 / (relative mean squared error × seconds of rendering).

Each side is measured against a reference of its own, of other seeds and at least 64 times the samples. The error of a pixel
is (difference of luminance)² / (luminance² + 0.01); the worst 0.1 % of pixels are left out on both sides. 8 bounces of every
kind, box filter of one pixel, no clamping, adaptive sampling or denoising. A scene counts if the means of both references
lie within 2 % of each other.
"""

import hashlib
import pathlib

import numpy

import ours
from peer_cycles import Cycles
from machine import CACHE, geometric_mean, median, say, table
from scenes import scenes

NAMES = ['DreamApartment', 'MetalRoughSpheresNoTextures', 'CircuitBoardDoF', 'BevyCornellBox', 'RoughnessScale', 'interior']
EPSILON = 0.01
REFERENCE_SEED = 1 << 20


def luminance(picture):
    return picture.astype(numpy.float64) @ numpy.array([0.2126, 0.7152, 0.0722])


def relative_error(picture, reference):
    value, truth = luminance(picture), luminance(reference)
    errors = numpy.sort(((value - truth) ** 2 / (truth ** 2 + EPSILON)).ravel())
    return float(errors[:len(errors) - len(errors) // 1000].mean())


def reference(name, make):
    """A picture that is kept: `make` writes it to the path that it gets."""
    path = CACHE / 'references' / f'{name}.npy'
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        say(f'  reference {name}')
        part = path.with_suffix('.part.npy')
        numpy.save(part, make(part))
        part.rename(path)
    return numpy.load(path)


def glint_reference(options, scene, size, samples):
    def make(path):
        out = path.with_suffix('.pfm')
        ours.render(options, scene, out, size, samples, REFERENCE_SEED)
        picture = ours.read_pfm(out)
        out.unlink()
        return picture
    # Another program may be another estimator: its bytes are in the name.
    build = hashlib.sha256(options.glint.read_bytes()).hexdigest()[:12] if not options.keep_reference else 'kept'
    return reference(f'{scene.name}-{size[0]}x{size[1]}-{samples}-glint-{build}', make)


def compare(options, scene, folder, make_peer, kind):
    """A row as a dictionary. `make_peer(options, scene, size)`; `kind` names it in files."""
    size, samples = options.size, options.samples
    many = samples * options.reference
    say(f'noise: {scene.name}')
    truth = glint_reference(options, scene, size, many)
    peer = make_peer(options, scene, size)

    def make(path):
        peer.render(path, many, REFERENCE_SEED)
        return numpy.load(path)
    their_truth = reference(f'{scene.name}-{size[0]}x{size[1]}-{many}-{kind}', make)
    rounds = []
    for index in range(options.rounds):
        row = {}

        def one():
            report = ours.render(options, scene, folder / 'glint.pfm', size, samples, seed=index + 1)
            row.update(ours=report['sampleSeconds'], load=report['loadSeconds'], build=report['prepareSeconds'],
                       our_error=relative_error(ours.read_pfm(folder / 'glint.pfm'), truth))

        def other():
            seconds = peer.render(folder / 'peer.npy', samples, seed=index + 1)
            row.update(theirs=seconds, their_error=relative_error(numpy.load(folder / 'peer.npy'), their_truth))
        for step in (one, other) if index % 2 == 0 else (other, one):
            step()
        row['ratio'] = row['theirs'] * row['their_error'] / (row['ours'] * row['our_error'])
        rounds.append(row)
        say('  ' + '  '.join(f'{key} {value:.4g}' for key, value in row.items()))
    result = {key: median([row[key] for row in rounds]) for key in rounds[0]}
    result.update(
        name=scene.name, our_mean=float(luminance(truth).mean()), their_mean=float(luminance(their_truth).mean()),
        peer_load=peer.load_seconds, peer_build=peer.build_seconds, rounds=rounds)
    peer.end()
    result['means'] = result['our_mean'] / result['their_mean']
    result['counts'] = abs(result['means'] - 1) <= 0.02
    return result


def tables(options, results, name):
    rows = [[row['name'], f'{row["our_error"]:.5f}', f'{row["their_error"]:.5f}', f'{row["ours"]:.2f}',
             f'{row["theirs"]:.2f}', f'{row["means"]:.3f}', f'**{row["ratio"]:.2f}**' if row['counts'] else
             f'({row["ratio"]:.2f})'] for row in results]
    text = table(
        ['scene', 'error', f'of {name}', 'seconds', f'of {name}', f'mean / {name}', 'efficiency, ratio'], rows)
    counting = [row['ratio'] for row in results if row['counts']]
    text += (f'\n\nGeometric mean of the {len(counting)} scenes that count: **{geometric_mean(counting):.2f}**'
             f' (all {len(results)}: {geometric_mean([row["ratio"] for row in results]):.2f}).'
             f' {options.size[0]}×{options.size[1]}, {options.samples} samples, references of'
             f' {options.samples * options.reference}, {options.threads} threads, medians of {options.rounds} rounds;'
             ' the ratio is the median of the rounds\' ratios. In brackets: the means differ by more than 2 %.\n\n')
    return text + table(
        ['scene', 'load s', f'of {name}', 'build s', f'of {name}'],
        [[row['name'], f'{row["load"]:.2f}', f'{row["peer_load"]:.2f}', f'{row["build"]:.2f}',
          f'{row["peer_build"]:.2f}'] for row in results])


def section(options):
    folder = pathlib.Path(options.work)
    results = [compare(options, scene, folder, Cycles, 'cycles')
               for scene in scenes(options.assets, options.scenes or NAMES)]
    return __doc__.strip() + '\n\n' + tables(options, results, 'Cycles'), results
