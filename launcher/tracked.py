"""What must stand in no tracked file: this machine's paths, a package index's address, a private key."""

import re
import subprocess
from pathlib import Path

from launcher.paths import PROJECT

# Written in pieces, so that this file does not find itself.
PATTERNS = {
    "a package index": re.compile(
        r"python" r"hosted\.org|registry\.npm" r"js\.org|--(?:extra-)?index" r"-url[ =]|--find" r"-links"
    ),
    "a path of one machine": re.compile(r"(?<![\w.~$}/])/(?:root|work|Users/\w+|home/(?!app\b)\w+)" r"/\w"),
    "a private key": re.compile(r"-----BEGIN (?:\w+ )*PRIVATE" r" KEY-----"),
}
LOCKS = ("requirements.lock", "requirements-dev.lock", "package-lock.json")
LARGEST = 5_000_000


def troubles(project: Path = PROJECT) -> list[str]:
    """One line per finding: file, line number and what it is."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=project, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
    )
    if listed.returncode:  # a copy without its history has no tracked files to look at
        return []
    found: list[str] = []
    for name in listed.stdout.decode().split("\0"):
        path = project / name
        if name and path.is_file() and not path.is_symlink() and path.stat().st_size < LARGEST:
            found += in_text(name, path.read_bytes().decode("utf-8", "ignore"), str(project))
    return found


def in_text(name: str, text: str, project: str) -> list[str]:
    """The findings in one file's text."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        kinds = [kind for kind, pattern in PATTERNS.items() if pattern.search(line)]
        if len(project) > 5 and project in line:
            kinds.append("the path of this clone")
        if Path(name).name in LOCKS and "://" in line:
            kinds.append("an address in a lock file")
        found += [f"{name}:{number}: {kind}" for kind in kinds]
    return found
