#!/usr/bin/env python3
"""gpportal's one command: run, test, check, bench, manage. Standard library only; see launcher/.

This file alone is written so that an old Python can still read it and say what is wrong.
"""

# ruff: noqa: PTH100, PTH118, PTH120, PTH123, UP031, UP036, RUF005, S603, S606
import os
import subprocess
import sys

PROJECT = os.path.dirname(os.path.realpath(os.path.abspath(__file__)))
ENOUGH = "import sys; sys.exit(sys.version_info < (3, 11))"


def newer_python():
    """The first Python on PATH that is new enough, or None. It is tried, since a shim may lead nowhere."""
    for minor in (13, 12, 11, 14):
        name = "python3.%d" % minor
        try:
            with open(os.devnull, "w") as nowhere:
                if subprocess.call([name, "-c", ENOUGH], stdout=nowhere, stderr=nowhere) == 0:
                    return name
        except OSError:
            continue
    return None


def main():
    if os.name != "posix":
        sys.exit("gp: runs on Linux and macOS. On Windows use WSL (Windows Subsystem for Linux).")
    if sys.version_info < (3, 11):
        name = newer_python()
        if name is None:
            sys.exit(
                "gp: needs Python 3.11 or newer, and this is Python %d.%d. Install a newer one (https://www.python.org/"
                "downloads/, or your system's packages) and start it with: python3.11 gp" % sys.version_info[:2]
            )
        os.execvp(name, [name, os.path.join(PROJECT, "gp")] + sys.argv[1:])
    sys.dont_write_bytecode = not os.access(PROJECT, os.W_OK)
    sys.path.insert(0, PROJECT)
    from launcher.cli import main as launch

    sys.exit(launch(sys.argv[1:]))


if __name__ == "__main__":
    main()
