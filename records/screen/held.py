"""What is held of one patient, read once and handed to every panel, so that a screen costs few queries.

Everything starts from records.reach and is already narrowed to the patient by index. No resource's text is loaded.
"""

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final
from uuid import UUID

from django.db.models import Case, Count, F, Max, Q, QuerySet, Value, When, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from access.actor import Actor
from access.permissions import Permission
from records import reach
from records.kinds import RESULTS, TESTS_AND_VITALS
from records.looking import Looked
from records.models import Patient, Resource
from records.pulling.schedule import Asked, asked
from records.screen.claims import SOURCE_COLUMNS, Claim, Source, claims, source
from records.screen.figures import sign

#: What is read whole for the summary: few per person even in a long record, and old ones are needed to see that
#: another source has stopped what one still lists.
SUMMARY: Final = ("problem", "medicine", "allergy", "flag", "careplan", "careteam", "goal", "contact")
#: The main events of the timeline. Single results are none: hundreds would drown the rest.
EVENTS: Final = ("encounter", "letter", "procedure", "immunisation", "report", "careplan")
NOT_SAID: Final = Q(status__in=("entered-in-error", "cancelled"))
TRENDS_SHOWN: Final = 10
POINTS: Final = 8


@dataclass(frozen=True, slots=True)
class Heard:
    """How much a source has told us of this patient and when it last did."""

    source: Source
    count: int
    at: dt.datetime
    failing_since: dt.datetime | None = None
    #: How the newest of it came (records.Received.Via), and the kinds of entry there are.
    via: str = ""
    kinds: frozenset[str] = frozenset()


@dataclass
class Held:
    """The rows behind one patient's pages, for one actor; each part is read when first asked for."""

    actor: Actor
    patient: Patient
    #: Up to when the reader has seen it: what changed later is new to them.
    looked: Looked = field(default_factory=Looked)

    @cached_property
    def said(self) -> QuerySet[Resource]:
        return reach.resources(self.actor, self.patient)

    @cached_property
    def ids(self) -> list[UUID]:
        """The ids under which this person's entries stand: more than one when two were found to be one."""
        return reach.ids(self.actor, self.patient)

    @cached_property
    def summary(self) -> tuple[Claim, ...]:
        return tuple(claims(self.said.filter(kind__in=SUMMARY).order_by(F("date").desc(nulls_last=True), "id")))

    def of(self, kind: str) -> list[Claim]:
        return [claim for claim in self.summary if claim.kind == kind]

    @cached_property
    def _tally(self) -> list[tuple[Source, dt.datetime | None, str, str, int, dt.datetime]]:
        rows = (
            self.said.exclude(kind="administrative")
            .order_by()
            .values_list(*SOURCE_COLUMNS, "source__partner__failing_since", "kind", "received__via")
            .annotate(number=Count("pk"), heard=Max("stored_at"))
        )
        return [(source(*row[:4]), row[4], row[5], row[6] or "", row[7], row[8]) for row in rows]

    @cached_property
    def heard(self) -> list[Heard]:
        """The sources of this record, the practice first."""
        sources: dict[Source, Heard] = {}
        for who, failing_since, kind, via, number, at in self._tally:
            before = sources.get(who, Heard(who, 0, at, failing_since, via))
            newest = (at, via) if at > before.at else (before.at, before.via)
            sources[who] = Heard(who, before.count + number, newest[0], failing_since, newest[1], before.kinds | {kind})
        return sorted(sources.values(), key=lambda h: (h.source.kind != "practice", h.source.name))

    def count(self, *kinds: str) -> int:
        return sum(number for _, _, kind, _, number, _ in self._tally if kind in kinds)

    @cached_property
    def asked(self) -> list[Asked]:
        """The partners that are asked about patients, and what came of asking about this one; for clinicians."""
        return asked(self.patient) if self.actor.may(Permission.READ_RECORD) else []

    def is_new(self, claim: Claim) -> bool:
        return self.looked.is_new(claim.patient_id, claim.changed_at, claim.date)

    @cached_property
    def series(self) -> list[list[Claim]]:
        """The last few results of each kind of test, newest first, in one query; panels that only name others are out.

        So is what was asked in surveys and how somebody lives: it would drown the laboratory's, and `tests` has it.
        The test done last comes first; of one day, what is high or low before what is not.
        """
        only_names_others = Q(value="", detail__has_key="members")
        return _tests(self.said.filter(kind__in=TESTS_AND_VITALS).exclude(NOT_SAID).exclude(only_names_others))

    @cached_property
    def tests(self) -> list[list[Claim]]:
        """The same of everything ever stored: each result is of exactly one test. What was taken back comes last."""
        return _tests(self.said.filter(kind__in=RESULTS))


def _tests(rows: QuerySet[Resource]) -> list[list[Claim]]:
    coded = ~Q(code="") & ~Q(code_system="")
    taken_back = Case(When(NOT_SAID, then=1), default=0)
    newest = [taken_back.asc(), F("date").desc(nulls_last=True), F("id").asc()]
    same: list[F | Case] = [F("code_system"), F("code"), Case(When(coded, then=Value("")), default=F("display"))]
    ranked = rows.annotate(place=Window(RowNumber(), partition_by=same, order_by=newest))
    tests: dict[object, list[Claim]] = {}
    for claim in claims(ranked.filter(place__lte=POINTS).order_by("place")):
        tests.setdefault((claim.concept, "" if claim.coded else claim.display), []).append(claim)
    return sorted(tests.values(), key=lambda test: _newest_day_abnormal_first(test[0]))


def _newest_day_abnormal_first(claim: Claim) -> tuple[int, bool, str]:
    """Sorts the last day before the others, and within a day what is high or low before what is not."""
    day = -timezone.localtime(claim.date).toordinal() if claim.date else 0
    return (day, not sign(claim), claim.display)
