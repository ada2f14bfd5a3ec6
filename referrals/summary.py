"""The clinical summary a referral starts with: what the record says now, each line with its source and date.

A text to be edited, not a copy of the record: the author decides what the receiver needs. It is worded by the panels of
the one screen, so that both say the same, disagreements included.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any, Final

from access.actor import Actor
from records import panels
from records.models import Patient
from records.screen.claims import Claim, Source
from records.screen.held import Held
from records.screen.rows import Row
from records.screen.trends import Trend
from ui.dates import date_full
from ui.units import printed

RESULTS_DAYS: Final = 365
_SIGNS: Final = {"hi": ", high", "lo": ", low", "odd": ", abnormal"}


def clinical_summary(actor: Actor, patient: Patient, now: dt.datetime) -> str:
    """Active problems, current medicines, allergies and the newest results of the last year, in plain text."""
    held = Held(actor, patient)
    problems = panels.problems(actor, patient, held)["rows"]
    medicines = panels.medicines(actor, patient, held)["rows"]
    allergies = panels.allergies(actor, patient, held)
    results = panels.results(actor, patient, held)["trends"]
    parts = [
        ("Problems", _rows(problems), "None recorded as active."),
        ("Medicines", _rows(medicines), "None recorded as current."),
        ("Allergies", _allergies(allergies), "No allergies recorded."),
        ("Results of the last year", _results(results, now - dt.timedelta(days=RESULTS_DAYS)), "None recorded."),
    ]
    text = "\n\n".join("\n".join([title, *(lines or [empty])]) for title, lines, empty in parts)
    legend = _legend([*problems, *medicines, *allergies["rows"]])
    return f"{text}\n\n{legend}" if legend else text


def _rows(rows: Iterable[Row]) -> list[str]:
    return [_line(row) for row in rows]


def _line(row: Row) -> str:
    """ "- Bisoprolol 5 mg tablets, take one each morning (Northern Infirmary, 18 Nov 2026). Sources disagree: …" """
    said = f"- {' '.join(part for part in (row.what, row.how) if part)} ({_who_when(row.sources, row.when)})"
    remarks = ". ".join(remark.rstrip(".") for remark in (row.differs, row.remark) if remark)
    return f"{said}. {remarks}." if remarks else said


def _allergies(found: dict[str, Any]) -> list[str]:
    none_known: list[Claim] = found["none_known"]
    said = [f"- {c.display or 'No known allergies'} ({_who_when([c.source], c.dated)})" for c in none_known]
    return [*_rows(found["rows"]), *said]


def _results(trends: Iterable[Trend], since: dt.datetime) -> list[str]:
    return [
        f"- {latest.display}: {trend.value} {printed(latest.unit)}".rstrip()
        + f"{_SIGNS.get(trend.sign, '')} ({_who_when([latest.source], latest.dated)})"
        for trend in trends
        if (latest := trend.latest).date and latest.date >= since
    ]


def _who_when(sources: Iterable[Source], when: str | dt.datetime | None) -> str:
    return ", ".join(part for part in (*(source.name for source in sources), date_full(when)) if part)


def _legend(rows: list[Row]) -> str:
    """What the letters in a disagreement stand for: the receiver does not know our chips."""
    named = {source.letters: source.name for row in rows if row.differs or row.gone for source in row.sources}
    return "; ".join(f"{letters}: {name}" for letters, name in sorted(named.items()))
