"""One entry, whole, and everything held in lists: nothing dropped, what is odd said, nothing for whom it is not."""

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from access.models import AuditEvent, Organisation
from conftest import Person
from exchange.fhir.systems import System
from records import kinds
from records.entries import words
from records.models import Patient, Resource
from records.tests.saying import say
from records.tests.taking import bundle, condition, patient, take, write

MakePatient = Callable[..., Patient]
pytestmark = pytest.mark.django_db


def page(person: Person, of: Patient, row: Resource) -> str:
    answer = person.client.get(f"/patients/{of.pk}/items/{row.pk}/")
    assert answer.status_code == 200
    return str(answer.content.decode())


def listed(person: Person, of: Patient) -> list[str]:
    """The ids of all entries on all lists of a patient, page by page, as often as they stand there."""
    client, found = person.client, []
    html = client.get(f"/patients/{of.pk}/entries/").content.decode()
    for address in dict.fromkeys(re.findall(rf"/patients/{of.pk}/entries/[a-z-]+/", html)):
        number = 1
        while True:
            html = client.get(address, {"page": number}).content.decode()
            found += re.findall(r'data-item="([^"]+)"', html)
            if 'rel="next"' not in html:
                break
            number += 1
    return found


def test_every_kind_that_is_drawn_has_words() -> None:
    """And no words are kept for a kind that nothing is drawn as."""
    drawn = {row.kind for row in kinds.TABLE.values() if isinstance(row.kind, str)} | {*kinds.RESULTS}
    assert drawn == words.KINDS.keys()
    assert max(map(len, drawn)) <= (Resource._meta.get_field("kind").max_length or 0)


def test_everything_held_stands_in_exactly_one_list(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    jane = make_patient()
    for number in range(120):
        say(riverside, jane, "problem", f"Problem {number}", date=None if number % 7 == 0 else timezone.now())
    say(riverside, jane, "problem", "Taken back", status="entered-in-error")
    say(riverside, jane, "medicine")
    for kind, type_name in (("other", "DetectedIssue"), ("something-new", "Invention"), ("administrative", "Patient")):
        row = say(riverside, jane, "problem", "Neither problem nor medicine", type=type_name)
        Resource.objects.filter(pk=row.pk).update(kind=kind)
    stored = sorted(str(pk) for pk in Resource.objects.values_list("pk", flat=True))
    assert sorted(listed(gp, jane)) == stored


def test_an_entry_is_shown_whole_and_its_opening_recorded_once(
    make_patient: MakePatient, gp: Person, riverside: Organisation, infirmary: Organisation
) -> None:
    jane = make_patient()
    body = {
        "resourceType": "MedicationRequest",
        "status": "active",
        "text": {"div": "<div><script>bad()</script>As the <b>doctor</b> wrote</div>"},
        "dispenseRequest": {"quantity": {"value": 28, "unit": "tablet"}},
    }
    row = say(riverside, jane, "medicine", "Bisoprolol 5mg tablets", "318590006", body=body)
    other = say(infirmary, jane, "medicine", "Bisoprolol 5mg tablets", "318590006", detail={"dose": "10 mg"})
    html = page(gp, jane, row)
    for said in ("Bisoprolol 5mg tablets", "28 tablet", "<b>doctor</b>", f"/patients/{jane.pk}/items/{other.pk}/"):
        assert said in html
    assert "bad()" not in html
    assert AuditEvent.objects.filter(patient_id=jane.pk).count() == 1


def test_an_entry_of_somebody_else_is_not_there(make_patient: MakePatient, gp: Person, riverside: Organisation) -> None:
    jane, other = make_patient(), make_patient(nhs_number="9991234528")
    row = say(riverside, other, "problem", "Unmistakable")
    answer = gp.client.get(f"/patients/{jane.pk}/items/{row.pk}/")
    assert answer.status_code == 404
    assert b"Unmistakable" not in answer.content
    assert not AuditEvent.objects.exists()


def test_an_earlier_version_says_what_changed(riverside: Organisation, gp: Person, tmp_path: Path) -> None:
    for status in ("active", "resolved"):
        said = condition(clinicalStatus={"coding": [{"code": status}]})
        take(write(tmp_path / f"{status}.json", bundle("collection", patient(), said)), riverside, riverside)
    html = page(gp, Patient.objects.get(), Resource.objects.get(type="Condition"))
    assert "How it stood before" in html
    assert "active" in html.split("How it stood before")[1].casefold()


def test_where_a_restricted_person_is_stands_on_none_of_these_pages(
    riverside: Organisation, gp: Person, tmp_path: Path
) -> None:
    """Neither now nor in what an earlier version said, before the record was restricted."""
    where: dict[str, Any] = {
        "address": [{"line": ["7 Hidden Lane"], "city": "Nowhere", "postalCode": "ZZ9 9ZZ"}],
        "telecom": [{"system": "phone", "value": "07700 900999"}],
    }
    hidden: dict[str, Any] = {"meta": {"security": [{"system": str(System.CONFIDENTIALITY), "code": "R"}]}}
    contact = {"resourceType": "RelatedPerson", "id": "r1", "patient": {"reference": "Patient/p1"},
               "name": [{"text": "Kit"}], **where}  # fmt: skip
    note = condition(note=[{"text": "Now at 7 Hidden Lane"}])
    for more in (where, where | hidden):
        told = write(tmp_path / f"{len(more)}.json", bundle("collection", patient(**more), contact, note))
        take(told, riverside, riverside)
    person = Patient.objects.get()
    assert person.restricted
    html = "".join(page(gp, person, row) for row in Resource.objects.filter(patient=person))
    for kind in words.KINDS:
        html += gp.client.get(f"/patients/{person.pk}/entries/{kind}/").content.decode()
    assert "Kit" in html
    for secret in ("Hidden Lane", "ZZ9 9ZZ", "900999"):
        assert secret not in html


@pytest.mark.parametrize("path", ["items/{row}/", "entries/", "entries/problem/"])
@pytest.mark.parametrize("who", ["receptionist", "social_worker", "stranger"])
def test_only_clinicians_with_a_relationship_open_them(
    path: str, who: str, make_patient: MakePatient, riverside: Organisation, request: pytest.FixtureRequest
) -> None:
    jane = make_patient()
    row = say(riverside, jane, "problem", "Unmistakable")
    person: Person = request.getfixturevalue(who)
    answer = person.client.get(f"/patients/{jane.pk}/" + path.format(row=row.pk))
    assert answer.status_code in (403, 404)
    assert b"Unmistakable" not in answer.content
    assert not AuditEvent.objects.exists()


def test_odd_texts_and_two_megabytes_of_narrative_are_shown(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    jane = make_patient()
    div = "<div>" + "<p>Ankles swollen.</p>" * 100_000 + "<p>The last word.</p></div>"
    name = "\u202eevil " + "é" * 180 + " 🩺 عربى"
    row = say(riverside, jane, "problem", name, date=timezone.now() + dt.timedelta(days=400),
              body={"resourceType": "Condition", "text": {"div": div}})  # fmt: skip
    html = page(gp, jane, row)
    assert f"<bdi>{name}</bdi>" in html
    assert "in the future" in html
    assert "not coded" in html
    more = re.search(r'href="(\?[^"]+)"', html)
    assert more
    assert "The last word." in gp.client.get(f"/patients/{jane.pk}/items/{row.pk}/{more[1]}").content.decode()


def test_contained_loops_and_references_to_nothing_are_taken_and_shown(
    riverside: Organisation, gp: Person, tmp_path: Path
) -> None:
    loop = {"resourceType": "Medication", "id": "m", "ingredient": [{"itemReference": {"reference": "#m"}}]}
    asked = {
        "resourceType": "MedicationRequest", "id": "q", "status": "active", "intent": "order",
        "subject": {"reference": "Patient/p1"}, "contained": [loop], "medicationReference": {"reference": "#m"},
        "encounter": {"reference": "Encounter/nowhere"},
    }  # fmt: skip
    report = take(write(tmp_path / "a.json", bundle("collection", patient(), asked)), riverside, riverside)
    assert report.rejected == 0
    html = page(gp, Patient.objects.get(), Resource.objects.get(type="MedicationRequest"))
    assert "Medicine without a name" in html
    assert "not held here" in html
