"""A Chromium for the browser tests: the machine's, else Debian's (as root), else npm's, else Playwright's."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from launcher.paths import PYTHON, VENV
from launcher.processes import start
from launcher.words import CannotGoOn, say

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_APPS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
FOLDER = VENV / "browser"
SCRIPT = "import('@sparticuz/chromium').then(it => it.default.executablePath()).then(path => console.log(path))"
WITH_ITS_LIBRARIES = """\
#!/bin/sh
here=$(dirname "$0")/unpacked
LD_LIBRARY_PATH="$here/al2023/lib" exec "$here/chromium" "$@"
"""
REMEDY = (
    "No browser was found and none could be installed: install Chromium or Google Chrome (on Debian as root: "
    "apt-get install chromium), or set GP_CHROMIUM to the path of one."
)


def find(user: Mapping[str, str]) -> str:
    """The path of a Chromium that starts. Raises CannotGoOn with the remedy."""
    if given := user.get("GP_CHROMIUM"):
        if not os.access(given, os.X_OK):
            raise CannotGoOn(f"GP_CHROMIUM names {given}, which is not a program: correct or unset it.")
        return given
    for way in (_of_the_machine, _from_debian, _from_npm, _from_playwright):
        if (path := way()) is not None:
            return path
    raise CannotGoOn(REMEDY)


def _of_the_machine() -> str | None:
    for name in NAMES:
        if path := shutil.which(name):
            return path
    return next((path for path in MAC_APPS if os.access(path, os.X_OK)), None)


def _from_debian() -> str | None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    say("Installing a browser for the tests (apt-get install chromium) …")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    _call(["apt-get", "update", "-qq"], quiet)
    _call(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], quiet)
    return _of_the_machine()


def _from_npm() -> str | None:
    """A packed Chromium for Linux on x86-64, for machines with Node and without root."""
    if sys.platform != "linux" or os.uname().machine != "x86_64" or not (shutil.which("npm") and shutil.which("node")):
        return None
    if not (FOLDER / "node_modules" / "@sparticuz" / "chromium").exists():
        say("Installing a browser for the tests (npm, @sparticuz/chromium) …")
        FOLDER.mkdir(exist_ok=True)
        command = [
            "npm",
            "install",
            "--prefix",
            str(FOLDER),
            "--no-save",
            "--no-audit",
            "--no-fund",
            "@sparticuz/chromium",
        ]
        if _call(command, os.environ):
            return None
    return _unpacked()


def _unpacked() -> str | None:
    """That Chromium, unpacked; through a small script with its own libraries where the system lacks them.

    It brings those libraries along only where it believes to be on a machine that never has them.
    """
    where = FOLDER / "unpacked"
    where.mkdir(exist_ok=True)
    there = {**os.environ, "TMPDIR": str(where), "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs20.x"}
    answer = subprocess.run(["node", "-e", SCRIPT], cwd=FOLDER, env=there, capture_output=True, text=True, check=False)
    path = answer.stdout.strip()
    if _starts(path):
        return path
    script = FOLDER / "chromium"
    script.write_text(WITH_ITS_LIBRARIES)
    script.chmod(0o755)
    return _starts(str(script))


def _from_playwright() -> str | None:
    """Playwright's own download, on any system it supports."""
    say("Installing a browser for the tests (playwright install chromium) …")
    where = {**os.environ, "PLAYWRIGHT_BROWSERS_PATH": str(FOLDER / "playwright")}
    if _call([str(PYTHON), "-m", "playwright", "install", "chromium"], where):
        return None
    patterns = ("chromium-*/chrome-linux*/chrome", "chromium-*/chrome-mac*/*.app/Contents/MacOS/*")
    found = [path for pattern in patterns for path in (FOLDER / "playwright").glob(pattern)]
    return _starts(str(found[0])) if found else None


def _starts(path: str) -> str | None:
    """The path if that program starts here: a downloaded browser may lack the system's libraries."""
    if not path or not Path(path).exists():
        return None
    try:
        done = subprocess.run([path, "--no-sandbox", "--version"], capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return path if done.returncode == 0 else None


def _call(command: Sequence[str], env: Mapping[str, str]) -> int:
    """Run an installer with its words on standard error; its exit status."""
    process = start(command, env=env, stdout=sys.stderr.fileno(), cwd=Path("/") if command[0] == "apt-get" else VENV)
    try:
        return process.wait()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
