"""Calls that may come to nothing are made beside the worker's other work: a thread waits for them, not the worker."""

import os
import threading
from collections.abc import Callable
from typing import Final

import structlog
from django.db import connections

log = structlog.get_logger(__name__)
#: Takes some work and says whether it did.
Beside = Callable[[Callable[[], object]], bool]
#: So many at a time in one worker; what is more it does itself.
MOST: Final = 4
_busy: dict[int, threading.BoundedSemaphore] = {}


def take(work: Callable[[], object]) -> bool:
    """Do it in a thread of its own, unless MOST are busy already. A process that ends takes its threads with it: a
    message whose try is cut off so is due again when its lease runs out."""
    room = _busy.setdefault(os.getpid(), threading.BoundedSemaphore(MOST))  # a worker that was forked has its own
    if not room.acquire(blocking=False):
        return False
    threading.Thread(target=_run, args=(work, room), name="beside", daemon=True).start()
    return True


def _run(work: Callable[[], object], room: threading.BoundedSemaphore) -> None:
    try:
        work()
    except Exception:  # the try's row tells the rest; the lease brings the message back
        log.exception("fault beside")
    finally:
        connections.close_all()
        room.release()
