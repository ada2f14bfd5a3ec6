"""What somebody typed to find a patient, taken apart: NHS number, postcode, date of birth, and words of a name."""

import datetime as dt
import re
from calendar import month_abbr, monthrange
from dataclasses import dataclass, field
from typing import Final

from records.people.names import fold

_NUMBER: Final = re.compile(r"(?<!\d)\d{3}[ -]?\d{3}[ -]?\d{4}(?!\d)")
_POSTCODE: Final = re.compile(r"\b([a-z]{1,2}\d[a-z\d]?) ?(\d[a-z]{2})\b")
_ISO: Final = re.compile(r"\b(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})\b")
_FIGURES: Final = re.compile(r"\b(?P<d>\d{1,2})[/.\- ](?P<m>\d{1,2})[/.\- ](?P<y>\d{4}|\d{2})\b")
_RUN_ON: Final = re.compile(r"\b(?P<d>\d{2})(?P<m>\d{2})(?P<y>\d{4}|\d{2})\b")
_MONTHS: Final = {name.casefold(): number for number, name in enumerate(month_abbr) if name}
_MONTH: Final = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_IN_WORDS: Final = re.compile(
    rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?: of)?[ \-/]?{_MONTH}[ ,\-/]+(?P<y>\d{{4}}|'?\d{{2}})\b"
)
_MONTH_FIRST: Final = re.compile(rf"\b{_MONTH} (?P<d>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<y>\d{{4}})\b")
_MONTH_OF: Final = re.compile(rf"\b{_MONTH}[ ,\-/]+(?P<y>\d{{4}})\b")
_FIGURES_MONTH: Final = re.compile(r"(?<![\d/.-])(?P<m>\d{1,2})/(?P<y>\d{4})\b")
_YEAR: Final = re.compile(r"(?<![\d/.-])(?P<y>(?:18|19|20)\d{2})(?![\d/.-])")
_DATES: Final = (_ISO, _IN_WORDS, _MONTH_FIRST, _FIGURES, _RUN_ON, _MONTH_OF, _FIGURES_MONTH, _YEAR)
_CENTURY: Final = 100
_MOST_WORDS: Final = 6

Span = tuple[dt.date, dt.date]


@dataclass(slots=True)
class Asked:
    """What to look for; everything that is given must hold."""

    nhs_number: str = ""
    postcode: str = ""
    #: Born within one of these, ends included: "70" may be 1970 or, of a very old person, 1870.
    born: list[Span] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.nhs_number or self.postcode or self.born or self.words)


def take_apart(text: str, today: dt.date) -> Asked:
    """What was typed, in any order. Years of two figures are taken as the past."""
    asked = Asked()
    rest = text.casefold()
    if found := _NUMBER.search(rest):
        asked.nhs_number = re.sub(r"\D", "", found[0])
        rest = _without(rest, found)
    for form in _DATES:
        for found in form.finditer(rest):
            asked.born = _spans(found.groupdict(), today)
            if asked.born:
                rest = _without(rest, found)
                break
        if asked.born:
            break
    if found := _POSTCODE.search(rest):
        asked.postcode = found[1] + found[2]
        rest = _without(rest, found)
    asked.words = list(dict.fromkeys(fold(rest).split()))[:_MOST_WORDS]
    return asked


def _without(text: str, found: re.Match[str]) -> str:
    return f"{text[: found.start()]} {text[found.end() :]}"


def _spans(parts: dict[str, str], today: dt.date) -> list[Span]:
    """The days meant, once for each century they may be of; [] if there is no such date."""
    month = _MONTHS[parts["month"]] if parts.get("month") else int(parts.get("m") or 0)
    day = int(parts.get("d") or 0)
    return [span for year in _years(parts["y"].strip("'"), today) if (span := _span(year, month, day))]


def _years(written: str, today: dt.date) -> list[int]:
    if len(written) > 2:
        return [int(written)]
    this = today.year - today.year % _CENTURY + int(written)
    return [this, this - _CENTURY] if this <= today.year else [this - _CENTURY]


def _span(year: int, month: int, day: int) -> Span | None:
    try:
        if not month:
            return dt.date(year, 1, 1), dt.date(year, 12, 31)
        if not day:
            return dt.date(year, month, 1), dt.date(year, month, monthrange(year, month)[1])
        return dt.date(year, month, day), dt.date(year, month, day)
    except ValueError:
        return None
