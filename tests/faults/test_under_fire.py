"""Everything that can fail does, while referrals go out and letters come in: none is lost and none is doubled.

The short form is part of every test run; the long one is `./gp test faults`. Nothing is asserted about time.
GP_FAULTS_SEED=N draws other lots than usual: which messages are undeliverable, and the order of harm.
"""

import os
import sys
from pathlib import Path

import pytest

from launcher.tests.conftest import linux_only
from tests.faults.fire import LONG, SHORT, Result, Size, burn

pytestmark = pytest.mark.xdist_group("faults")


def say(line: str) -> None:
    print(line, flush=True)


@linux_only
@pytest.mark.parametrize(("size", "seed"), [(SHORT, 1), pytest.param(LONG, 2, marks=pytest.mark.faults)])
def test_nothing_is_lost_and_nothing_doubled(size: Size, seed: int, tmp_path: Path) -> None:
    result = burn(tmp_path, size, seed=int(os.environ.get("GP_FAULTS_SEED", seed)), say=say)
    tell(result)
    for account in (result.out, result.into):
        assert account.troubles == (), f"logs are in {tmp_path}"
        assert (account.sent, account.listed) == (size.messages, size.undeliverable)
        assert account.delivered == size.messages - size.undeliverable
        assert (account.lost, account.doubled) == (0, 0)
    assert (result.counts["accepted"], result.counts["changed"]) == (result.out.delivered, 0)
    assert result.out.repeats + result.into.repeats > 0, "nothing was repeated, so nothing was proven"


def tell(result: Result) -> None:
    """The counts, each with how many raw arrivals there were."""
    for direction, account in (("referrals out", result.out), ("letters in", result.into)):
        say(f"{direction}, {account.arrivals} arrivals or tries, {account.repeats} of them repeats:")
        say(account.line)
        for trouble in account.troubles:
            say(f"  {trouble}")
    say("the hospital counts: " + ", ".join(f"{name} {count}" for name, count in result.counts.items()))
    say(f"{len(result.harms)} harms, {result.cut} answers cut, {result.seconds:.0f} s")
    sys.stdout.flush()
