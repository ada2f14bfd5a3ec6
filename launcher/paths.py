"""Where the project's own things stand. A data directory's contents are in datadir.py."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
VENV = PROJECT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = PROJECT / "requirements.lock"
DEV_LOCK = PROJECT / "requirements-dev.lock"
DEFAULT_DATA = PROJECT / "var"


def tool(name: str) -> list[str]:
    """How to call an installed script. Through Python: a script's first line breaks when the path has a space."""
    return [str(PYTHON), str(VENV / "bin" / name)]


def site_packages() -> Path | None:
    """The virtual environment's package folder, or None while there is no environment."""
    return next(iter(sorted(VENV.glob("lib/python3*/site-packages"))), None)
