"""`manage.py find_duplicates`: everybody is compared again after a change of the rules; nobody is joined by it."""

from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import call_command

from access.models import AuditEvent, Organisation
from conftest import Person
from records import reach
from records.management.commands import find_duplicates
from records.models import DuplicateSuggestion, Merge, Patient
from records.people.actions import not_the_same

pytestmark = pytest.mark.django_db
MakePatient = Callable[..., Patient]
State = DuplicateSuggestion.State
HOME = {"address": "1 Mill Lane, Northtown", "postcode": "NT1 2AB"}


def run() -> str:
    out = StringIO()
    call_command("find_duplicates", stdout=out)
    return out.getvalue().strip()


@pytest.fixture
def pair(make_patient: MakePatient) -> tuple[Patient, Patient]:
    """Two who are stored as they came in before anybody looked for pairs, and somebody like neither."""
    make_patient(given="Ann", family="Brown", nhs_number="9991234528", birth_date_written="", birth_date=None)
    return make_patient(**HOME), make_patient(nhs_number="", nhs_number_status="absent", **HOME)


@pytest.mark.parametrize("at_once", [1, 500])
def test_pairs_are_listed_and_nobody_is_joined(
    at_once: int, pair: tuple[Patient, Patient], gp: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find_duplicates, "_AT_ONCE", at_once)
    before = list(Patient.objects.order_by("pk").values())
    assert run() == "3 patients compared, 1 pair to be decided"
    found = DuplicateSuggestion.objects.get()
    assert {found.first, found.second} == set(pair)
    assert (found.grade, found.state) == (DuplicateSuggestion.Grade.CERTAIN, State.OPEN)
    assert list(reach.suggestions(gp.actor)) == [found]
    assert list(Patient.objects.order_by("pk").values()) == before
    assert not Merge.objects.exists()
    assert not AuditEvent.objects.exists()


def test_again_it_changes_nothing_and_what_was_decided_stays(pair: tuple[Patient, Patient], gp: Person) -> None:
    run()
    first = DuplicateSuggestion.objects.values().get()
    run()
    assert DuplicateSuggestion.objects.values().get() == first
    not_the_same(one=pair[0], other=pair[1], reason="Mother and daughter", by=gp.actor)
    assert run().endswith("0 pairs to be decided")
    assert DuplicateSuggestion.objects.get().state == State.NOT_SAME


def test_what_no_longer_holds_goes(pair: tuple[Patient, Patient]) -> None:
    run()
    Patient.objects.filter(pk=pair[1].pk).update(family="Brown", given="Zoe", birth_date="1980-01-01", address="")
    assert run().endswith("0 pairs to be decided")
    assert not DuplicateSuggestion.objects.exists()


def test_who_is_joined_already_is_not_compared(pair: tuple[Patient, Patient]) -> None:
    Patient.objects.filter(pk=pair[1].pk).update(merged_into=pair[0])
    assert run() == "2 patients compared, 0 pairs to be decided"


def test_twins_are_listed_as_possible_only(make_patient: MakePatient, riverside: Organisation) -> None:
    make_patient(**HOME)
    make_patient(given="Joan", nhs_number="9991234528", **HOME)
    run()
    found = DuplicateSuggestion.objects.get()
    assert found.grade == DuplicateSuggestion.Grade.POSSIBLE
    assert any("twins" in reason for reason in found.reasons)
