"""The scenes that sections render, with the camera and the light that both sides get."""

import functools
import os
import pathlib
import shutil
import sys

from machine import CACHE, REPOSITORY

sys.path.insert(0, str(REPOSITORY / 'Tools' / 'compare'))


class Scene:
    def __init__(self, name, file, env=None, view=None):
        self.name, self.file, self.env, self.view = name, file, env, view

    @functools.cached_property
    def prepared(self):
        """The file with exactly one camera, and what Blender needs to know of it; an asset without a camera gets one."""
        import compare
        folder = CACHE / 'scenes' / self.name
        folder.mkdir(parents=True, exist_ok=True)
        return compare.prepare(self.file, folder, self.view)


def scenes(assets, names):
    """Those of `names`: real assets from the folder `assets` (gltf/ and env/ in it), and the project's own."""
    gltf, env = assets / 'gltf', assets / 'env'
    garden = env / 'chinese_garden_1k.hdr'
    known = {scene.name: scene for scene in [
        Scene('DreamApartment', gltf / 'DreamApartment/decoded/dream-apartment.glb', garden),
        Scene('MetalRoughSpheresNoTextures',
              gltf / 'MetalRoughSpheresNoTextures/glTF-Binary/MetalRoughSpheresNoTextures.glb', garden),
        Scene('CircuitBoardDoF', gltf / 'CircuitBoardDoF/DepthOfFieldExample.glb', env / 'studio_small_05_1k.hdr'),
        Scene('BevyCornellBox', gltf / 'BevyCornellBox/CornellBox.glb', view=((-278, 273, 800), (-278, 273, 0), 39)),
        Scene('RoughnessScale', gltf / 'RoughnessScale/scene.gltf', env / 'studio_small_05_1k.hdr'),
        Scene('interior', REPOSITORY / 'Scenes/interior.glb'),
        Scene('cornell', REPOSITORY / 'Scenes/cornell.glb'),
        Scene('gallery', REPOSITORY / 'Scenes/gallery.glb'),
    ]}
    return [known[name] for name in names if known[name].file.is_file()]
