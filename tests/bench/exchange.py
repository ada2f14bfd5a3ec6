"""The exchange under load: how soon a referral is with its receiver, how many a second, what a dead partner costs.

`./gp bench exchange [--backlog N] [--seconds S]`: starts what `./gp run` does with two workers on an empty data
directory; the receiver is the strict sandbox hospital, tokens and all checks on, its own later answers off. Referrals
are written beforehand. Times come from the rows: from being sealed to the end of the try that was answered 200.
Fails beyond the limits below. `--backlog 10000` drains the backlog of the requirement; it takes long to write.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from launcher.paths import PROJECT, PYTHON
from tests.bench.record import p95
from tests.bench.stack import weight
from tests.faults import people
from tests.faults.fire import PEOPLE
from tests.faults.sending import Sender, Whom, letter
from tests.faults.stand import Stack, started, wait_for

#: Seconds at p95 from send to 200 with idle queues; messages a second; milliseconds of accepting at 20 a second.
SOON, PER_SECOND, ACCEPT, ACCEPT_RATE = 1.0, 30.0, 200.0, 20.0
#: How much longer the others' p95 may be while a partner is dead, and a worker's memory at the end of a backlog.
BESIDE_A_DEAD_ONE, GROWTH = 1.5, 1.15
WORKERS: Final = ("worker", "worker-2")
TOOK: Final = (
    "SELECT extract(epoch FROM t.ended_at - o.queued_at), extract(epoch FROM t.ended_at), "
    "extract(epoch FROM o.queued_at) FROM exchange_outboxmessage o "
    "JOIN exchange_deliveryattempt t ON t.message_id = o.id AND t.outcome = 'delivered' WHERE o.id = ANY(%s)"
)


@dataclass(frozen=True, slots=True)
class Bench:
    """A running stack and how messages are sent through it."""

    stack: Stack
    folder: Path

    def written(self, count: int, *services: str) -> list[str]:
        """Ids of so many sealed messages that wait to be let go; written by two processes."""
        command = [str(PYTHON), "-m", "tests.bench._referring", "write"]
        halves = [count // 2, count - count // 2]
        running = [
            subprocess.Popen(
                [*command, str(half), *services], env=self._env(), stdout=subprocess.PIPE, text=True, cwd=PROJECT
            )
            for half in halves
        ]
        found = [one for process in running for one in json.loads(process.communicate()[0] or "[]")]
        if len(found) != count:
            raise RuntimeError("the referrals could not be written")
        return found

    def letting_go(self, ids: Sequence[str], rate: float) -> "subprocess.Popen[str]":
        """A process that lets messages go at a rate; 0 for all at once."""
        command = [str(PYTHON), "-m", "tests.bench._referring", "send", str(rate)]
        running = subprocess.Popen(command, env=self._env(), stdin=subprocess.PIPE, text=True, cwd=PROJECT)
        assert running.stdin is not None
        running.stdin.write(json.dumps(list(ids)))
        running.stdin.close()
        return running

    def _env(self) -> dict[str, str]:
        return self.stack.environment() | {"DJANGO_SETTINGS_MODULE": "gpportal.settings", "GP_LOG_LEVEL": "ERROR"}

    def took(self, ids: Sequence[str]) -> list[float]:
        """Seconds of those that have arrived."""
        return [float(row[0]) for row in self.stack.rows(TOOK, [list(ids)]) or []]

    def span(self, ids: Sequence[str]) -> tuple[float, float]:
        """Seconds from when the first was let go until the last was let go, and until the last had arrived."""
        rows = self.stack.rows(TOOK, [list(ids)]) or []
        first = min(float(row[2]) for row in rows)
        return max(float(row[2]) for row in rows) - first, max(float(row[1]) for row in rows) - first

    def await_all(self, ids: Sequence[str], seconds: float) -> list[float]:
        """The same once all have."""
        return wait_for(lambda: t if len(t := self.took(ids)) == len(ids) else None, "all are delivered", seconds, 0.5)

    def worker_mb(self) -> float:
        """What both workers weigh, PSS."""
        return weight(self._family(*WORKERS))

    def cpu(self) -> dict[str, float]:
        """CPU seconds that each part has used so far."""
        ticks = os.sysconf("SC_CLK_TCK")
        found = {}
        for part, names in (("workers", WORKERS), ("receiver", ("hospital",)), ("PostgreSQL", ("postgres",))):
            stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self._family(*names)]
            found[part] = sum(int(one[11]) + int(one[12]) for one in stats) / ticks
        return found

    def _family(self, *names: str) -> list[int]:
        """Processes of these names and their children."""
        pids = [pid for name in names if (pid := self.stack.pid(name))]
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        pairs = [tuple(map(int, line.split())) for line in listed.splitlines()]
        return [*pids, *(child for child, parent in pairs if parent in pids)]


def say(text: str, kept: bool = True) -> bool:
    sys.stdout.write(f"{'   ' if kept else 'NO '}{text}\n")
    sys.stdout.flush()
    return kept


def said(seconds: Sequence[float]) -> str:
    return f"p50 {statistics.median(seconds) * 1000:.0f} ms, p95 {p95(seconds) * 1000:.0f} ms"


# What is measured -----------------------------------------------------------------------------------------------------
def idle(bench: Bench) -> bool:
    """One referral at a time."""
    ids = bench.written(80, *people.OPEN)
    bench.letting_go(ids[:20], 2).wait()
    ids = ids[20:]  # both workers have a token and a connection now
    bench.letting_go(ids, 2).wait()
    took = bench.await_all(ids, 60)
    return say(f"(a) from send to 200, idle queues: {said(took)} (limit p95 {SOON:.0f} s)", p95(took) < SOON)


def sustained(bench: Bench, seconds: float) -> bool:
    """As many a second as the limit asks for, for a while: none may be left behind."""
    ids = bench.written(int(PER_SECOND * seconds), *people.OPEN)
    bench.letting_go(ids, PER_SECOND).wait()
    took = bench.await_all(ids, 600)
    sent, all_in = bench.span(ids)
    kept = all_in < sent + 5
    return say(
        f"(b) {len(ids) / sent:.1f}/s sent for {sent:.0f} s, {len(ids) / all_in:.1f}/s delivered: {said(took)}; all "
        f"there {all_in - sent:.1f} s after the last was sent (limit 5 s)",
        kept,
    )


def backlog(bench: Bench, count: int) -> bool:
    """What waited while nobody worked."""
    ids = bench.written(count, *people.OPEN)
    weights, cpu = [bench.worker_mb()], bench.cpu()
    bench.letting_go(ids, 0).wait()
    wait_for(lambda: len(bench.took(ids)) >= count // 4, "a quarter is delivered", 1800, 0.5)
    weights.append(bench.worker_mb())
    bench.await_all(ids, 1800)
    rate = count / bench.span(ids)[1]
    weights.append(bench.worker_mb())
    used = {part: (seconds - cpu[part]) * 1000 / count for part, seconds in bench.cpu().items()}
    say("(c) CPU a message: " + ", ".join(f"{part} {spent:.1f} ms" for part, spent in used.items()))
    grown = weights[2] / weights[1]
    kept = say(f"(c) a backlog of {count:,} drains at {rate:.1f}/s (limit {PER_SECOND:.0f}/s)", rate >= PER_SECOND)
    memory = (
        f"(c) both workers weigh {weights[0]:.0f}, {weights[1]:.0f}, {weights[2]:.0f} MB PSS at start, quarter, end"
    )
    return say(f"{memory} (limit {GROWTH} times from the quarter on: {grown:.2f})", grown <= GROWTH) and kept


def accepting(bench: Bench, seconds: float) -> bool:
    """Letters that come in, filed meanwhile."""
    people_here = [Whom(*row) for row in bench.stack.rows(PEOPLE) or []]
    letters = [letter(people_here[n % len(people_here)], n) for n in range(int(ACCEPT_RATE * seconds))]
    sender = Sender(bench.stack.url, bench.stack.data / "sandbox" / "hospital", seed=1)
    took, number, began = [], iter(range(len(letters))), time.monotonic() + 1

    def run() -> None:
        with sender.at_the_door() as post:
            for mine in number:
                time.sleep(max(0.0, began + mine / ACCEPT_RATE - time.monotonic()))
                at = time.monotonic()
                status = post(letters[mine])
                took.append(time.monotonic() - at)
                if status != 200:
                    raise RuntimeError(f"a letter was answered {status}")

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_for(bench.stack.is_quiet, "all letters are filed", 300)
    filed = (bench.stack.rows("SELECT count(*) FROM exchange_inboxmessage WHERE state = 'filed'") or [(0,)])[0][0]
    kept = len(took) == len(letters) == filed and p95(took) * 1000 < ACCEPT
    return say(
        f"(d) {len(took)} letters accepted at {ACCEPT_RATE:.0f}/s, {filed} filed: {said(took)} "
        f"(limit p95 {ACCEPT:.0f} ms)",
        kept,
    )


def beside_a_dead_one(bench: Bench, seconds: float) -> bool:
    """The others, in turn without and with a partner that is gone: its port closed, then one that never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as deaf:
        there = {"closed port": "http://127.0.0.1:1", "never answers": f"http://127.0.0.1:{deaf.getsockname()[1]}"}
        times: dict[str, list[float]] = {"without": []}
        for name, address in there.items():
            times["without"] += _others(bench, seconds, None)
            times[name] = _others(bench, seconds, address)
            say(f"(e) in turn: without {said(times['without'])}; {name} {said(times[name])}")
    kept = True
    for name in there:
        ratio = p95(times[name]) / p95(times["without"])
        kept &= say(
            f"(e) beside a dead partner ({name}) the others' {said(times[name])}; without, in turn, "
            f"{said(times['without'])}: {ratio:.2f} times (limit {BESIDE_A_DEAD_ONE})",
            ratio <= BESIDE_A_DEAD_ONE,
        )
    return kept


def _others(bench: Bench, seconds: float, dead: str | None) -> list[float]:
    ids = bench.written(int(8 * seconds), *people.OPEN)
    running = []
    if dead:
        where = "UPDATE exchange_partner SET endpoint = %s, token_url = %s, unanswered = 0, rest_until = NULL "
        where += "WHERE organisation_id IN (SELECT id FROM access_organisation WHERE ods_code = 'RZZ09') RETURNING 1"
        bench.stack.rows(where, [f"{dead}/FHIR/R4", f"{dead}/oauth2/token"])
        running.append(bench.letting_go(bench.written(int(4 * seconds), people.GONE), 4))
    bench.letting_go(ids, 8).wait()
    took = bench.await_all(ids, 300)
    for one in running:
        one.wait()
    return took


def main() -> int:
    arguments = argparse.ArgumentParser(prog="./gp bench exchange")
    arguments.add_argument("--backlog", type=int, default=2000, help="messages that wait at once (2000)")
    arguments.add_argument("--seconds", type=float, default=60.0, help="how long each pace is kept (60)")
    asked = arguments.parse_args(sys.argv[1:])
    say(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores before it starts; limits are for a quiet machine")
    with tempfile.TemporaryDirectory() as name, started(Path(name), patients=60) as stack:
        bench = Bench(stack, Path(name))
        kept = [
            idle(bench),
            sustained(bench, asked.seconds),
            backlog(bench, asked.backlog),
            accepting(bench, asked.seconds),
            beside_a_dead_one(bench, asked.seconds / 2),
        ]
    return 0 if all(kept) else 1
