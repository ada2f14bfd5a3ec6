"""Becomes another program that is sent a signal when its parent dies (Linux; elsewhere only the guardian watches).

    python -I -S die_with_parent.py SIGNAL PARENT_PID PROGRAM ARGUMENT…

A program of its own rather than `preexec_fn`, which is unsafe with threads; and it must run after `unshare`, since a
change of credentials clears the setting. Only the process is meant, so the parent starts children from its main thread.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    signum, parent, program = int(arguments[0]), int(arguments[1]), arguments[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signum, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the launcher died before this program started")
    try:
        os.execvp(program[0], program)  # noqa: S606 (no shell is wanted)
    except OSError as error:
        sys.exit(f"{program[0]}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
