"""Public examples, taken in as a practice's own: every page of every patient, and no entry dropped on any."""

from collections import Counter, defaultdict
from pathlib import Path

import pytest
from django.db.models import Count
from django.test import Client

from access.models import AuditEvent, Organisation
from conftest import Person
from records.models import Patient, Resource
from records.reach import resources
from records.tests.taking import take
from tests.walk.walking import walk

pytestmark = pytest.mark.django_db
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
#: The short form walks every fourth patient and the fullest records and opens so many item pages of each; the long
#: form walks everybody and opens all of them.
EVERY, FULLEST, ITEMS_EACH = 4, 2, 4


@pytest.mark.skipif(not SHARED.is_dir(), reason="no ../shared/data")
@pytest.mark.parametrize("folder", ["synthea-r4", "ukcore/examples"])
def test_every_page_of_a_patient_shows_all_that_is_stored(folder: str, riverside: Organisation, gp: Person) -> None:
    take(SHARED / folder, riverside, practice=riverside)
    people = _some(list(Patient.objects.annotate(entries=Count("resources")).order_by("-entries", "pk")))
    assert people
    client = gp.client
    opened = sum(_walked(client, gp, patient) for patient in people)
    assert opened > len(people) * 10
    assert AuditEvent.objects.filter(action="opened record").count() == len(people)


@pytest.mark.faults
@pytest.mark.skipif(not SHARED.is_dir(), reason="no ../shared/data")
@pytest.mark.parametrize("folder", ["synthea-r4", "ukcore/examples"])
def test_every_page_of_everybody_and_every_item(folder: str, riverside: Organisation, gp: Person) -> None:
    take(SHARED / folder, riverside, practice=riverside)
    client = gp.client
    for patient in Patient.objects.order_by("pk"):
        _walked(client, gp, patient, items_each=10_000)


def _some(people: list[Patient]) -> list[Patient]:
    """Of people with the fullest record first: those who are walked in the short form."""
    return people[:FULLEST] + people[FULLEST::EVERY]


def _walked(client: Client, gp: Person, patient: Patient, items_each: int = ITEMS_EACH) -> int:
    """Walks one patient's pages and compares what they list with what is stored; gives the number opened."""
    met: dict[str, int] = defaultdict(int)

    def some(address: str) -> bool:
        kind = address.split("/")[3]
        met[kind] += 1
        return met[kind] <= items_each

    walked = walk(client, patient, items=some)
    assert walked.faults == []
    stored = set(resources(gp.actor, patient).values_list("pk", flat=True))
    assert stored
    assert walked.listed == stored
    told = Resource.objects.filter(pk__in=stored).exclude(kind="administrative")
    standing = set(told.exclude(status__in=("entered-in-error", "cancelled")).values_list("pk", flat=True))
    assert Counter(Resource.objects.filter(pk__in=standing - walked.on_timeline).values_list("kind", flat=True)) == {}
    return len(walked.opened)
