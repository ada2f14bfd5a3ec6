"""`./gp bench [NAME] [arguments]`: each module of tests/bench with a `main()`, on services of its own."""

import tempfile
from pathlib import Path

from launcher import packages
from launcher.datadir import DataDir
from launcher.environment import users_own
from launcher.launch import launched
from launcher.paths import PROJECT, PYTHON
from launcher.words import CannotGoOn, say

FOLDER = PROJECT / "tests" / "bench"
# A bench module is imported with Django ready; what main() returns is the exit status (None: 0).
CALL = "import importlib, sys, django; django.setup(); sys.exit(importlib.import_module(sys.argv.pop(1)).main())"
NEVER_THE_USERS = (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "REDIS_URL",
    "GP_SECRET_KEY",
    "GP_SECRET_BOX_KEYS",
    "GP_DEMO",
    "GP_DATA_DIR",
)


def main(arguments: list[str]) -> int:
    """Run one benchmark, or all; 1 if any failed. The database is durable as in `./gp run`, migrated and empty."""
    names = names_of(FOLDER)
    if arguments and not arguments[0].startswith("-"):
        if arguments[0] not in names:
            raise CannotGoOn(
                f"There is no benchmark {arguments[0]!r}; there are: {', '.join(names) or 'none'}.", status=2
            )
        names, arguments = [arguments[0]], arguments[1:]
    user = {name: value for name, value in users_own().items() if name not in NEVER_THE_USERS}
    packages.ensure(development=True, user=user)
    failed = [name for name in names if _run(name, arguments, user)]
    if failed:
        say(f"Failed: {', '.join(failed)}")
    return 1 if failed else 0


def names_of(folder: Path) -> list[str]:
    """The benchmarks there are."""
    return sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith(("_", "conftest", "test_")))


def _run(name: str, arguments: list[str], user: dict[str, str]) -> int:
    say(f"[bench] {name}")
    with tempfile.TemporaryDirectory(prefix="gp-bench-") as folder:
        directory = DataDir(Path(folder) / "data")
        with launched(directory, "bench", needs_mb=1024, user=user, makes_databases=True) as launch:
            launch.start_services()
            if launch.foreground([str(PYTHON), str(PROJECT / "manage.py"), "migrate", "--verbosity", "0"], quiet=True):
                return 1
            return launch.foreground([str(PYTHON), "-c", CALL, f"tests.bench.{name}", *arguments])
