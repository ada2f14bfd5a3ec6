"""What the box of changes and its page list: every kind, each thing, the weightiest first, and where it is cut."""

import datetime as dt

import pytest
from django.utils import timezone

from access.models import AuditEvent, Organisation
from conftest import Person
from records.entries import words
from records.models import LastLooked, Resource
from records.screen.news import CARRIERS, MOST
from records.tests.saying import say
from records.tests.test_looking import MakePatient, drawn_on, look, news, old, told

pytestmark = pytest.mark.django_db


def test_where_more_changed_than_is_listed_the_pages_say_so(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    look(gp, patient)
    for number in range(MOST):
        say(riverside, patient, "result", f"Test {number}", value="1")
    whole = f"/patients/{patient.pk}/changed/"
    assert "More has changed than this page lists" not in gp.client.get(whole).content.decode()
    say(riverside, patient, "result", "One more", value="1")
    assert "More has changed than this page lists" in gp.client.get(whole).content.decode()
    assert f"and more than {MOST - 4} more" in gp.client.get(f"/patients/{patient.pk}/").content.decode()


def test_a_new_kind_cannot_be_forgotten_among_what_changed(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    """Each kind of entry is told of when it is new, with a weight of its own, or says why it is not."""
    patient = make_patient()
    look(gp, patient)
    for kind, said in words.KINDS.items():
        assert (said.news is None) == bool(said.why_no_news), kind
        old(riverside, patient, "problem", f"Some {kind}")
        Resource.objects.filter(display=f"Some {kind}").update(kind=kind)
    found = {one.kind: one for one in news(gp, patient)}
    assert found.keys() == {kind for kind, said in words.KINDS.items() if said.news is not None}
    assert all("some" in (one.what + one.how).casefold() for one in found.values())
    order = [words.KINDS[one.kind].news or 0 for one in news(gp, patient) if one.kind != "medicine"]
    assert order == sorted(order)


def test_several_of_one_kind_are_each_told_of(make_patient: MakePatient, gp: Person, riverside: Organisation) -> None:
    patient = make_patient()
    look(gp, patient)
    for vaccine in ("Influenza vaccine", "COVID-19 vaccine"):
        old(riverside, patient, "immunisation", vaccine, status="completed")
    for days in (1, 2):
        say(riverside, patient, "encounter", "Consultation", date=timezone.now() - dt.timedelta(days=days))
    said = told(gp, patient)
    assert {one for one in said if "vaccine" in one} == {
        "Immunisation: COVID-19 vaccine",
        "Immunisation: Influenza vaccine",
    }
    assert len([one for one in said if "Consultation" in one]) == 2


def test_a_first_look_keeps_the_box_to_a_few_of_the_weightiest(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    for number in range(6):
        say(riverside, patient, "immunisation", f"Vaccine {number}")
    for number in range(3):
        say(riverside, patient, "problem", f"Problem {number}")
    html = gp.client.get(f"/patients/{patient.pk}/").content.decode()
    box = html.split('id="changed"')[1].split("</section>")[0]
    assert box.count("<li>") == 3
    assert all(f"Problem {number}" in box for number in range(3))
    assert f'<a href="/patients/{patient.pk}/changed/">and 6 more</a>' in box
    whole = gp.client.get(f"/patients/{patient.pk}/changed/").content.decode()
    assert all(f"Vaccine {number}" in whole for number in range(6))


def test_the_box_asked_again_shows_what_came_in_and_marks_and_records_nothing(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    look(gp, patient)
    marked = LastLooked.objects.get().at
    old(riverside, patient, "problem", "Eczema")
    client = gp.client
    page = client.get(f"/patients/{patient.pk}/").content.decode()
    assert f'hx-get="/patients/{patient.pk}/panel/changed/"' in page.split('id="changed"')[1].split(">")[0]
    events = AuditEvent.objects.count()
    old(riverside, patient, "problem", "Gout")
    part = client.get(f"/patients/{patient.pk}/panel/changed/", headers={"HX-Request": "true"}).content.decode()
    assert part.strip().startswith("<section")
    assert "Gout" in part
    assert AuditEvent.objects.count() == events
    assert LastLooked.objects.get().at == marked
    client.post(f"/patients/{patient.pk}/seen/", {"drawn": drawn_on(page)})
    assert told(gp, patient) == ["Gout"]  # the page that was read did not show it
    client.post(f"/patients/{patient.pk}/seen/", {"drawn": drawn_on(part)})
    assert told(gp, patient) == []


def test_what_only_brings_a_letters_text_is_no_news(
    make_patient: MakePatient, gp: Person, infirmary: Organisation
) -> None:
    patient = make_patient()
    look(gp, patient)
    for carrier in CARRIERS:
        say(infirmary, patient, "other", type=carrier)
    assert told(gp, patient) == []
    say(infirmary, patient, "other", "Media", type="Media")
    assert len(told(gp, patient)) == 1
