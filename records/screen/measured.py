"""Results of tests beyond the few on the one screen: every test, and one test over time."""

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from django.db.models import F

from records.screen.claims import Claim, claims
from records.screen.held import NOT_SAID, RESULTS, Held
from records.screen.rows import trend
from records.screen.wording import number, sign
from ui.charts import Point, chart
from ui.dates import date_full

MOST_POINTS: Final = 200


def tests(held: Held, page: int, size: int) -> dict[str, Any]:
    """One page of the tests this person ever had, the one done last first."""
    series = held.series
    first = (page - 1) * size
    return {
        "patient": held.patient,
        "trends": [trend(held, test) for test in series[first : first + size]],
        "tests": len(series),
        "all": held.count(*RESULTS),
        "number": page,
        "more": len(series) > first + size,
    }


def over_time(held: Held, result_id: UUID) -> dict[str, Any] | None:
    """The test that a result belongs to, with every figure of it; None if the result is not within reach."""
    one = next(claims(held.said.filter(pk=result_id, kind__in=RESULTS)), None)
    if one is None:
        return None
    same = held.said.filter(kind__in=RESULTS, code=one.code, code_system=one.code_system).exclude(NOT_SAID)
    if not one.coded:
        same = same.filter(display=one.display)
    found = list(claims(same.order_by(F("date").desc(nulls_last=True), "id")[:MOST_POINTS]))
    latest = found[0] if found else one
    drawn = trend(held, found or [one])
    return {
        "patient": held.patient,
        "name": latest.display,
        "chart": chart(latest.display, list(_points(found, latest.unit)), drawn.low, drawn.high),
        "results": found,
        "signs": {claim.id: sign(claim) for claim in found},
        "cut": len(found) == MOST_POINTS,
    }


def _points(found: list[Claim], unit: str) -> Iterator[Point]:
    """The figures to draw, oldest first: those in one unit that are numbers."""
    for claim in reversed(found):
        value = number(claim.value)
        if value is not None and claim.unit == unit:
            yield Point(value, claim.value, date_full(claim.dated))
