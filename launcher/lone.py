"""One program in the foreground with nothing of ours around it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from launcher.children import Children
from launcher.launch import foreground
from launcher.paths import PROJECT
from launcher.watch import Bell, Guardian


def run_alone(command: Sequence[str], env: Mapping[str, str], cwd: Path = PROJECT) -> int:
    """Run a program that dies with us; its exit status."""
    guardian = Guardian()
    try:
        return foreground(Children(guardian, Bell()), command, {**env, "GP_LAUNCH_ID": guardian.tag}, cwd=cwd)
    finally:
        guardian.close()
