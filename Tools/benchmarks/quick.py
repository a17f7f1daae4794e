"""Tools/bench --quick: Glint alone on the project's own scenes, with the digest of every film."""

import pathlib
import tempfile

from machine import REPOSITORY, load_json, machine, run


def main(options):
    print(f'{machine()}, {options.threads} threads')
    print(f'{"scene":10} {"load s":>7} {"build s":>8} {"render s":>9} {"Mpaths/s":>9}  digest of the film')
    with tempfile.TemporaryDirectory() as work:
        for name in ('cornell', 'gallery', 'interior'):
            report = load_json(run([
                options.glint, 'render', REPOSITORY / f'Scenes/{name}.glb', '--frames', 1, '--size', '320x180', '--samples',
                16, '--threads', options.threads, '--json', '-o', pathlib.Path(work) / f'{name}.pfm']))
            print(f'{name:10} {report["loadSeconds"]:7.3f} {report["prepareSeconds"]:8.3f}'
                  f' {report["sampleSeconds"]:9.3f} {report["paths"] / report["sampleSeconds"] / 1e6:9.3f}'
                  f'  {report["frames"][0]["digest"]}')
    return 0
