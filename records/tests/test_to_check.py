"""The worklist of what imports found: seen by the patient's practice and by nobody else."""

import re
from collections.abc import Callable

import pytest

from access.actor import partner
from access.models import Organisation
from conftest import Person
from records.ingest.reading import Entry
from records.ingest.storing import Intake, store_within
from records.models import Finding
from records.people import findings
from records.tests import letters

pytestmark = pytest.mark.django_db


@pytest.fixture
def say(riverside: Organisation) -> Callable[..., None]:
    def said(**fields: object) -> None:
        intake = Intake(riverside, partner(riverside), practice=riverside)
        store_within(intake, [Entry(1, letters.patient(**fields))])
        intake.pending.close()

    return said


def test_two_patients_with_one_number_are_both_kept_and_listed(
    say: Callable[..., None], gp: Person, receptionist: Person, stranger: Person, social_worker: Person
) -> None:
    say(id="a")
    say(id="b", name=[{"family": "Jones", "given": ["Ann"]}])
    assert Finding.objects.filter(kind=Finding.Kind.SAME_NUMBER).exists()
    for person in (gp, receptionist):
        page = person.client.get("/patients/to-check/").content.decode()
        assert "May be one person" in page
        assert "Same NHS number" in page
        assert "JONES, Ann" in page
    assert "JONES" not in stranger.client.get("/patients/to-check/").content.decode()
    assert social_worker.client.get("/patients/to-check/").status_code == 403


@pytest.mark.requirement("BARS-TRAP-4")
def test_a_failing_number_is_listed(say: Callable[..., None], gp: Person) -> None:
    say(id="c", identifier=[{"system": letters.SYSTEM, "value": letters.FAILING}])
    page = gp.client.get("/patients/to-check/").content.decode()
    assert "The NHS number fails its check digit" in page
    assert "for the right number and correct it where it was typed" in page


def test_each_kind_of_finding_says_what_it_is_and_what_to_do() -> None:
    assert findings.TOLD.keys() == set(Finding.Kind.values)
    for told in findings.TOLD.values():
        assert ";" not in told.what + told.to_do
        assert told.to_do.endswith(".")


def test_why_two_may_be_one_is_said_in_sentences_and_no_number_is_broken(say: Callable[..., None], gp: Person) -> None:
    say(id="a")
    say(id="b")
    page = gp.client.get("/patients/to-check/").content.decode()
    assert "Same NHS number. " in page
    assert not re.search(r"; [A-Z]", page.split("<main")[1].split("</main")[0])
    number = letters.NHS_NUMBER
    assert f'<span class="whole">{number[:3]} {number[3:6]} {number[6:]}</span>' in page


def test_with_nothing_to_check_it_says_what_would_be_here(gp: Person) -> None:
    page = gp.client.get("/patients/to-check/")
    assert page.status_code == 200
    assert "Nothing to check" in page.content.decode()


def test_the_managers_day_begins_with_what_imports_found(
    say: Callable[..., None], practice_manager: Person, receptionist: Person
) -> None:
    assert "to check</a>" not in practice_manager.client.get("/").content.decode()
    say(id="a")
    say(id="b", name=[{"family": "Jones", "given": ["Ann"]}])
    say(id="c", identifier=[{"system": letters.SYSTEM, "value": letters.FAILING}])
    listed = practice_manager.client.get("/patients/to-check/").content.decode()
    (number,) = re.findall(r'<h1>Records to check <span class="n">(\d+)</span></h1>', listed)
    assert int(number) == listed.count("<tr>") - listed.count("<thead>") > 1
    assert f"{number} records to check</a>" in practice_manager.client.get("/").content.decode()
    assert "to check</a>" not in receptionist.client.get("/").content.decode()
