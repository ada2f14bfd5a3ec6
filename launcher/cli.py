"""`./gp COMMAND …`: finds the command, and turns trouble into one sentence and an exit status."""

import errno
import signal
import sys
from collections.abc import Callable

from launcher.commands import bench, check, manage, run, test
from launcher.watch import stop_on_signals
from launcher.words import CannotGoOn, Interrupted, say

HELP = """\
gpportal: one screen for shared records and referrals in general practice.

  ./gp run [--port 8000] [--data DIR] [--workers N]   set up what is needed and start everything, with a
                                                      demonstration practice on an empty database
  ./gp test [faults|peers] [pytest arguments]         run the tests on a PostgreSQL and Valkey of their own
  ./gp check                                          format, lint, types, layers, migrations, templates
  ./gp bench [NAME] [arguments]                       benchmarks (all of them without a name)
  ./gp manage [--data DIR] COMMAND …                  manage.py in the right environment (help lists its commands)

DATABASE_URL with DATABASE_OWNER_URL, and REDIS_URL, replace the embedded PostgreSQL and Valkey.
The data stands in var/ unless --data says otherwise. Only Python 3.11 or newer and git are needed."""

COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "run": run.main,
    "test": test.main,
    "check": check.main,
    "bench": bench.main,
    "manage": manage.main,
}


def main(arguments: list[str]) -> int:
    """Run one command; the exit status."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(HELP)
        return 0
    command = COMMANDS.get(arguments[0])
    if command is None:
        say(f"gp: there is no command {arguments[0]!r}. `./gp` alone lists them.")
        return 2
    stop_on_signals()
    try:
        return command(arguments[1:])
    except CannotGoOn as trouble:
        say(f"gp: {trouble}")
        return trouble.status
    except Interrupted as interrupted:
        say(f"gp: stopped by {signal.Signals(interrupted.signum).name}")
        return 128 + interrupted.signum
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        say("gp: the disk is full: make room and try again.")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
