"""Results of tests beyond the few on the one screen: every test, one test over time, and its reports."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import F, Q, QuerySet
from django.db.models.fields.json import KT

from records.kinds import RESULTS
from records.models import Resource
from records.screen import figures, readings
from records.screen.claims import Claim, Source, claims
from records.screen.grouping import in_order
from records.screen.held import Held
from records.screen.readings import Reading, Series
from records.screen.trends import UNNAMED, trend, value_said
from ui.charts import SHAPES, Chart, Line, chart
from ui.units import printed

PAGE: Final = 50
_CHARTS: Final = 4


# Every test -----------------------------------------------------------------------------------------------------------
def tests(held: Held, page: int, size: int, words: str) -> dict[str, Any]:
    """One page of the tests this person ever had, the one done last first; `words` must all stand in the name."""
    asked = words.casefold().split()
    series = [one for one in held.tests if all(word in one[0].display.casefold() for word in asked)]
    first = (page - 1) * size
    return {
        "patient": held.patient,
        "trends": [trend(held, test) for test in series[first : first + size]],
        "tests": len(series),
        "of": len(held.tests),
        "all": held.count(*RESULTS),
        "reports": held.count("report"),
        "number": page,
        "more": len(series) > first + size,
        "words": words,
    }


# One test -------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Listed:
    """A line of the table: one result, or what several sources say alike; every claim of it, and what is said of it."""

    claims: tuple[Claim, ...]
    converted: str = ""
    remarks: tuple[str, ...] = ()
    wanted: bool = False

    @property
    def lead(self) -> Claim:
        return self.claims[0]

    @property
    def sources(self) -> tuple[Source, ...]:
        return tuple(sorted({claim.source for claim in self.claims}, key=in_order))

    @property
    def back(self) -> bool:
        """Entered in error or cancelled: struck through, without a sign, and never drawn."""
        return self.lead.status in figures.TAKEN_BACK

    @property
    def value(self) -> str:
        if self.back:
            return figures.figure_with_sign(self.lead)
        return str(self.lead.detail.get("text") or "") or value_said(self.lead)

    @property
    def sign(self) -> str:
        return "" if self.back else figures.sign(self.lead)

    @property
    def word(self) -> str:
        return "" if self.back else figures.sign_in_words(self.lead)

    @property
    def range(self) -> str:
        return figures.range_said(self.lead.detail)

    @property
    def parts(self) -> list[figures.Part]:
        return figures.parts_to_list(self.lead)


def same_test(held: Held, one: Claim) -> QuerySet[Resource]:
    """Every result of the test that `one` belongs to, newest first; also what was taken back."""
    rows = held.said.filter(kind__in=RESULTS, code=one.code, code_system=one.code_system)
    if not one.coded:
        rows = rows.filter(display=one.display)
    return rows.order_by(F("date").desc(nulls_last=True), "id")


def over_time(held: Held, result_id: UUID, page: int | None = None) -> dict[str, Any] | None:
    """The test that a result belongs to: charts, and a page of its table; None if the result is not within reach.

    Without a page, the one on which the result stands.
    """
    one = next(claims(held.said.filter(pk=result_id, kind__in=RESULTS)), None)
    if one is None:
        return None
    same = same_test(held, one)
    read = list(_readings(same))
    found = readings.by_unit(read)
    lines = readings.lines(read)
    shown = Paginator(lines, PAGE).get_page(page or _page_of(lines, result_id))
    listed = _listed(held, shown.object_list, read, found, result_id)
    latest = next((row.lead for row in listed if row.lead.status not in figures.TAKEN_BACK), one)
    return {
        "patient": held.patient,
        "name": latest.display or UNNAMED,
        "charts": list(_charts(latest, found, read)),
        "legend": _legend(_sources(held, read)),
        "units": readings.units_said(found),
        "listed": listed,
        "shown": shown,
        "all": len(read),
    }


def _readings(rows: QuerySet[Resource]) -> Iterable[Reading]:
    """Only what a chart needs, in one query: ten thousand results are read without their texts."""
    names = ("id", "source_id", "date", "date_written", "value", "unit", "status")
    for row in rows.values_list(*names, *(KT(f"detail__{key}") for key in readings.KEYS)):
        yield Reading(*row[:7], *(text or "" for text in row[7:]))


def _page_of(lines: Sequence[tuple[Reading, ...]], wanted: UUID) -> int:
    place = next((n for n, line in enumerate(lines) if any(one.id == wanted for one in line)), 0)
    return place // PAGE + 1


def _sources(held: Held, read: Sequence[Reading]) -> list[Source]:
    """Who measured, in the order of their marks."""
    known = {heard.source.id: heard.source for heard in held.heard}
    return [known[pk] for pk in readings.shapes_of(read) if pk in known]


def _legend(sources: Sequence[Source]) -> list[tuple[int, str, str]]:
    """(number of the mark, its word, whose it is) where there are several sources."""
    marks = [min(number, len(SHAPES) - 1) for number in range(len(sources))]
    return [(n, SHAPES[n], who.name) for n, who in zip(marks, sources, strict=True)] if len(sources) > 1 else []


def _charts(latest: Claim, found: Sequence[Series], read: Sequence[Reading]) -> Iterable[tuple[str, Chart]]:
    """A chart per unit, the one in use first, each with its title."""
    shapes = readings.shapes_of(read)
    drawn = {one.id for series in found for one, _ in series.members}
    gaps = [one for one in read if one.id not in drawn and one.stands and one.date]
    for series in found[:_CHARTS]:
        first, second = readings.points(series, shapes, gaps if len(found) == 1 else ())
        title = f"{latest.display or UNNAMED}{', ' + unit if (unit := printed(series.unit)) else ''}"
        names = [part.name for part in figures.parts(latest)][:2] if second else []
        both = [Line(first, *names[:1]), Line(second, *names[1:])] if second else [Line(first)]
        made = chart(title, both)
        if made is not None:
            yield title, made


def _listed(
    held: Held, page: Iterable[tuple[Reading, ...]], read: Sequence[Reading], found: Sequence[Series], wanted: UUID
) -> list[Listed]:
    """The lines of a page with everything that is said of them, in one query."""
    page = list(page)
    whole = {c.id: c for c in claims(held.said.filter(pk__in=[one.id for line in page for one in line]))}
    against = readings.conflicts(read)
    drawn_as = {one.id: (series.unit, step) for series in found for one, step in series.members}
    names = {heard.source.id: heard.source.letters for heard in held.heard}
    return [
        Listed(
            tuple(whole[one.id] for one in line),
            _converted(line[0], drawn_as.get(line[0].id)),
            tuple(_remarks([whole[one.id] for one in line], against.get(line[0].id, []), names)),
            any(one.id == wanted and one is not read[0] for one in line),
        )
        for line in page
    ]


def _converted(one: Reading, drawn: tuple[str, int] | None) -> str:
    """ "132.0 g/L" beside 13.20 g/dL: how it is drawn with the others."""
    unit, step = drawn or ("", 0)
    if not step:
        return ""
    return f"{figures.with_comparator(readings.shifted(one.value, step), one.comparator)} {printed(unit)}"


def _remarks(same: Sequence[Claim], against: Sequence[Reading], names: dict[int, str]) -> Iterable[str]:
    """What has to be said of a line, in sentences: its status, why no value, who says otherwise, notes."""
    lead = same[0]
    yield figures.STATUSES.get(lead.status, "")
    yield figures.absent_said(lead) if lead.value or lead.detail.get("components") or lead.detail.get("sampled") else ""
    yield str(lead.detail.get("marked", ""))
    for other in against:
        said = f"{figures.with_comparator(other.value, other.comparator)} {printed(other.unit)}".strip()
        yield f"Sources disagree: {names.get(other.source, 'another source')} says {said} at the same time"
    yield figures.unit_remark(lead)
    yield figures.future_said(lead)
    yield "" if lead.dated else "No date was sent"
    yield ", ".join(filter(None, (str(lead.detail.get(key, "")) for key in ("site", "method", "specimen"))))
    yield from dict.fromkeys(str(claim.detail.get("note", "")) for claim in same)


# Reports --------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Member:
    """A result within a report, or that it is named and not here; `depth` is how far a panel within it is set in."""

    row: Listed | None
    depth: int = 0


REPORT: Final = Q(kind="report") | Q(kind__in=RESULTS)
_DEEPEST: Final = 4


def report(held: Held, report_id: UUID) -> dict[str, Any] | None:
    """A report or panel with its results in its own order, panels within it set in; None if not within reach."""
    one = next(claims(held.said.filter(REPORT, pk=report_id)), None)
    if one is None:
        return None
    return {
        "patient": held.patient,
        "name": one.display or "Report without a name",
        "report": one,
        "status": figures.STATUSES.get(one.status, ""),
        "absent": figures.absent_said(one),
        "parts": figures.parts(one),
        "rows": list(members(held, one)),
    }


def members(held: Held, one: Claim) -> Iterable[Member]:
    """The results a report names, in its order, with what its panels name; one query per depth, loops cut."""
    known: dict[UUID, Claim] = {one.id: one}
    level = [one]
    for _ in range(_DEEPEST):
        wanted = {pk for claim in level for pk in named(claim)} - known.keys()
        level = list(claims(held.said.filter(REPORT, pk__in=wanted))) if wanted else []
        known |= {claim.id: claim for claim in level}
    yield from _below(one, known, frozenset({one.id}), 0)


def _below(one: Claim, known: dict[UUID, Claim], above: frozenset[UUID], depth: int) -> Iterable[Member]:
    for pk in named(one):
        claim = known.get(pk)
        if claim is None:
            yield Member(None, depth)
        elif claim.id not in above:
            yield Member(Listed((claim,), remarks=tuple(_remarks([claim], [], {}))), depth)
            yield from _below(claim, known, above | {claim.id}, depth + 1)
    for _ in range(len(_references(one)) - len(named(one))):
        yield Member(None, depth)


def _references(one: Claim) -> list[str]:
    return [str(found) for key in ("results", "members") for found in one.detail.get(key) or []]


def named(one: Claim) -> list[UUID]:
    """The rows a report or panel points to, in its order; what does not name a row of ours is left out."""
    found = []
    for reference in _references(one):
        try:
            found.append(UUID(reference.rpartition("/")[2]))
        except ValueError:
            continue
    return list(dict.fromkeys(found))


def reports(held: Held, page: int, size: int) -> dict[str, Any]:
    """A page of the reports, newest first."""
    rows = held.said.filter(kind="report").order_by(F("date").desc(nulls_last=True), "id")
    first = (page - 1) * size
    found = list(claims(rows[first : first + size + 1]))
    return {
        "patient": held.patient,
        "reports": [(one, figures.STATUSES.get(one.status, ""), len(_references(one))) for one in found[:size]],
        "all": held.count("report"),
        "tests": len(held.tests),
        "number": page,
        "more": len(found) > size,
    }
