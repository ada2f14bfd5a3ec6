"""Joined, worked on and parted again: everything is as if the two had never been joined, and who looked is known.

Whatever is done meanwhile, it ends as the same acts end on two records that nobody joined.
"""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core import serializers
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from access.models import Organisation
from conftest import Person
from exchange.models import Service
from records.actions import relate
from records.ingest import persons
from records.models import (
    Finding,
    LastLooked,
    Letter,
    LetterRead,
    Merge,
    MergeNotice,
    Patient,
    PatientLink,
    Relationship,
    Resource,
    ToEnter,
    Trace,
)
from records.people import seen
from records.people.actions import merge, undo_merge
from records.tests import saying, taking
from referrals import actions
from referrals.models import Referral, ReferralEvent

pytestmark = pytest.mark.django_db
STORED = (
    *(Patient, PatientLink, Relationship, Resource, Letter, LetterRead, LastLooked),
    *(Finding, Trace, ToEnter, Referral, ReferralEvent),
)
#: What nothing is compared by: when a row was last touched, by which file, that they were once parted, and a number
#: from a sequence.
TOUCHED = {"updated_at", "parted_at", "received", "clock"}
#: What the database's own clock writes: compared is whether it moved.
CLOCKED = {"stored_at", "changed_at"}
#: What is random or counted in a new row.
NUMBERED = {"document", "resource", "referral", "outbox_id", "about_id", "since", "source_key", "body", *CLOCKED}
Act = tuple[str, str, int]


@dataclass
class World:
    """Two people, who works there, and what can be done."""

    people: dict[str, Patient]
    sources: dict[str, Organisation]
    staff: dict[str, Person]
    clinic: Service
    folder: Path
    numbers: Any = field(default_factory=itertools.count)


@pytest.fixture
def world(
    tmp_path: Path, riverside: Organisation, infirmary: Organisation, cityview: Organisation, hillside: Organisation,
    clinic: Service, gp: Person, nurse: Person, receptionist: Person,
) -> World:  # fmt: skip
    """Jane at the practice, Jane at the hospital, and a third record that is read as the hospital's already."""
    home: dict[str, Any] = {"telecom": [{"system": "phone", "value": "01632 960148"}]}
    told = {
        "kept": (riverside, {"number": "", **home}),
        "other": (infirmary, home),
        "third": (cityview, {"number": ""}),
    }
    for key, (source, said) in told.items():
        entries = (taking.patient(key, **said), taking.condition(f"c-{key}", f"Patient/{key}"))
        practice = riverside if key == "kept" else None
        taking.take(taking.write(tmp_path / f"{key}.ndjson", *entries), source, practice)
    people = {key: Patient.objects.get(links__source_key=key) for key in told}
    saying.relate(people["other"], cityview, Relationship.Kind.CASELOAD)
    saying.file_letter(infirmary, people["other"], "<p>x</p>")
    merge(kept=people["other"], other=people["third"], reason="One person", by=gp.actor)
    sources = {"riverside": riverside, "infirmary": infirmary, "cityview": cityview, "hillside": hillside}
    staff = {"gp": gp, "nurse": nurse, "receptionist": receptionist}
    return World(people, sources, staff, clinic, tmp_path)


# What may be done -----------------------------------------------------------------------------------------------------
def letter(world: World, whose: Patient, number: int) -> None:
    saying.file_letter(world.sources["infirmary"], whose, "<p>Seen</p>", title=f"Letter {number}")


def entry(world: World, whose: Patient, number: int) -> None:
    link = whose.links.select_related("source").order_by("pk").first()
    assert link is not None
    told = taking.condition(f"new-{number}", f"Patient/{link.source_key}")
    taking.take(taking.write(world.folder / f"{next(world.numbers)}.ndjson", told), link.source)


def speaks_again(world: World, whose: Patient, number: int) -> None:
    """A source tells of its patient anew: another telephone, which the columns may show."""
    link = whose.links.select_related("source").order_by("pk").first()
    assert link is not None
    phone = [{"system": "phone", "value": f"01632 96{number:04}"}]
    said = taking.patient(link.source_key, number=whose.nhs_number if link.source_key == "other" else "", telecom=phone)
    practice = link.source if link.source_key == "kept" else None
    taking.take(taking.write(world.folder / f"{next(world.numbers)}.ndjson", said), link.source, practice)


def registers(world: World, whose: Patient, number: int) -> None:
    """Another practice says that the person is registered there too."""
    persons.register([whose.pk], world.sources["hillside"])


def reach(world: World, whose: Patient, number: int) -> None:
    kind = (Relationship.Kind.CASELOAD, Relationship.Kind.REFERRED)[number % 2]
    source = world.sources["cityview" if number % 2 == 0 else "infirmary"]
    relate(patient=whose, organisation=source, kind=kind, why="a package of care", by=world.staff["gp"].actor)


def referral(world: World, whose: Patient, number: int) -> None:
    written = actions.draft(
        patient=whose, service=world.clinic, priority="routine", reason=f"Reason {number}", clinical_summary="",
        by=world.staff["gp"].actor,
    )  # fmt: skip
    if number % 2:
        actions.send(referral=written, version=written.version, by=world.staff["gp"].actor)


ACTS: dict[str, Callable[[World, Patient, int], None]] = {
    "letter": letter,
    "entry": entry,
    "speaks again": speaks_again,
    "registers": registers,
    "reach": reach,
    "referral": referral,
}
PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
acts = st.lists(
    st.tuples(st.sampled_from([*ACTS, "read", "open letter"]), st.sampled_from(["kept", "other"]), st.integers(0, 3)),
    max_size=7,
)


def looks(world: World, act: Act) -> str:
    """Somebody opens a page of a record, under either address; gives whom, "" if they were shown nothing."""
    what, whose, number = act
    who = ("nurse", "receptionist")[number % 2 if what == "read" else 0]
    address = f"/patients/{world.people[whose].pk}/"
    if what == "open letter":
        address += f"letters/{Letter.objects.order_by('filed_at').values_list('pk', flat=True)[0]}/"
    answer = world.staff[who].client.get(address, follow=True)
    return world.staff[who].user.name if answer.status_code == 200 else ""


# What is compared -----------------------------------------------------------------------------------------------------
def rows(model: Any) -> dict[str, dict[str, Any]]:
    told = json.loads(serializers.serialize("json", model.objects.order_by("pk")))
    return {str(one["pk"]): {k: v for k, v in one["fields"].items() if k not in TOUCHED} for one in told}


def before(world: World) -> dict[str, dict[str, dict[str, Any]]]:
    return {model.__name__: rows(model) for model in STORED}


def after(old: dict[str, dict[str, dict[str, Any]]]) -> dict[str, tuple[dict[str, Any], list[str]]]:
    """Of each table the rows there were, whole, and the new ones without what is random in them.

    Looking at pages adds rows of its own, which are not compared.
    """
    compared = {}
    for model in STORED:
        name, found = model.__name__, rows(model)
        added = [fields for pk, fields in found.items() if pk not in old[name]]
        new = [json.dumps({k: v for k, v in one.items() if k not in NUMBERED}, sort_keys=True) for one in added]
        kept = {
            pk: {k: "moved" if k in CLOCKED and v != was.get(k) else v for k, v in found.get(pk, {}).items()}
            for pk, was in old[name].items()
        }
        compared[name] = (kept, [] if model in (LetterRead, LastLooked) else sorted(new))
    return compared


def differing(one: dict[str, Any], other: dict[str, Any]) -> list[tuple[str, object, object]]:
    """(column, here, there) of whatever is not the same in rows that both hold."""
    pairs = [(one[pk], other[pk]) for pk in one]
    return [(k, a.get(k), b.get(k)) for a, b in pairs for k in {**a, **b} if a.get(k) != b.get(k)]


def played(world: World, done: list[Act], at: datetime, *, joined: bool) -> tuple[dict[str, Any], set[str], set[str]]:
    """What is stored after these acts, who was shown a page, and who will be told; all of it then undone."""
    with transaction.atomic(), time_machine.travel(at, tick=False):
        by = world.staff["gp"].actor
        old = before(world)
        shown = set()
        made = merge(kept=world.people["kept"], other=world.people["other"], reason="x", by=by) if joined else None
        for act in done:
            if act[0] in ACTS:
                ACTS[act[0]](world, Patient.objects.get(pk=world.people[act[1]].pk), act[2])
            elif joined:
                shown.add(looks(world, act))
        told: set[str] = set()
        if made:
            listed = {one.name for one in seen.readers(made)}
            undo_merge(merge=Merge.objects.get(pk=made.pk), reason="y", by=by)
            told = set(MergeNotice.objects.values_list("user__name", flat=True))
            assert told == listed
        found = after(old)
        transaction.set_rollback(True)
    return found, shown - {""}, told


@settings(max_examples=20, deadline=None, phases=PHASES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(done=acts)
@example(done=[("reach", "kept", 0)])  # what is given to one while the other has it already stays theirs
@example(done=[("registers", "other", 0), ("registers", "kept", 0)])
@example(done=[("read", "other", 0), ("letter", "other", 1), ("open letter", "kept", 0), ("referral", "kept", 1)])
def test_parted_as_if_they_had_never_been_joined(done: list[Act], world: World) -> None:
    at = timezone.now() + timedelta(hours=1)
    apart, _, _ = played(world, done, at, joined=False)
    parted, shown, told = played(world, done, at, joined=True)
    for model, (old, new) in parted.items():
        assert differing(old, apart[model][0]) == [], model
        assert new == apart[model][1], model
    assert told - {"Dr A Khan"} == shown
    assert ("Dr A Khan" in told) >= any(act[0] == "referral" for act in done)  # who acts on it has seen it
