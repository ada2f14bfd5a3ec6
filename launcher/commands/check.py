"""`./gp check`: every check that needs no running service of the user's; all are run, then summed up."""

import tempfile
import time
from pathlib import Path

from launcher import packages, tracked
from launcher.datadir import DataDir
from launcher.environment import users_own
from launcher.launch import Launch, launched
from launcher.paths import PROJECT, PYTHON, tool
from launcher.words import CannotGoOn, say

MANAGE = [str(PYTHON), str(PROJECT / "manage.py")]
TEMPLATES = "templates"
# Throw-away values that satisfy the production settings, so that Django's own --deploy checks can look at them.
PRODUCTION = {
    "GP_DEMO": "0",
    "GP_HOSTS": "portal.example.nhs.uk",
    "GP_PUBLIC_URL": "https://portal.example.nhs.uk",
    "GP_TLS": "proxy",
    "GP_ODS_CODE": "Y90001",
    "GP_SERVICE_ID": "9000000101",
    "GP_SECRET_BOX_KEYS": "c" * 43 + "=",
}


def main(arguments: list[str]) -> int:
    """0 when every check passed; each failure is shown where it happened and named again at the end."""
    if arguments:
        raise CannotGoOn("./gp check takes no arguments.", status=2)
    user = {name: value for name, value in users_own().items() if not name.startswith(("GP_", "DATABASE_", "REDIS_"))}
    packages.ensure(development=True, user=user)
    with tempfile.TemporaryDirectory(prefix="gp-check-") as folder:
        directory = DataDir(Path(folder) / "data")
        with launched(directory, "check", needs_mb=200, user=user, testing=True) as launch:
            launch.start_services()
            results = [(name, _step(launch, name, command)) for name, command in _steps()]
    say("[check] tracked files: no machine's path, package index or secret")
    troubles = tracked.troubles()
    for trouble in troubles:
        say(f"  {trouble}")
    results.append(("tracked files", not troubles))
    return _sum_up(results)


def _steps() -> list[tuple[str, list[str]]]:
    ruff = [str(PYTHON), "-m", "ruff"]
    return [
        ("format (ruff format)", [*ruff, "format", "--check", ".", "gp"]),
        ("lint (ruff)", [*ruff, "check", ".", "gp"]),
        ("types (mypy)", [str(PYTHON), "-m", "mypy", "."]),
        ("layers (import-linter)", tool("lint-imports")),
        ("migrations are complete", [*MANAGE, "makemigrations", "--check", "--dry-run"]),
        ("migrations are safe (migration linter)", [*MANAGE, "lintmigrations", "--no-cache", "--quiet", "ok"]),
        ("templates are formatted (djlint)", [*tool("djlint"), TEMPLATES, "--check", "--quiet"]),
        ("templates are sound (djlint)", [*tool("djlint"), TEMPLATES, "--lint", "--quiet"]),
        ("Django's system check", [*MANAGE, "check", "--fail-level", "WARNING"]),
        ("Django's check for production", [*MANAGE, "check", "--deploy", "--fail-level", "WARNING"]),
    ]


def _step(launch: Launch, name: str, command: list[str]) -> bool:
    say(f"[check] {name}")
    began = time.monotonic()
    before = launch.env
    if "--deploy" in command:
        launch.env = {**before, **PRODUCTION}
    try:
        passed = launch.foreground(command) == 0
    finally:
        launch.env = before
    say(f"        {'passed' if passed else 'FAILED'} in {time.monotonic() - began:.1f} s")
    return passed


def _sum_up(results: list[tuple[str, bool]]) -> int:
    failed = [name for name, passed in results if not passed]
    if failed:
        say(f"{len(failed)} of {len(results)} checks failed: {'; '.join(failed)}")
        return 1
    say(f"All {len(results)} checks passed")
    return 0
