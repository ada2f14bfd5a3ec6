"""What is drawn out of an Observation and a DiagnosticReport: figures as written, ranges, signs, parts, members.

Pure, like records.drawing. Nothing is computed or rounded here; what does not fit a column goes into `detail`.
"""

import re
from typing import Any, Final

from exchange.fhir import units
from exchange.fhir.systems import System
from records.details import notes, without_gaps
from records.drawing import (
    Json,
    Naming,
    all_words,
    at,
    code,
    codings,
    every,
    number,
    observed,
    quantity,
    text_at,
    unit,
    words,
)

#: As much text of one result as the column `value` holds; longer ones stand whole in detail["text"] up to the limit.
_COLUMN: Final = 400
_TEXT: Final = 20_000
_NORMAL: Final = frozenset({"normal", "normal range", "reference range"})
#: Codes of v3 ObservationInterpretation and v2-0078 that the screen has a mark or a word for.
_KNOWN: Final = frozenset(
    {"H", "HH", "HU", ">", "L", "LL", "LU", "<", "A", "AA", "N", "POS", "NEG", "DET", "ND", "S", "I", "R", "SDD"}
)
#: GP systems mark in words, as GP Connect exports them: "HI - Above high reference limit".
_MARKED: Final = {"HI": "H", "LO": "L", "PA": "A", "OR": "A", "AB": "A"}


def result(resource: Json, name: Naming) -> Json:
    """`detail` of an Observation: what its figure means, what it is made of, and why there is none."""
    text = text_at(resource, "valueString") or words(resource.get("valueCodeableConcept"))
    return _reading(resource) | {
        "text": text[:_TEXT] if len(text) > _COLUMN else "",
        "members": _references(resource, "hasMember"),
        "components": [_part(one) for one in every(resource.get("component"))],
        "performer": name(at(resource, "performer")),
        "method": words(resource.get("method")),
        "site": words(resource.get("bodySite")),
        "specimen": name(resource.get("specimen")),
        "issued": text_at(resource, "issued"),
        "note": notes(resource),
    }


def report(resource: Json, name: Naming) -> Json:
    """`detail` of a DiagnosticReport: its conclusion, its results in their order, and files that came with it."""
    return {
        "conclusion": text_at(resource, "conclusion")[:_TEXT] or all_words(resource.get("conclusionCode")),
        "results": _references(resource, "result"),
        "files": [
            text_at(one, "title", "contentType") or "File without a title"
            for one in every(resource.get("presentedForm"))
        ],
        "performer": name(at(resource, "performer")),
        "specimen": name(at(resource, "specimen")),
        "issued": text_at(resource, "issued"),
    }


def _references(resource: Json, element: str) -> list[str]:
    found = (text_at(one, "reference") for one in every(resource.get(element)))
    return [reference for reference in found if reference]


def _part(component: Json) -> Json:
    value, measured_in = observed(component)
    return without_gaps(
        {"display": words(component.get("code")), "code": code(component.get("code")), "value": value}
        | {"unit": measured_in}
        | _reading(component)
    )


def _reading(observation: Json) -> Json:
    """What an Observation and one of its components have alike."""
    measured = next(iter(every(observation.get("valueQuantity"))), {})
    said, marked = _interpretation(observation.get("interpretation"))
    return without_gaps(
        {
            **_range(every(observation.get("referenceRange")), measured),
            "interpretation": said,
            "marked": marked,
            "comparator": text_at(measured, "comparator"),
            "ucum": _ucum(measured),
            "absent": words(observation.get("dataAbsentReason")),
            "sampled": _sampled(observation.get("valueSampledData")),
        }
    )


def _ucum(measured: Json) -> str:
    """The UCUM code of a figure where its unit is worded otherwise: "mm[Hg]" of "mmHg"."""
    coded = text_at(measured, "code") if measured.get("system") == System.UCUM else ""
    return coded if coded != unit(measured) else ""


def _sampled(data: Any) -> str:
    """That a curve was recorded: it is kept, and not drawn."""
    if not isinstance(data, dict):
        return ""
    readings = len(text_at(data, "data").split())
    return f"A recording of {readings:,} values is kept, and not drawn"


def _interpretation(concepts: Any) -> tuple[str, str]:
    """(the code the screen knows, the source's words where there is none)."""
    found = [str(c["code"]) for c in codings(*every(concepts)) if c.get("code")]
    known = next((one for one in found if one in _KNOWN), "")
    said = all_words(concepts)
    if known:
        return known, ""
    marked = re.match(r"^([A-Z]{2})\s+-\s", said)
    if marked and marked[1] in _MARKED:
        return _MARKED[marked[1]], said[marked.end() :]
    return (found[0] if found else ""), said


# Reference ranges -----------------------------------------------------------------------------------------------------
def _range(given: list[Json], measured: Json) -> Json:
    """Low and high of the one range that is plainly the normal one, in the figure's unit; all others as text."""
    plain = [one for one in given if _is_plain(one)]
    chosen = plain[0] if len(plain) == 1 else None
    limits = _limits(chosen, measured) if chosen else {}
    told = [range_in_words(one) for one in given if one is not chosen or not limits]
    return limits | {"range": "; ".join(filter(None, told))}


def _is_plain(one: Json) -> bool:
    """Normal for anybody: not for some people or ages only, and not a therapeutic or critical range."""
    kind = one.get("type")
    normal = not kind or code(kind) == "normal" or words(kind).casefold() in _NORMAL
    return normal and not one.get("appliesTo") and not one.get("age")


def _limits(one: Json, measured: Json) -> Json:
    """{"low": "3.5", "high": "5.3"} as the figure is measured; {} where the range is in a unit that is another."""
    found = {}
    for end in ("low", "high"):
        limit = one.get(end)
        if isinstance(limit, dict) and "value" in limit:
            step = _step(limit, measured)
            if step is None:
                return {}
            found[end] = units.convert(number(limit["value"]), step)
    return found


def _step(limit: Json, measured: Json) -> int | None:
    theirs, ours = (text_at(one, "unit", "code") for one in (limit, measured))
    if not theirs or theirs == ours or not measured:
        return 0
    coded = (text_at(one, "code") if one.get("system") == System.UCUM else "" for one in (limit, measured))
    return units.steps(*(code_ or said for code_, said in zip(coded, (theirs, ours), strict=True)))


def range_in_words(one: Json) -> str:
    """A reference range as its source limits it: "Low: 0 to 160 ng/L", "from 60 mL/min (18 and over)"."""
    low, high = quantity(one.get("low")), quantity(one.get("high"))
    lowest, highest = number(at(one, "low.value")), number(at(one, "high.value"))
    if low and high:
        said = f"{lowest} to {high}" if low.removeprefix(lowest) == high.removeprefix(highest) else f"{low} to {high}"
    else:
        said = f"from {low}" if low else f"up to {high}" if high else text_at(one, "text")
    kind = words(one.get("type"))
    kind = "" if kind.casefold() in _NORMAL | {"normal"} else kind
    also = text_at(one, "text") if low or high else ""
    whom = ", ".join(filter(None, (all_words(one.get("appliesTo")), _ages(one.get("age")), also)))
    return (f"{kind}: " if kind and said else kind) + said + (f" ({whom})" if whom else "")


def _ages(age: Any) -> str:
    low, high = at(age, "low"), at(age, "high")
    years = {"a": "", "year": "", "years": "", "yrs": ""}

    def said(limit: Any) -> str:
        kind = unit(limit)
        return " ".join(filter(None, (number(at(limit, "value")), years.get(kind, kind))))

    if low and high:
        return f"aged {said(low)} to {said(high)}"
    return f"aged {said(low)} and over" if low else f"aged up to {said(high)}" if high else ""
