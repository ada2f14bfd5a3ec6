"""`./gp test [faults|peers] [pytest arguments]`: pytest on a PostgreSQL, a Valkey and a browser of its own.

Those under fire run one after the other, since each wants the whole machine, and print their counts as they come.
"""

import tempfile
from pathlib import Path

from launcher import browser, packages
from launcher.datadir import DataDir
from launcher.environment import users_own
from launcher.launch import launched
from launcher.paths import PYTHON
from launcher.words import say

WORDS = ("faults", "peers")
NEEDS_MB = 500
# With these pytest stays in one process: they were given on purpose, or cannot be split.
ONE_PROCESS = ("-n", "--numprocesses", "--pdb", "--trace", "--collect-only", "--co", "--help", "-h", "--version")
# Always our own: the tests never touch a database someone works with.
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
    """Run the tests; pytest's exit status."""
    user = {name: value for name, value in users_own().items() if name not in NEVER_THE_USERS}
    packages.ensure(development=True, user=user)
    chromium = browser.find(user)
    say(f"Starting PostgreSQL and Valkey for the tests; browser: {chromium}")
    with tempfile.TemporaryDirectory(prefix="gp-test-") as folder:
        directory = DataDir(Path(folder) / "data")
        with launched(directory, "test", needs_mb=NEEDS_MB, user=user, testing=True) as launch:
            launch.start_services(more={"GP_TEST": "1", "GP_CHROMIUM": chromium})
            return launch.foreground([str(PYTHON), "-m", "pytest", *pytest_arguments(arguments)])


def pytest_arguments(arguments: list[str]) -> list[str]:
    """The user's arguments, with the words as marker expressions and two processes unless they say otherwise."""
    rest = list(arguments)
    ours = ["-p", "no:valkey"]
    word = rest.pop(0) if rest and rest[0] in WORDS else ""
    if word:
        ours += ["-m", word]
    if word == "faults":
        ours += ["--capture", "no"]
    elif not any(argument.split("=")[0].startswith(ONE_PROCESS) for argument in rest):
        ours += ["-n", "2", "--dist", "loadgroup"]
    return [*ours, *rest]
