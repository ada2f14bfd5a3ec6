"""What opening a record costs while a million resources are stored, and how quickly the page answers a hand.

`./gp bench record [--sizes N …] [--seconds S]`: stores of 10,000, 100,000 and 1,000,000 resources, each served by a web
server of its own as `./gp run` starts it; an ordinary patient and one with 5,000 resources are opened in all of them
in turn, over HTTP. Prints the curve, p50 and p95; then eight readers at once on the largest; then how long a browser
with a quarter of the speed takes from a key or a click to the next paint. Fails beyond the limits below.
"""

import argparse
import os
import statistics
import sys
import threading
import time
from collections.abc import Sequence
from typing import Final

from django.core.management import call_command
from django.db import connections

from tests.bench import _paint, _stores
from tests.bench._serving import PASSWORD, Reader, Web, serving

SIZES: Final = [10_000, 100_000, 1_000_000]
ROUNDS: Final = 60
WARM_UP: Final = 5
#: Milliseconds at p95: an ordinary patient, one with 5,000 resources; alone, and with eight readers.
ALONE: Final = (100, 200)
TOGETHER: Final = (150, 300)
READERS: Final = 8
PAUSE: Final = 5.0
MOST_GROWTH: Final = 1.3


def p95(times: Sequence[float]) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * 0.95))]


def _said(times: Sequence[float]) -> str:
    return f"p50 {statistics.median(times):6.1f} ms  p95 {p95(times):6.1f} ms"


def alone(webs: Sequence[Web]) -> bool:
    """The curve: the same two patients in every store, in turn; whether it is quick and flat enough."""
    readers = [Reader(web) for web in webs]
    pairs = [(web.store.ordinary_kept, web.store.longest) for web in webs]
    times: dict[tuple[int, int], list[float]] = {(s, p): [] for s in range(len(webs)) for p in (0, 1)}
    floor: list[float] = []
    for number in range(WARM_UP + ROUNDS):
        for which, reader in enumerate(readers):
            for patient in (0, 1):
                took = reader.opens(pairs[which][patient])
                if number >= WARM_UP:
                    times[which, patient].append(took)
        floor.append(readers[0].asks("/healthz"))
    kept = True
    for patient, words in enumerate(("ordinary patient", "5,000 resources")):
        for which, web in enumerate(webs):
            sys.stdout.write(f"{web.store.resources:>9,} stored, {words:16}  {_said(times[which, patient])}\n")
        first, last = times[0, patient], times[len(webs) - 1, patient]
        growth = statistics.median(last) / statistics.median(first)
        above = statistics.median(last) / statistics.median(floor)
        sys.stdout.write(
            f"          from the smallest to the largest store {growth:.2f} times (p95 {p95(last) / p95(first):.2f}); "
            f"{above:.0f} times the bare /healthz\n"
        )
        kept &= growth <= MOST_GROWTH and p95(last) <= ALONE[patient]
    return kept


def together(web: Web, seconds: float) -> bool:
    """Eight readers, each opening a record every five seconds, every other time the longest one."""
    times: tuple[list[float], list[float]] = ([], [])
    failed: list[Exception] = []
    end = time.monotonic() + seconds

    def read(number: int) -> None:
        try:
            reader = Reader(web)
            people = web.store.ordinary[number::READERS]
            time.sleep(PAUSE * number / READERS)
            turn = 0
            while time.monotonic() < end:
                began = time.monotonic()
                longest = (turn + number) % 2
                person = web.store.longest if longest else people[turn % len(people)]
                times[longest].append(reader.opens(person))
                turn += 1
                time.sleep(max(0.0, PAUSE - (time.monotonic() - began)))
        except Exception as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=read, args=[number]) for number in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for several, words in zip(times, ("ordinary patients", "5,000 resources"), strict=True):
        sys.stdout.write(f"{READERS} readers, {words:17} {_said(several)}  ({len(several)} openings)\n")
    return not failed and all(p95(several) <= limit for several, limit in zip(times, TOGETHER, strict=True))


def main() -> int:
    arguments = argparse.ArgumentParser(prog="./gp bench record")
    arguments.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    arguments.add_argument("--seconds", type=float, default=90.0, help="how long the eight readers read")
    asked = arguments.parse_args(sys.argv[1:])
    os.environ["GP_DEMO_PASSWORD"] = PASSWORD
    call_command("seed_demo", stdout=sys.stderr)
    template = connections["default"].settings_dict["NAME"]
    connections.close_all()
    connections["default"].close_pool()  # type: ignore[attr-defined]  # of Django's PostgreSQL backend
    stores = _stores.make(str(template), sorted(asked.sizes))
    with serving(stores) as webs:
        kept = [alone(webs), together(webs[-1], asked.seconds), _paint.measure(webs[-1])]
    return 0 if all(kept) else 1
