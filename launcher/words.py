"""What the launcher says: progress and trouble, always on standard error: standard output is the answer's."""

import sys
from pathlib import Path


class CannotGoOn(Exception):
    """Something outside is in the way. The text is one clear sentence with the remedy; `status` the exit status."""

    def __init__(self, sentence: str, status: int = 1) -> None:
        super().__init__(sentence)
        self.status = status


class Interrupted(Exception):
    """SIGINT, SIGTERM or SIGHUP arrived: take everything down and leave."""

    def __init__(self, signum: int) -> None:
        super().__init__(f"signal {signum}")
        self.signum = signum


class Steps:
    """Numbered progress lines: `[3/7] Installing Python packages …`."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.at = 0

    def next(self, words: str) -> None:
        self.at += 1
        say(f"[{self.at}/{self.total}] {words} …")


def say(words: str) -> None:
    """One line to whoever started us. A closed terminal must not stop the work, so a broken pipe is let go."""
    try:
        print(words, file=sys.stderr, flush=True)
    except (BrokenPipeError, ValueError, OSError):
        return


def last_lines(path: Path, count: int = 15) -> str:
    """The end of a log, indented, for a message that explains a failure."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 20_000))
            lines = file.read().decode("utf-8", "replace").splitlines()[-count:]
    except OSError:
        return "  (no log)"
    return "\n".join(f"  {line}" for line in lines) or "  (the log is empty)"
