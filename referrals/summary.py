"""The clinical summary a referral starts with: what the record says now, each line with its source and date.

A text to be edited, not a copy of the record: the author decides what the receiver needs.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Final

from access.actor import Actor
from records import reach
from records.models import Patient, Resource
from ui.dates import date_full

RESULTS_DAYS: Final = 365
RESULTS_AT_MOST: Final = 12
_KINDS: Final = ("problem", "medicine", "allergy", "result", "vital")
_OVER: Final = frozenset({"resolved", "inactive", "remission", "stopped", "completed", "cancelled", "on-hold", "ended"})
_NOT_SO: Final = frozenset({"entered-in-error", "refuted", "draft", "unknown"})
_COLUMNS: Final = ("kind", "code", "display", "status", "date", "date_written", "value", "unit", "detail")


def clinical_summary(actor: Actor, patient: Patient, now: dt.datetime) -> str:
    """Active problems, current medicines, allergies and the newest results of the last year, in plain text."""
    held = reach.resources(actor, patient).filter(kind__in=_KINDS).order_by("-date")
    rows = [row for row in held.select_related("source").only(*_COLUMNS, "source__name") if _stands(row)]
    since = now - dt.timedelta(days=RESULTS_DAYS)
    recent = [r for r in rows if r.kind in ("result", "vital") and r.date and r.date >= since and r.value]
    parts = (
        ("Problems", _lines((r for r in rows if r.kind == "problem"), _problem), "None recorded as active."),
        ("Medicines", _lines((r for r in rows if r.kind == "medicine"), _medicine), "None recorded as current."),
        ("Allergies", _lines((r for r in rows if r.kind == "allergy"), _allergy), "No allergies recorded."),
        ("Results of the last year", _lines(_newest(recent), _result), "None recorded."),
    )
    return "\n\n".join("\n".join([title, *(lines or [empty])]) for title, lines, empty in parts)


def _stands(row: Resource) -> bool:
    """Whether an item is said to be so, now."""
    said = {row.status, str(row.detail.get("clinical", "")), str(row.detail.get("verification", ""))}
    return not said & _NOT_SO and (row.kind in ("result", "vital") or not said & _OVER)


def _lines(rows: Iterable[Resource], words: Callable[[Resource], str]) -> list[str]:
    """One line per thing said, with everyone who says it and when."""
    said: dict[str, list[str]] = {}
    for row in rows:
        source = ", ".join(part for part in (row.source.name, date_full(row.date_written or row.date)) if part)
        sources = said.setdefault(words(row), [])
        if source not in sources:
            sources.append(source)
    return [f"- {text} ({'; '.join(sources)})" for text, sources in said.items()]


def _newest(rows: Iterable[Resource]) -> list[Resource]:
    """The newest of each kind of result; rows come newest first."""
    first: dict[str, Resource] = {}
    for row in rows:
        first.setdefault(row.code or row.display.casefold(), row)
    return list(first.values())[:RESULTS_AT_MOST]


def _problem(row: Resource) -> str:
    return row.display


def _medicine(row: Resource) -> str:
    dose, directions = str(row.detail.get("dose") or ""), str(row.detail.get("directions") or "")
    said = row.display if dose and dose in row.display else f"{row.display} {dose}".strip()
    return f"{said}, {directions}" if directions else said


def _allergy(row: Resource) -> str:
    reaction = row.detail.get("reaction")
    words = ", ".join(map(str, reaction)) if isinstance(reaction, list) else str(reaction or "")
    return f"{row.display}: {words}" if words else row.display


def _result(row: Resource) -> str:
    low, high = row.detail.get("low"), row.detail.get("high")
    usual = f" [{low} to {high}]" if low and high else ""
    return f"{row.display}: {row.value}{' ' + row.unit if row.unit else ''}{usual}"
