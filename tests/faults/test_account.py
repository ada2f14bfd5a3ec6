"""The reckoning finds what is lost, doubled, wrongly listed or changed: it can fail."""

from dataclasses import replace

import pytest

from tests.faults.account import Sent, settle

FORM = ("request", "correlation", "sha")
FINE = Sent("a", False, copies=1, taken=1, confirmed=True, forms={FORM}, arrivals=3)
LISTED = Sent("b", True, copies=1, listed=True, forms={FORM}, arrivals=1)


def test_what_is_delivered_once_or_listed_as_planned_is_no_trouble() -> None:
    account = settle([FINE, LISTED])
    assert account.line == "sent 2 delivered 1 listed 1 lost 0 doubled 0"
    assert (account.troubles, account.arrivals, account.repeats) == ((), 4, 2)


@pytest.mark.parametrize(
    ("one", "line", "trouble"),
    [
        (replace(FINE, taken=0), "sent 1 delivered 0 listed 0 lost 1 doubled 0", "lost: a"),
        (replace(FINE, copies=0, taken=0, confirmed=False), "sent 1 delivered 0 listed 0 lost 1 doubled 0", "lost: a"),
        (replace(FINE, taken=2), "sent 1 delivered 0 listed 0 lost 0 doubled 1", "doubled: a"),
        (replace(FINE, copies=2), "sent 1 delivered 0 listed 0 lost 0 doubled 1", "doubled: a"),
        (
            replace(FINE, taken=0, confirmed=False, listed=True),
            "sent 1 delivered 0 listed 1 lost 0 doubled 0",
            "on a worklist although it could be delivered: a",
        ),
        (
            replace(LISTED, listed=False, taken=1, confirmed=True),
            "sent 1 delivered 1 listed 0 lost 0 doubled 0",
            "made undeliverable and not on a worklist: b",
        ),
        (
            replace(LISTED, taken=1, confirmed=True),
            "sent 1 delivered 0 listed 1 lost 0 doubled 0",
            "taken and on a worklist as well: b",
        ),
        (
            replace(FINE, confirmed=False),
            "sent 1 delivered 1 listed 0 lost 0 doubled 0",
            "taken, and its sender does not know: a",
        ),
        (
            replace(FINE, forms={FORM, ("request", "correlation", "other")}),
            "sent 1 delivered 1 listed 0 lost 0 doubled 0",
            "repeated with other ids or bytes: a",
        ),
    ],
)
def test_anything_else_is_named_with_its_id(one: Sent, line: str, trouble: str) -> None:
    account = settle([one])
    assert account.line == line
    assert trouble in account.troubles
