"""What stands on a printed summary, at most two A4 pages: every line with its source and date, nothing left out unsaid.

Headings are those of the PRSB Core Information Standard v2 of which something is held; the three that a reader must
never take for forgotten (allergies, problems, medicines) are always there. Lines come from the same panels and groups
as the screen. What did not fit is counted under its heading and at the end.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from django.conf import settings
from django.db.models import F
from django.utils import timezone
from django.utils.module_loading import import_string

from access.actor import Actor
from records import panels
from records.kinds import TESTS_AND_VITALS
from records.letters.correspondence import letters_held
from records.models import Patient
from records.people.contacts import surgery_of
from records.printing.fitting import fit
from records.printing.heads import Heading, Line, alike, claim_line, group_lines, row_line
from records.screen import alerts, grouping
from records.screen import lines as said
from records.screen.alerts import category
from records.screen.claims import Claim, claims
from records.screen.held import NOT_SAID, Held
from records.screen.trends import Trend, trend
from ui.numbers import count
from ui.units import printed

#: Most lines under a heading.
PROBLEMS, MEDICINES, ALLERGIES, TESTS, MEASURED, FEW = 20, 25, 12, 14, 6, 6
_SOME_KINDS: Final = {"procedure": "procedure", "immunisation": "vaccination", "family-history": "family condition"}
_MOST_ROWS: Final = 2000
_ADJUSTMENT, _LEGAL, _HOME = "adjust", "respect", "additional patient information"


def summary(actor: Actor, patient: Patient) -> dict[str, Any]:
    """Everything the sheet says. Of a restricted person no address, telephone or GP, and nobody who looks after them
    in a place."""
    held = Held(actor, patient)
    found = [head for part in (_RECORD, *_also()) for head in part(actor, patient, held)]
    fit(found)
    heads = [head for head in found if head.lines or head.empty]
    return {
        "patient": patient,
        "age": panels.banner(actor, patient, held)["age"],
        "surgery": None if patient.restricted else surgery_of(patient),
        "heads": heads,
        "left_out": [head.left_out for head in found if head.left_out],
        "sources": sorted({s for head in heads for line in head.lines for s in line.sources}, key=grouping.in_order),
        "heard": [heard for heard in held.heard if heard.source.id != actor.organisation_id],
        "at": timezone.localtime(),
        "by": actor.name if patient.restricted else f"{actor.name}, {actor.organisation_name}",
    }


Part = Callable[[Actor, Patient, Held], Iterable[Heading]]


def _also() -> list[Part]:
    """Headings of the apps above: they are named in settings, since nothing here knows them."""
    return [import_string(path) for path in settings.SUMMARY_ALSO]


def _record(actor: Actor, patient: Patient, held: Held) -> Iterable[Heading]:
    flags = alerts.flags(held)
    known = {name: [c for c in flags if name in category(c)] for name in (_ADJUSTMENT, _LEGAL, _HOME)}
    others = [c for c in flags if not any(c in several for several in known.values())]
    yield Heading("Risks", [claim_line(c) for c in others], one="alert")
    yield Heading("Individual requirements", [claim_line(c) for c in known[_ADJUSTMENT]])
    yield Heading("Legal information", [claim_line(c) for c in known[_LEGAL]])
    yield _allergies(actor, patient, held)
    yield _problems(actor, patient, held)
    yield _medicines(actor, patient, held)
    yield from _results(held)
    yield from _events(held)
    yield Heading("Social context", [*(claim_line(c) for c in known[_HOME]), *_social_history(held)], most=FEW)
    yield _care(held)
    yield from _people(patient, held)
    yield _documents(held)


_RECORD: Final[Part] = _record


def _allergies(actor: Actor, patient: Patient, held: Held) -> Heading:
    panel = panels.allergies(actor, patient, held)
    lines = [row_line(row) for row in panel["rows"]]
    lines += [claim_line(c, what=alerts.none_known(c)) for c in panel["none_known"]]
    empty = "No allergies recorded: no source says that there are any, and none says that it asked."
    return Heading("Allergies and adverse reactions", lines, empty, "allergy", "allergies", most=ALLERGIES)


def _problems(actor: Actor, patient: Patient, held: Held) -> Heading:
    panel = panels.problems(actor, patient, held)
    past = count(panel["past"], "past problem") if panel["past"] else ""
    empty = "No active problem is recorded by any source."
    return Heading("Problem list", [row_line(r) for r in panel["rows"]], empty, "problem", also=past, most=PROBLEMS)


def _medicines(actor: Actor, patient: Patient, held: Held) -> Heading:
    panel = panels.medicines(actor, patient, held)
    past = count(panel["past"], "past medicine") if panel["past"] else ""
    empty = "No current medicine is recorded by any source."
    name = "Medications and medical devices"
    return Heading(name, [row_line(r) for r in panel["rows"]], empty, "medicine", also=past, most=MEDICINES)


def _results(held: Held) -> Iterable[Heading]:
    """The latest of each test done last, signs in words; measurements apart."""
    trends = [trend(held, series) for series in held.series[: 4 * TESTS]]
    vital = [t for t in trends if t.latest.kind == "vital"][:MEASURED]
    tests = [t for t in trends if t.latest.kind != "vital"][:TESTS]
    rest = held.count(*TESTS_AND_VITALS) - len(vital) - len(tests)
    more = count(rest, "other or earlier result") if rest > 0 else ""
    yield Heading("Investigation results", [_result(t) for t in tests], also=more, most=TESTS)
    yield Heading("Examination findings", [_result(t) for t in vital])


def _social_history(held: Held) -> Iterable[Line]:
    """The newest word on each thing: smoking, alcohol, work."""
    rows = held.said.filter(kind="social-history").exclude(NOT_SAID).order_by(F("date").desc(nulls_last=True), "id")
    newest: dict[object, Claim] = {}
    for one in claims(rows[:_MOST_ROWS]):
        newest.setdefault((one.concept, "" if one.coded else one.display), one)
    return [claim_line(one, how=said.line(one)[1].strip()) for one in newest.values()]


def _result(t: Trend) -> Line:
    unit = f" {printed(t.latest.unit)}".rstrip() if t.latest.value else ""
    return Line(
        what=t.name,
        how=f"{t.value}{unit}" + (f", {t.word}" if t.word else ""),
        note=". ".join(filter(None, (t.differs, t.status))),
        differs=bool(t.differs),
        when=t.latest.dated,
        sources=t.sources,
    )


def _events(held: Held) -> Iterable[Heading]:
    """Procedures, vaccinations and the family, each thing once with how often and since when."""
    rows = held.said.filter(kind__in=_SOME_KINDS).exclude(NOT_SAID).order_by("-date", "id")
    found = list(claims(rows[:_MOST_ROWS]))
    names = {"procedure": "Procedures", "immunisation": "Vaccinations", "family-history": "Family history"}
    for kind, name in names.items():
        groups = grouping.groups(claim for claim in found if claim.kind == kind)
        yield Heading(name, group_lines(groups), one=_SOME_KINDS[kind], most=FEW)


def _care(held: Held) -> Heading:
    plans = [c for c in held.of("careplan") if c.status in ("active", "on-hold")]
    goals = [c for c in held.of("goal") if c.status in ("active", "accepted")]
    lines = [claim_line(c, what=c.display or str(c.detail.get("title", "")), how=_activities(c)) for c in plans]
    lines += [claim_line(c, what=f"Goal: {c.display}") for c in goals]
    return Heading("Care and support plan", lines, one="plan or goal", many="plans and goals", most=FEW)


def _activities(claim: Claim) -> str:
    said = [str(one["text"]).rstrip(".;") for one in claim.detail.get("activities") or [] if one.get("text")]
    paused = "; on hold" if claim.status == "on-hold" else ""
    return "; ".join(said[:4]) + (f"; and {len(said) - 4} more" if len(said) > 4 else "") + paused


def _people(patient: Patient, held: Held) -> Iterable[Heading]:
    """Whom to ring. Of a restricted person only who is close to them, without a number."""
    near = [c for c in held.of("contact") if not grouping.withdrawn(c) and not c.detail.get("end")]
    yield Heading("Personal contacts", alike(_contact(c, patient) for c in near), one="personal contact", most=FEW)
    if patient.restricted:
        return
    members = [
        (c, one) for c in held.of("careteam") if grouping.current(c) for one in c.detail.get("participants") or []
    ]
    lines = [claim_line(c, what=str(one.get("name", "")), how=_role(one, c)) for c, one in members if one.get("name")]
    yield Heading("Professional contacts", alike(lines), one="professional contact", most=FEW)


def _contact(claim: Claim, patient: Patient) -> Line:
    phone = "" if patient.restricted else str(claim.detail.get("phone", ""))
    how = ", ".join(filter(None, (str(claim.detail.get("relationship", "")), phone)))
    return claim_line(claim, what=str(claim.detail.get("name") or claim.display), how=how)


def _role(one: dict[str, Any], claim: Claim) -> str:
    return ", ".join(filter(None, (str(one.get("role", "")), str(claim.detail.get("phone", "")))))


def _documents(held: Held) -> Heading:
    letters = letters_held(held, FEW)
    lines: Sequence[Line] = [
        Line(letter.title, f"GP to do: {letter.gp_actions}" if letter.gp_actions else "", when=letter.when,
             sources=(letter.sender,))
        for letter in letters.letters
    ]  # fmt: skip
    rest = letters.count - len(lines)
    return Heading("Documents", lines, also=count(rest, "earlier letter") if rest else "")
