"""How often a medicine is taken, from a FHIR Dosage's timing or from directions in words, so that the two can be held
against each other. Pure.

Sources word one thing in many ways ("1 tablet once a day", "OD", frequency 1 per 1 d). Only what is understood to the
last word is compared as a figure; everything else stays text, and text that differs is said to differ.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from records.drawing import Json, at, code, number


@dataclass(frozen=True, slots=True)
class Often:
    """How often: times a day (1/7 is once a week), at which times of the day, how many at a time, only when needed.

    What is not said is "" or None: "once a day" says neither how many nor when.
    """

    a_day: Fraction
    when: frozenset[str] = frozenset()
    many: str = ""
    needed: bool = False

    def agrees(self, other: "Often") -> bool:
        """Whether both say the same, as far as both say it."""
        return (
            (self.a_day, self.needed) == (other.a_day, other.needed)
            and (not self.when or not other.when or self.when == other.when)
            and (not self.many or not other.many or self.many == other.many)
        )

    def __str__(self) -> str:
        times = " and ".join(self.when) if len(self.when) == 1 else ""
        often = f"once a day, {times}" if times and self.a_day == 1 else words(self.a_day)
        return often + (", when needed" if self.needed else "")


def words(a_day: Fraction) -> str:
    """ "twice a day", "every other day", "3 times a week"."""
    if a_day == Fraction(1, 2):
        return "every other day"
    for days, period in ((1, "day"), (7, "week"), (14, "2 weeks"), (28, "4 weeks")):
        times = a_day * days
        if times.denominator == 1:
            how_many = {1: "once", 2: "twice"}.get(times.numerator, f"{times.numerator} times")
            return f"{how_many} {'a' if period.isalpha() else 'every'} {period}"
    every = 1 / a_day
    return f"every {every} days" if every.denominator == 1 else f"every {every * 24} hours"


# From a FHIR Timing ---------------------------------------------------------------------------------------------------
_DAYS: Final = {"h": Fraction(1, 24), "d": Fraction(1), "wk": Fraction(7)}
#: HL7 GTSAbbreviation -> times a day.
_CODES: Final = {
    **{"QD": Fraction(1), "AM": Fraction(1), "PM": Fraction(1), "BED": Fraction(1), "BID": Fraction(2)},
    **{"TID": Fraction(3), "QID": Fraction(4), "QOD": Fraction(1, 2), "WK": Fraction(1, 7)},
    **{f"Q{hours}H": Fraction(24, hours) for hours in (1, 2, 3, 4, 6, 8)},
}
_AT: Final = {
    "MORN": "in the morning",
    "NOON": "at noon",
    "EVE": "in the evening",
    "NIGHT": "at night",
    "HS": "at night",
}
_UNDERSTOOD: Final = {"frequency", "period", "periodUnit", "when", "boundsPeriod", "boundsDuration", "boundsRange"}


def often(dosages: Sequence[Json]) -> Often | None:
    """What the structured timing of a medicine's Dosages says; None unless all of it is understood and is one thing."""
    found = {_timed(one) for one in dosages}
    return found.pop() if len(found) == 1 else None


def _timed(dosage: Json) -> Often | None:
    needed = dosage.get("asNeededBoolean") is True or "asNeededCodeableConcept" in dosage
    repeat = at(dosage, "timing.repeat")
    if not isinstance(repeat, dict):
        a_day = _CODES.get(code(at(dosage, "timing.code")))
        return Often(a_day, needed=needed) if a_day else None
    if set(repeat) - _UNDERSTOOD:
        return None
    when = frozenset(_AT.get(one, "") for one in _several(repeat.get("when")))
    if "" in when:
        return None
    if "period" not in repeat:
        return Often(Fraction(len(when)), when, needed=needed) if when else None
    times, period = _figure(repeat.get("frequency", 1)), _figure(repeat.get("period"))
    days = _DAYS.get(str(repeat.get("periodUnit")))
    if not times or not period or not days:
        return None
    return Often(times * max(1, len(when)) / (period * days), when, needed=needed)


def _several(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)] if value else []


def _figure(value: Any) -> Fraction | None:
    try:
        return Fraction(number(value))
    except (ValueError, ZeroDivisionError):
        return None


# From words -----------------------------------------------------------------------------------------------------------
_NUMBERS: Final = {
    **{"one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "eight": "8", "twelve": "12"},
    **{"once": "1x", "twice": "2x", "half": "0.5", "½": "0.5"},
}
_SHORT: Final = {
    **{"od": "1x daily", "qd": "1x daily", "bd": "2x daily", "bid": "2x daily", "tds": "3x daily", "tid": "3x daily"},
    **{"qds": "4x daily", "qid": "4x daily", "om": "in the morning", "mane": "in the morning", "nocte": "at night"},
    **{"on": "at night", "prn": "when needed"},
}
_NEEDED: Final = re.compile(r"\b(?:only )?(?:when|if|as) (?:needed|required|necessary)\b")
_TIMES: Final = {
    r"\b(?:in the|each|every) morning\b": "in the morning",
    r"\b(?:at|each|every) night\b|\bat bed ?time\b": "at night",
    r"\b(?:in the|each|every) evening\b": "in the evening",
    r"\b(?:at|each) (?:noon|midday|lunch ?time)\b": "at noon",
}
_RATE: Final = re.compile(
    r"\b([1-9]\d*)(?:x| times) (?:a |per |each |every )?(?:([1-9]\d*) )?(day|daily|week|weekly)s?\b"
)
_EVERY: Final = re.compile(r"\bevery (?:([1-9]\d*|other|second) )?(hour|day|week)s?\b|\b(?:on )?(alternate) days?\b")
_PLAIN: Final = re.compile(r"\b(?:(?:a|per|each) (day|week)|(daily|weekly))\b")
#: Words that say neither how often nor how much.
_FILLING: Final = frozenset(
    {"take", "taken", "to", "be", "the", "a", "by", "mouth", "orally", "dose", "at", "time", "and", "use", "apply"}
    | {"tablet", "tablets", "capsule", "capsules", "tab", "tabs", "cap", "caps", "puff", "puffs", "inhale", "of"}
)
_AMOUNT: Final = re.compile(r"\b\d+(?:\.\d+)? ?(?:mg|g|ml|micrograms?|mcg|units?)\b")
#: Not every day, though the words say "once a day".
_SOME_DAYS: Final = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|mon|tues?|wed|thurs?|fri)\b|\bexcept\b"
)
_MANY: Final = re.compile(r"\b(\d+(?:\.\d+)?)(?: of)?(?: a)? (?:tablets?|capsules?|tabs?|caps?|puffs?|to be taken)\b")
_DAYS_OF: Final = {"day": 1, "daily": 1, "week": 7, "weekly": 7}


def read(text: str) -> Often | None:
    """Directions in words, if every word of them is understood."""
    found, left = _look(text)
    rest = [word for word in re.findall(r"[^\s]+", _AMOUNT.sub(" ", left)) if word not in _FILLING]
    each_time = len(found.when) if found and len(found.when) == len(rest) else 1
    if found is None or len(rest) > each_time or len(set(rest)) > 1:
        return None
    if not all(re.fullmatch(r"\d+(?:\.\d+)?", word) for word in rest):
        return None
    return Often(found.a_day, found.when, rest[0] if rest else "", found.needed)


def glean(text: str) -> Often | None:
    """How often directions say, whatever else they say ("with food"); None where they speak of several rates, or of
    some days of the week only.
    """
    return _look(text)[0]


def many(text: str) -> str:
    """How many directions say at a time, as a figure: "2" of "TWO tablets once a day"; "" where they do not say."""
    return " and ".join(dict.fromkeys(_MANY.findall(_plain(text))))


def _look(text: str) -> tuple[Often | None, str]:
    """(how often, the words that said nothing of it)."""
    left = _plain(text)
    left, needed = _NEEDED.subn(" ", left)
    when = set()
    for pattern, said in _TIMES.items():
        left, number_of = re.subn(pattern, " ", left)
        when |= {said} if number_of else set()
    rates: list[Fraction] = []

    def rate(match: re.Match[str]) -> str:
        rates.append(_rate(match))
        return " "

    for expression in (_RATE, _EVERY, _PLAIN):
        left = expression.sub(rate, left)
    if len(rates) > 1 or "x" in left.split() or re.search(r"\b\d+x\b|\bup to\b|\bor\b|\bthen\b|-|/", left):
        return None, left
    if not rates and not when:
        return None, left
    a_day = rates[0] if rates else Fraction(len(when))
    if a_day >= 1 and _SOME_DAYS.search(left):
        return None, left
    return Often(a_day, frozenset(when), needed=bool(needed)), left


def _rate(match: re.Match[str]) -> Fraction:
    found = [one for one in match.groups() if one]
    if match.re is _RATE:
        return Fraction(int(found[0]), _DAYS_OF[found[-1]] * int(match[2] or 1))
    if match.re is _PLAIN:
        return Fraction(1, _DAYS_OF[found[0]])
    if "alternate" in found:
        return Fraction(1, 2)
    how_many = {"other": 2, "second": 2}.get(found[0]) or (int(found[0]) if found[0].isdigit() else 1)
    return Fraction({"hour": 24, "day": 1, "week": 1}[found[-1]], how_many * (7 if found[-1] == "week" else 1))


def _plain(text: str) -> str:
    """Lower case, numbers in figures, abbreviations written out, without full stops and commas."""
    spelt = re.sub(r"\b([a-z])\.([a-z])\.(?:([a-z])\.)?", lambda m: "".join(filter(None, m.groups())), text.casefold())
    spelt = re.sub(r"\(s\)|[,;:()]|\.(?!\d)", lambda m: "" if m[0] == "(s)" else " ", spelt)
    said = spelt.split()
    last = len(said) - 1
    words_of = [  # "on Mondays": only as the last word is "on" short for "at night"
        word if word == "on" and place < last else _SHORT.get(word) or _NUMBERS.get(word, word)
        for place, word in enumerate(said)
    ]
    return re.sub(r"\b(\d+)x (?:a |per )?(?=daily|day|week)", r"\1x ", " ".join(words_of))
