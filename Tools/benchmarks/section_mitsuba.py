"""How much a picture of equal noise costs beside Mitsuba `llvm_ad_rgb`: as the section above has it, on scenes of
Tools/compare/mitsuba, converted from the same bundles.

Mitsuba's surface is the plugin of that tool, the same lobe with the same choice between its parts. Compiling its kernels
comes before all rounds, and is its build. Its default sampler is `independent`; `multijitter`, for sample counts that are
squares, had the least noise of the three that were tried, `stratified` the third.
"""

import functools
import math
import pathlib
import sys

from machine import CACHE, REPOSITORY
from peer_mitsuba import Mitsuba
from scenes import Scene, scenes
from section_noise import compare, tables

NAMES = ['textured', 'instanced', 'MetalRoughSpheresNoTextures']


def section(options):
    folder = pathlib.Path(options.work)
    sys.path.insert(0, str(REPOSITORY / 'Tools' / 'scenes'))
    import correctness
    (CACHE / 'correctness').mkdir(parents=True, exist_ok=True)
    own = {name: Scene(name, file, light) for name, file, light in correctness.build(CACHE / 'correctness')}
    chosen = [scene for name in options.scenes or NAMES
              for scene in ([own[name]] if name in own else scenes(options.assets, [name]))]
    text, results = __doc__.strip(), []
    for sampler, words in (('independent', 'Its default sampler, `independent`:'), ('multijitter', 'The sampler `multijitter`:')):
        if sampler == 'multijitter' and math.isqrt(options.samples) ** 2 != options.samples:
            continue
        make = functools.partial(Mitsuba, sampler=sampler)
        rows = [compare(options, scene, folder, make, 'mitsuba') for scene in chosen]
        text += f'\n\n{words}\n\n{tables(options, rows, "Mitsuba")}'
        results.append(dict(sampler=sampler, rows=rows))
    return text, results
