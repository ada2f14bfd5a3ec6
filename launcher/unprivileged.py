"""PostgreSQL refuses to run as root. As whom it runs instead, without creating users or changing anyone's folders."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from launcher.processes import OURSELVES, RunAs
from launcher.words import CannotGoOn

NOBODY = 65534
UNSHARE = ("unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}")


def for_postgres(program: Path, data: Path) -> RunAs:
    """How to run PostgreSQL's programs on this data.

    An ordinary user: as they are. Root: as the owner of data that belongs to someone else; else in a user namespace,
    where root appears as nobody and files stay root's; else really as nobody. Raises CannotGoOn when nothing works, and
    for root on macOS, where 65534 is nobody's number and PostgreSQL refuses a user without a name.
    """
    if os.geteuid() != 0:
        return OURSELVES
    owner = data.stat() if data.exists() else None
    if owner and owner.st_uid != 0:
        return RunAs(uid=owner.st_uid, gid=owner.st_gid)
    if sys.platform == "darwin":
        raise CannotGoOn("PostgreSQL refuses to run as root: start ./gp again without sudo.")
    if _works([*UNSHARE, str(program), "--version"]):
        return RunAs(prefix=UNSHARE)
    if owner is None and _works([str(program), "--version"], user=NOBODY) and _may_enter(data.parent):
        return RunAs(uid=NOBODY, gid=NOBODY)
    raise CannotGoOn(
        "PostgreSQL refuses to run as root and this machine allows no other way here: run ./gp as an ordinary user "
        "from a folder of theirs, or set DATABASE_URL and DATABASE_OWNER_URL."
    )


def give(path: Path, run_as: RunAs) -> None:
    """Make a file or folder belong to whom PostgreSQL runs as, when that is another user."""
    if run_as.uid is not None and run_as.gid is not None:
        os.chown(path, run_as.uid, run_as.gid)


def _works(command: list[str], user: int | None = None) -> bool:
    if shutil.which(command[0]) is None:
        return False
    extra = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    try:
        done = subprocess.run(command, capture_output=True, timeout=20, check=False, cwd="/", **extra)  # type: ignore[call-overload]
    except OSError:
        return False
    return bool(done.returncode == 0)


def _may_enter(folder: Path) -> bool:
    """Whether nobody may pass through every folder on the way; the data directory itself we may open a crack."""
    return all(step.stat().st_mode & 0o001 for step in folder.parents)
