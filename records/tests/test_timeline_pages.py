"""The timeline by date and page, and nobody else's."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from access.models import AuditEvent, Organisation
from conftest import Person
from records.models import Resource
from records.screen import timeline
from records.screen.held import Held
from records.screen.narrowing import Narrowed
from records.search import keeping
from records.tests.saying import say
from records.tests.timelines import NOBODY, MakePatient, days_ago, many, shown, walked

pytestmark = pytest.mark.django_db


def test_every_entry_stands_on_exactly_one_page_and_the_way_back_is_the_same(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    made = {one.pk for one in many(riverside, patient, 130)}
    made.add(say(riverside, patient, "problem", "Asthma", date=None).pk)
    made.add(say(riverside, patient, "encounter", "Long ago", date=days_ago(9000), date_written="2002").pk)
    pages = walked(gp, f"/patients/{patient.pk}/timeline/")
    flat = [pk for page in pages for pk in page]
    assert len(pages) == 3
    assert len(flat) == len(set(flat))
    assert set(flat) == made
    last = f"/patients/{patient.pk}/timeline/?after={pages[1][-1]}"
    back = walked(gp, last, rel="prev")
    assert [pk for page in reversed(back) for pk in page][-len(pages[2]) :] == pages[2]
    assert set(pages[0]) | set(pages[1]) == {pk for page in back[1:] for pk in page}


def test_a_part_for_scrolling_is_no_page_and_says_how_many_came(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    many(riverside, patient, 70)
    address = f"/patients/{patient.pk}/timeline/"
    first = shown(gp.client.get(address).content.decode())
    before = AuditEvent.objects.count()
    part = gp.client.get(address, {"after": str(first[-1])}, headers={"HX-Request": "true"}).content.decode()
    assert len(shown(part)) == 20
    assert not set(shown(part)) & set(first)
    assert "20 more entries loaded" in part
    assert "<html" not in part
    assert AuditEvent.objects.count() == before == 1


def test_the_cost_of_a_page_does_not_depend_on_its_depth(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    many(riverside, patient, 400)
    held = Held(gp.actor, patient)
    at, costs = timeline.Cursor(), []
    while True:
        with CaptureQueriesContext(connection) as queries:
            page = timeline.page_of(held, Narrowed(), at, 50)
        costs.append(len(queries))
        assert not any(" OFFSET " in one["sql"] for one in queries)
        if page.older is None:
            break
        at = timeline.Cursor("after", page.older)
    assert len(costs) == 8
    assert max(costs[1:]) <= 3


def test_a_link_to_an_entry_opens_the_page_that_begins_with_it(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    made = many(riverside, patient, 90)
    page = gp.client.get(f"/patients/{patient.pk}/timeline/", {"at": str(made[75].pk)}).content.decode()
    assert made[75].pk in shown(page)
    assert 'rel="prev"' in page


def test_a_search_is_paged_like_the_timeline(make_patient: MakePatient, gp: Person, riverside: Organisation) -> None:
    patient = make_patient()
    made = {one.pk for one in many(riverside, patient, 120)} | {
        say(riverside, patient, "problem", "Visit", date=None).pk
    }
    say(riverside, patient, "encounter", "Elsewhere")
    keeping.again(Resource.objects.filter(patient=patient))
    client = gp.client
    client.post(f"/patients/{patient.pk}/search/", {"words": "visit"})
    pages, address = [], f"/patients/{patient.pk}/search/"
    while address:
        html = client.get(address).content.decode()
        pages.append(shown(html))
        found = re.search(r'rel="next"\s+href="([^"]+)"', html)
        address = found[1].replace("&amp;", "&") if found else ""
    assert [len(page) for page in pages] == [50, 50, 21]
    assert {pk for page in pages for pk in page} == made
    back = client.get(f"/patients/{patient.pk}/search/?before={pages[2][0]}").content.decode()
    assert shown(back) == pages[1]


@pytest.mark.parametrize("cursor", ["after=x", f"after={NOBODY}", "before=", f"at={NOBODY}", "page=2", "after=%00"])
def test_an_entry_that_is_not_there_begins_at_the_newest(
    cursor: str, make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    made = say(riverside, patient, "encounter", "Consultation")
    page = gp.client.get(f"/patients/{patient.pk}/timeline/?{cursor}")
    assert page.status_code == 200
    assert shown(page.content.decode()) == [made.pk]


def test_an_entry_of_another_patient_is_no_place_to_begin_from(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient, other = make_patient(), make_patient(nhs_number="9991234528")
    mine = say(riverside, patient, "encounter", "Mine")
    theirs = say(riverside, other, "encounter", "Theirs", date=days_ago(100))
    page = gp.client.get(f"/patients/{patient.pk}/timeline/", {"after": str(theirs.pk)}).content.decode()
    assert shown(page) == [mine.pk]
    assert "Theirs" not in page
