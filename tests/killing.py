"""The daxa command, killed at a step of its work: when a function is called for the nth time."""

import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from browsing import ROOT

_KILLER = """
import importlib, mmap, os, signal, sys
def owner(path):
    parts = path.split(".")
    for end in range(len(parts) - 1, 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:end]))
        except ImportError:
            continue
        for name in parts[end:-1]:
            found = getattr(found, name)
        return found, parts[-1]
place, name = owner(sys.argv[1])
run, real = os.getpid(), getattr(place, name)
left = mmap.mmap(-1, 1)  # the processes that read and judge count with the run
left[0] = int(sys.argv[2])
def deadly(*arguments, **options):
    if left[0] == 0:
        os.kill(run, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    return real(*arguments, **options)
setattr(place, name, deadly)
sys.argv = ["daxa", *sys.argv[3:]]
from app.cli import main
main()
"""


def killed_at(step: str, calls_before: int, *words: str | Path, environment: Mapping[str, str]) -> bool:
    """Run `daxa WORDS`, ended by SIGKILL when `step` is called after so many calls; False where it came to its end."""
    ended = subprocess.run(
        [sys.executable, "-c", _KILLER, step, str(calls_before), *map(str, words)],
        env=dict(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
    )
    return ended.returncode == -signal.SIGKILL
