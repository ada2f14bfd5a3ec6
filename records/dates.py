"""FHIR dates, which may be a year or a month only, as moments to sort by."""

import datetime as dt
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

_LONDON: Final = ZoneInfo("Europe/London")
_YEAR, _MONTH, _DAY = 4, 7, 10


@lru_cache(maxsize=4096)
def moment(written: str) -> dt.datetime | None:
    """The moment a FHIR date, dateTime or instant begins; None if it is none.

    A date without a time begins at midnight in London, so that it is shown as that day.
    """
    full = {_YEAR: written + "-01-01", _MONTH: written + "-01"}.get(len(written), written)
    try:
        read = dt.datetime.fromisoformat(full)
        return (read if read.tzinfo else read.replace(tzinfo=_LONDON)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def day(written: Any) -> dt.date | None:
    """The day of a full FHIR date or dateTime; None for a year or month only."""
    try:
        return dt.date.fromisoformat(written[:_DAY]) if isinstance(written, str) and len(written) >= _DAY else None
    except ValueError:
        return None


def contradict(one: str, other: str) -> bool:
    """Whether two FHIR dates cannot be of one day. Only what both give is compared: 1970 fits 1970-05-01."""
    parts = zip(one[:_DAY].split("-"), other[:_DAY].split("-"), strict=False)
    return bool(one and other) and any(mine != theirs for mine, theirs in parts)
