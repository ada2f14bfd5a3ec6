"""Dates and times as people at a practice say them, in Europe/London."""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from django.utils import timezone

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LONG_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
Dated = dt.date | dt.datetime | str | None


def local(value: dt.date | dt.datetime) -> dt.date:
    """The day in London of a moment; a date is itself."""
    if isinstance(value, dt.datetime):
        return (timezone.localtime(value) if timezone.is_aware(value) else value).date()
    return value


def parts(value: Dated) -> tuple[int, ...]:
    """Year, month and day, as far as they are known: "2014" is (2014,). Empty when it cannot be read."""
    if value is None or value == "":
        return ()
    if not isinstance(value, str):
        day = local(value)
        return (day.year, day.month, day.day)
    if "T" in value:
        try:
            return parts(dt.datetime.fromisoformat(value))
        except ValueError:
            value = value.split("T", 1)[0]
    try:
        known = tuple(int(part) for part in value.split("-"))
    except ValueError:
        return ()
    if not 1 <= len(known) <= 3:
        return ()
    try:
        dt.date(*(*known, 1, 1)[:3])
    except (ValueError, OverflowError):
        return ()
    return known


def date_short(value: Dated, today: dt.date | None = None) -> str:
    """ "18 Nov" in this year, "18 Nov 2014" in another, "Nov 2014" or "2014" when no more is known."""
    return _as_known(value, today, MONTHS)


def _as_known(value: Dated, today: dt.date | None, months: Sequence[str]) -> str:
    today = today or timezone.localdate()
    match parts(value):
        case (year,):
            return str(year)
        case (year, month):
            return f"{months[month - 1]} {year}"
        case (year, month, day):
            return f"{day} {months[month - 1]}" + ("" if year == today.year else f" {year}")
    return ""


def date_month(value: Dated) -> str:
    """ "Nov 2014": for what began, where the day says nothing."""
    known = parts(value)
    return date_short(f"{known[0]}-{known[1]:02}") if len(known) > 1 else date_short(value)


def date_full(value: Dated) -> str:
    """ "18 Nov 2026", as far as known."""
    return date_short(value, today=dt.date(1, 1, 1))


def date_plain(value: Dated, today: dt.date | None = None) -> str:
    """ "18 November", with the year when it is another: for readers outside health care."""
    return _as_known(value, today, LONG_MONTHS)


def date_long(value: Dated) -> str:
    """ "01-May-1970", the NHS form of a date of birth; "May-1970" or "1970" when no more is known."""
    known = parts(value)
    match known:
        case (year,):
            return str(year)
        case (year, month):
            return f"{MONTHS[month - 1]}-{year}"
        case (year, month, day):
            return f"{day:02}-{MONTHS[month - 1]}-{year}"
    return ""


def age(born: Dated, on: dt.date | None = None) -> str:
    """ "56 y", "14 m" under two, "3 w" under three months, "5 d" under four weeks; "" when not known.

    A birth year or month alone gives the age of its first day with "about".
    """
    known = parts(born)
    if not known:
        return ""
    on = on or timezone.localdate()
    about = "" if len(known) == 3 else "about "
    year, month, day = (*known, 1, 1)[:3]
    months = (on.year - year) * 12 + on.month - month - (on.day < day)
    if months >= 24:
        return f"{about}{months // 12} y"
    days = (on - dt.date(year, month, day)).days
    if days < 0:
        return ""
    if months >= 3:
        return f"{about}{months} m"
    return f"{about}{days // 7} w" if days >= 28 else f"{about}{days} d"


def clock(moment: dt.datetime) -> str:
    """ "09:14" in London."""
    return f"{timezone.localtime(moment):%H:%M}"


def since(moment: dt.datetime | None, now: dt.datetime | None = None) -> str:
    """ "since 09:14", "since yesterday 16:20", "since 3 Nov"."""
    return f"since {when(moment, now)}" if moment else ""


def when(moment: dt.datetime | None, now: dt.datetime | None = None) -> str:
    """ "09:14" today, "yesterday 16:20", "tomorrow 08:00", else the day."""
    if moment is None:
        return ""
    today = local(now or timezone.now())
    day = local(moment)
    if day == today:
        return clock(moment)
    near = {1: "yesterday", -1: "tomorrow"}.get((today - day).days)
    return f"{near} {clock(moment)}" if near else date_short(moment, today)


def ago(moment: dt.datetime | None, now: dt.datetime | None = None) -> str:
    """ "just now", "3 min ago", "09:14", "yesterday 16:20", "3 Nov"."""
    if moment is None:
        return ""
    now = now or timezone.now()
    minutes = int((now - moment).total_seconds() // 60)
    if 0 <= minutes < 1:
        return "just now"
    if 0 < minutes < 60:
        return f"{minutes} min ago"
    return when(moment, now)
