"""What a result says: its sign, its figure with "<" or ">", its unit, and why there is none. Pure, and in words.

A sign is what the source marked, else what its own reference range says; nothing is compared with ranges of ours.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from django.utils import timezone

from exchange.fhir import units
from records.screen.claims import Claim

HIGH: Final = frozenset({"H", "HH", "HU", ">"})
LOW: Final = frozenset({"L", "LL", "LU", "<"})
ABNORMAL: Final = frozenset({"A", "AA"})
#: Sign -> the word beside the mark.
SIGN_WORDS: Final = {"hi": "high", "lo": "low", "odd": "abnormal"}
#: Interpretations that are words of their own, and those that are stronger than their sign.
_SAID: Final = {
    **{"HH": "critically high", "HU": "significantly high", "LL": "critically low", "LU": "significantly low"},
    **{"AA": "critically abnormal", "POS": "positive", "NEG": "negative", "DET": "detected", "ND": "not detected"},
    **{"S": "susceptible", "I": "intermediate", "R": "resistant", "SDD": "susceptible, dose dependent"},
}
#: FHIR status of an Observation or DiagnosticReport -> what has to be said of it. Final and not said: nothing.
STATUSES: Final = {
    "registered": "Registered, no result yet",
    "partial": "Part of the results only",
    "preliminary": "Preliminary",
    "amended": "Amended",
    "corrected": "Corrected",
    "appended": "Added to later",
    "cancelled": "Cancelled",
    "entered-in-error": "Entered in error",
    "unknown": "Status not known",
}
#: Statuses under which a figure is not to be relied on: listed, never drawn, never the latest while another is there.
TAKEN_BACK: Final = frozenset({"cancelled", "entered-in-error"})
_FIGURE: Final = re.compile(r"\s*(-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?)\s*")
_PAIR: Final = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*/\s*(-?\d+(?:\.\d+)?)\s*")
_LIMIT: Final = re.compile(r"\s*([<>]=?)\s*(-?\d+(?:\.\d+)?)\s*")
_LARGEST: Final = 1e12
LIMIT_WORDS: Final = {"<": "below", "<=": "at most", ">": "above", ">=": "at least"}


@lru_cache(maxsize=4096)
def number(text: object) -> float | None:
    """The figure to draw: of "132/78" the first; None for words and for limits such as "<5"."""
    found = _FIGURE.fullmatch(str(text or "")) or _PAIR.fullmatch(str(text or ""))
    return _drawable(float(found[1])) if found else None


def pair(text: object) -> tuple[float, float] | None:
    """Both figures of "132/78"."""
    found = _PAIR.fullmatch(str(text or ""))
    both = (_drawable(float(found[1])), _drawable(float(found[2]))) if found else (None, None)
    return (both[0], both[1]) if both[0] is not None and both[1] is not None else None


def _drawable(value: float) -> float | None:
    """A figure that a drawing has room for: no laboratory's is larger than a million million."""
    return value if abs(value) <= _LARGEST else None


@lru_cache(maxsize=4096)
def limit(value: str, comparator: str) -> tuple[str, str]:
    """("<", "5") of "<5", whether the source coded the "<" or wrote it; ("", "5") of a plain figure."""
    found = _LIMIT.fullmatch(value)
    return (found[1], found[2]) if found else (comparator, value)


def sign(claim: Claim) -> str:
    """ "hi", "lo", "odd" or "": what the source marked; else by its own reference range, part by part."""
    said = _marked(str(claim.detail.get("interpretation", "")))
    if said is not None:
        return said
    parts = claim.detail.get("components") or []
    found = {part_sign(part) for part in parts} - {""}
    if found:
        return found.pop() if len(found) == 1 else "odd"
    return _by_range(claim.value, claim.detail)


def part_sign(part: dict[str, Any]) -> str:
    """The same of one component."""
    said = _marked(str(part.get("interpretation", "")))
    return _by_range(str(part.get("value", "")), part) if said is None else said


def _marked(said: str) -> str | None:
    """The sign of an interpretation; None where the source gave none, so that its range decides."""
    if not said:
        return None
    return "hi" if said in HIGH else "lo" if said in LOW else "odd" if said in ABNORMAL else ""


def _by_range(value: str, detail: dict[str, Any]) -> str:
    """Outside its range for certain: "<5" is low where low is 10, and nothing where it is 3."""
    beyond, figure = limit(value, str(detail.get("comparator", "")))
    read, low, high = (number(text) for text in (figure, detail.get("low"), detail.get("high")))
    if read is None:
        return ""
    over = high is not None and (read > high or (read == high and beyond == ">"))
    under = low is not None and (read < low or (read == low and beyond == "<"))
    if over and not beyond.startswith("<"):
        return "hi"
    return "lo" if under and not beyond.startswith(">") else ""


def sign_in_words(claim: Claim) -> str:
    """ "high", "critically low", "abnormal", "resistant" or "": the word that stands beside the mark."""
    said = str(claim.detail.get("interpretation", ""))
    return _SAID.get(said) or SIGN_WORDS.get(sign(claim), "")


@dataclass(frozen=True, slots=True)
class Part:
    """A component as it is listed: one without a code is an unnamed part, one without a value says why."""

    name: str
    value: str
    unit: str
    sign: str
    word: str
    range: str


def parts(claim: Claim) -> list[Part]:
    """Every component, in its order."""
    return [_part(one) for one in claim.detail.get("components") or []]


def parts_to_list(claim: Claim) -> list[Part]:
    """The components, unless the pair already says all that they say."""
    found = parts(claim)
    said_by_pair = pair(claim.value) and not any(part.word or part.range for part in found)
    return [] if said_by_pair else found


def _part(one: dict[str, Any]) -> Part:
    has = str(one.get("value", ""))
    why = str(one.get("absent", ""))
    value = with_comparator(has, str(one.get("comparator", ""))) or str(one.get("sampled", ""))
    value = f"{value} (and a reason why there is none: {why})" if value and why else value or why or "no value was sent"
    word = _SAID.get(str(one.get("interpretation", ""))) or SIGN_WORDS.get(part_sign(one), "")
    unit = str(one.get("unit", "")) if has else ""
    return Part(str(one.get("display") or "Unnamed part"), value, unit, part_sign(one), word, range_said(one))


def figure_with_sign(claim: Claim) -> str:
    """The value with its "<" or ">", as written."""
    return with_comparator(claim.value, str(claim.detail.get("comparator", "")))


def with_comparator(value: str, comparator: str) -> str:
    return f"{comparator}{value}" if comparator and value and not value.startswith(comparator) else value


def in_words(value: str, comparator: str) -> str:
    """How a chart says a figure: "5", "below 5", "at least 90"."""
    beyond, figure = limit(value, comparator)
    return f"{LIMIT_WORDS[beyond]} {figure}" if beyond in LIMIT_WORDS else figure


def unit_read(unit: str, coded: str) -> str:
    """The unit to compare by: its UCUM code, unless what is written is UCUM and says something else."""
    if not coded or units.read(coded) is None:
        return unit
    return unit if units.read(unit) is not None and units.steps(unit, coded) != 0 else coded


def unit_remark(claim: Claim) -> str:
    """That a source writes one unit and codes another."""
    coded = str(claim.detail.get("ucum", ""))
    odd = coded and units.read(coded) and units.read(claim.unit) and units.steps(claim.unit, coded) != 0
    return f"The unit is written {claim.unit} and coded {coded}" if odd else ""


def range_said(detail: dict[str, Any]) -> str:
    """ "3.5 to 5.3", "up to 42", "from 60", and what the source limits to some people as it says it."""
    low, high, told = (str(detail.get(key, "")) for key in ("low", "high", "range"))
    plain = f"{low} to {high}" if low and high else f"up to {high}" if high else f"from {low}" if low else ""
    return "; ".join(filter(None, (plain, told)))


def future_said(claim: Claim) -> str:
    return "Dated in the future" if claim.date and claim.date > timezone.now() else ""


def absent_said(claim: Claim) -> str:
    """ "Not done: refused": why there is no value, or that a reason stands beside one."""
    why = str(claim.detail.get("absent", ""))
    if not why:
        return ""
    has = claim.value or claim.detail.get("sampled")
    lower = why[:1].lower() + why[1:] if why[1:2].islower() else why
    return f"Odd: a value, and a reason why there is none ({lower})" if has else f"No value: {lower}"
