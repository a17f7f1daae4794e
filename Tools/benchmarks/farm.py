"""A farm on this machine: a master and agents, with folders of their own, that ends with its block. Where the folder holds
one already, that one goes on.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import time

from machine import run


class Farm:
    def __init__(self, glint, folder, agents, threads=1, master_options=()):
        self.glint, self.folder, self.processes = glint, pathlib.Path(folder), []
        self.environment = {**os.environ, **{name: str(self.folder / name) for name in (
            'XDG_CACHE_HOME', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME')}}
        self.environment.pop('GLINT_TOKEN', None)
        self.agents, self.threads, self.master_options = agents, threads, list(master_options)

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        log = self.start('master', ['master', '--data', self.folder / 'master', '--listen', '127.0.0.1:0']
                         + self.master_options)
        self.environment['GLINT_MASTER'] = self.wait_for(log, r'Listening on (\S+)')
        for index in range(self.agents):
            key = self.folder / f'{index}.key'
            if not key.exists():
                run([self.glint, 'key', 'new', key], env=self.environment)
            self.start(f'agent{index}', ['agent', '--name', f'agent{index}', '--contributor', key, '--threads',
                                         self.threads, '--data', self.folder / f'agent{index}'])
        limit = time.monotonic() + 30
        while self.present() < self.agents:
            if time.monotonic() > limit:
                raise RuntimeError('the agents did not register')
            time.sleep(0.1)
        return self

    def present(self):
        agents = json.loads(run([self.glint, 'agents', '--json'], env=self.environment))['agents']
        return sum(agent['state'] in ('working', 'idle') for agent in agents)

    def start(self, name, arguments):
        path = self.folder / f'{name}.log'
        self.processes.append(subprocess.Popen(
            [str(part) for part in [self.glint] + arguments], stdout=path.open('w'), stderr=subprocess.STDOUT,
            env=self.environment))
        return path

    def wait_for(self, log, pattern):
        for _ in range(300):
            found = re.search(pattern, log.read_text())
            if found:
                return found[1]
            time.sleep(0.1)
        raise RuntimeError(f'{log.name}: {log.read_text()[-500:]}')

    def run(self, *arguments):
        return run([self.glint, *arguments], env=self.environment)

    def __exit__(self, *_):
        # Agents first: they give back what they hold.
        for process in reversed(self.processes):
            process.send_signal(signal.SIGINT)
            process.wait()
