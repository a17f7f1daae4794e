"""What every section needs: folders, running programs, the machine in words, medians."""

import json
import os
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import tempfile

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent
CACHE = REPOSITORY / '.cache' / 'bench'


def say(text):
    print(text, file=sys.stderr, flush=True)


def release_glint():
    path = REPOSITORY / '.build' / 'release' / 'glint'
    if not path.is_file():
        sys.exit('bench: no release build of glint: swift build -c release --product glint, or --glint FILE')
    return path.resolve()


def run(command, **options):
    """Runs a program and returns what it printed; an error carries what it said."""
    command = [str(part) for part in command]
    done = subprocess.run(command, capture_output=True, text=True, errors='replace', **options)
    if done.returncode:
        raise RuntimeError(f'{" ".join(command)}: exit {done.returncode}: {(done.stderr or done.stdout).strip()[-2000:]}')
    return done.stdout


def run_measured(command):
    """Runs a program; what it printed, and its peak resident memory in MiB."""
    with tempfile.TemporaryFile('w+') as output:
        process = subprocess.Popen([str(part) for part in command], stdout=output, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise RuntimeError(f'{command}: status {status}')
        output.seek(0)
        return output.read(), usage.ru_maxrss / 1024


def peak_of_self():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def machine():
    """Processor kind, vector instructions and cores: what decides figures, nothing that names a host."""
    flags = ''
    for line in open('/proc/cpuinfo') if os.path.exists('/proc/cpuinfo') else []:
        if line.startswith('flags'):
            flags = line
            break
    vectors = 'AVX-512' if 'avx512f' in flags else 'AVX2' if 'avx2' in flags else 'no AVX2'
    return f'{platform.machine()} with {vectors}, {os.cpu_count()} cores'


def geometric_mean(values):
    return statistics.geometric_mean(values) if values else float('nan')


median = statistics.median


def table(titles, rows):
    """Markdown; numbers are right-aligned."""
    lines = ['| ' + ' | '.join(titles) + ' |', '|' + '|'.join(['---'] + ['---:'] * (len(titles) - 1)) + '|']
    lines += ['| ' + ' | '.join(str(cell) for cell in row) + ' |' for row in rows]
    return '\n'.join(lines)


def load_json(text):
    return json.loads(text[text.index('{'):])
