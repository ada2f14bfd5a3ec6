"""Whose an answer is comes first: another person's entry, and nothing of it is kept."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from access.models import Organisation
from conftest import Person
from exchange.fhir.systems import System
from exchange.models import Partner
from exchange.tests.reader import Json, Reply, Server, bundle
from records.models import Finding, Patient, PatientLink, Resource, SourceCheck
from records.pulling import schedule
from records.screen import freshness
from records.screen.held import Held
from records.tests.asking.hospital import State, ask, jane_there, potassium, results, said

pytestmark = pytest.mark.django_db(transaction=True)


def binary(context: Json) -> Json:
    return {"resourceType": "Binary", "id": "b", "contentType": "image/png", "data": "aQ==", "securityContext": context}


def within(*resources: Json, **urls: str) -> Json:
    """A Bundle as an entry; `p="urn:uuid:…"` gives the resource of that id its full URL."""
    entry = [{"resource": one} | ({"fullUrl": urls[one["id"]]} if one["id"] in urls else {}) for one in resources]
    return {"resourceType": "Bundle", "id": "inner", "type": "collection", "entry": entry}


def as_data(resource: Json) -> Json:
    """The same written into the data of a Binary, as letters carry their text."""
    data = base64.b64encode(json.dumps(resource).encode()).decode()
    return {"resourceType": "Binary", "id": "b", "contentType": "application/fhir+json", "data": data}


def attached(resource: Json) -> Json:
    """The same as an attachment within a DocumentReference of our patient."""
    attachment = {name: as_data(resource)[name] for name in ("contentType", "data")}
    document = {
        "resourceType": "DocumentReference",
        "id": "d",
        "status": "current",
        "subject": {"reference": "Patient/h1"},
    }
    return document | {"content": [{"attachment": attachment}]}


def someone_elses() -> dict[str, list[Json]]:
    contained = {
        "resourceType": "Patient",
        "id": "p",
        "identifier": [{"system": System.NHS_NUMBER, "value": "9990000026"}],
    }
    by_number = {"identifier": {"system": System.NHS_NUMBER.value, "value": "9990000026"}}
    appointment = {"resourceType": "Appointment", "id": "a", "status": "booked"}
    return {
        "another subject": [potassium("k2", "Patient/h2")],
        "another Patient": [jane_there(id="h2")],
        "another host's": [potassium("k2", "https://elsewhere.example/Patient/h1")],
        "by another number": [potassium("k2") | {"subject": by_number}],
        "contained": [potassium("k2", "#p") | {"contained": [contained]}],
        "another's appointment": [
            appointment | {"participant": [{"actor": {"reference": "Patient/h2"}, "status": "accepted"}]}
        ],
        "a device's": [potassium("k2", "Device/1")],
        "another's picture": [binary({"reference": "Patient/h2"})],
        "another's picture by number": [binary(by_number)],
        "another's within a contained entry": [potassium("k2") | {"contained": [potassium("c", "Patient/h2")]}],
        "another subject in a Bundle": [within(potassium("k2", "Patient/h2"))],
        "another Patient in a Bundle": [within(jane_there(id="h2", identifier=[]))],
        "another number in a Bundle": [within(jane_there(id="x", identifier=[by_number["identifier"]]))],
        "another's picture in a Bundle": [within(binary({"reference": "Patient/h2"}))],
        "another subject two Bundles deep": [within(within(potassium("k2", "Patient/h2")))],
        "another's in the data of a Binary": [as_data(within(potassium("k2", "Patient/h2")))],
        "another's in an attachment": [attached(within(jane_there(id="h2", identifier=[])))],
        "another's in data in a Bundle": [within(as_data(within(potassium("k2", "Patient/h2"))))],
        "another's in a contained Bundle": [potassium("k2") | {"contained": [within(potassium("c", "Patient/h2"))]}],
    }


@pytest.mark.parametrize("how", someone_elses())
def test_another_patients_entry_spoils_the_whole_answer(
    check: SourceCheck, server: Server, gp: Person, how: str, riverside: Organisation
) -> None:
    ask(check)
    before = Resource.objects.count()
    following = f"{server.base}/page2"
    server.replies["/Patient/h1/$everything"] = Reply(body=bundle(potassium("k3"), following=following))
    server.replies["/page2"] = Reply(body=bundle(*someone_elses()[how]))
    assert ask(check) == "mixed-up"
    assert Resource.objects.count() == before
    assert (results(), check.state, check.due_at) == (["k1"], State.MIXED_UP, None)
    assert Finding.objects.get().kind == Finding.Kind.MIXED_UP
    assert "answered with another patient's entries" in said(gp, check.patient)
    page = gp.client.get("/patients/to-check/").content.decode()
    assert "answered with another patient" in page
    server.replies["/Patient/h1/$everything"] = Reply(body=bundle(potassium("k3")))
    assert ask(check) == "heard"
    assert said(gp, check.patient) == ""


@pytest.mark.parametrize(
    "ours",
    [
        binary({"reference": "Patient/h1"}),
        binary({"reference": "DocumentReference/d"}),
        within(potassium("k2"), jane_there()),
        within(jane_there(id="x"), potassium("k2", "urn:uuid:x"), x="urn:uuid:x"),
        within(jane_there(id="x"), potassium("k2", "Patient/x")),
        as_data(within(jane_there(id="x"), potassium("k2", "Patient/x"))),
        attached(within(jane_there(), potassium("k2"))),
        as_data({}) | {"data": "bm90IGpzb24="},
    ],
)
def test_what_is_theirs_within_a_bundle_or_beside_a_picture_spoils_nothing(
    check: SourceCheck, server: Server, ours: Json
) -> None:
    server.replies["/Patient/h1/$everything"] = Reply(body=bundle(jane_there(), potassium("k1"), ours))
    assert ask(check) == "heard"
    assert "k1" in results()


@pytest.mark.parametrize(
    "changed",
    [
        {"birthDate": "1970-05-02"},
        {"birthDate": "1970"},
        {"name": [{"family": "Smythe"}]},
        {"identifier": [{"system": System.NHS_NUMBER.value, "value": "9990000026"}]},
        {"identifier": []},
    ],
)
def test_a_patient_who_does_not_agree_is_not_ours(check: SourceCheck, server: Server, changed: Json) -> None:
    server.replies["/Patient?identifier="] = Reply(body=bundle(jane_there(**changed)))
    assert ask(check) == "mixed-up"
    assert not any("everything" in path for path in server.paths()), "nothing more is asked"
    assert not Resource.objects.exists()


def test_two_patients_with_one_number_are_none(check: SourceCheck, server: Server) -> None:
    server.replies["/Patient?identifier="] = Reply(body=bundle(jane_there(), jane_there(id="h2")))
    assert ask(check) == "mixed-up"
    assert not Resource.objects.exists()


def test_a_patient_of_theirs_who_is_somebody_else_here_is_left_to_a_person(
    check: SourceCheck, make_patient: Callable[..., Patient]
) -> None:
    other = make_patient(nhs_number="9990000026", family="Jones")
    row = Resource.objects.create(
        pk="00000000-0000-0000-0000-000000000001", source=check.source, type="Patient", source_key="h1", body="{}"
    )
    PatientLink.objects.create(source=check.source, source_key="h1", resource=row, patient=other, basis="first")
    assert ask(check) == "mixed-up"
    assert results() == []


def test_a_patient_of_theirs_who_became_somebody_else_here_gets_no_later_entry_either(
    check: SourceCheck, server: Server, make_patient: Callable[..., Patient]
) -> None:
    assert ask(check) == "heard"
    other = make_patient(nhs_number="9990000026", family="Jones")
    PatientLink.objects.filter(source=check.source, source_key="h1").update(patient=other)
    server.replies["/Patient/h1/$everything"] = Reply(body=bundle(potassium("k2")))
    assert ask(check) == "mixed-up"
    assert results() == ["k1"]


def test_who_has_another_number_by_the_time_the_answer_comes_gets_none_of_it(
    check: SourceCheck, server: Server, jane: Patient
) -> None:
    def parted() -> None:
        Patient.objects.filter(pk=jane.pk).update(nhs_number="9990000026")
        connection.close()  # that of the server's thread

    answer = bundle(jane_there(), potassium("k1"))
    server.replies["/Patient/h1/$everything"] = Reply(body=answer, wait=parted)
    assert ask(check) == "overtaken"
    assert not Resource.objects.exists()
    assert check.due_at is not None, "asked again, about whoever it is now"


def test_a_hospital_that_does_not_know_them_says_so_quietly(check: SourceCheck, server: Server, gp: Person) -> None:
    server.replies["/Patient?identifier="] = Reply(body=bundle())
    assert ask(check) == "not-known"
    assert [said(gp, check.patient, panel) for panel in freshness.AFFECTED] == [""] * len(freshness.AFFECTED)
    region = freshness.region(Held(gp.actor, check.patient))
    assert region["sources"] == [("Northern Infirmary", "", "does not know this patient")]


@pytest.mark.parametrize("how", ["not found by number", "found and then gone"])
def test_a_hospital_that_knew_them_and_knows_them_no_more_is_said_where_its_entries_stand(
    check: SourceCheck, server: Server, gp: Person, how: str
) -> None:
    assert ask(check) == "heard"
    before = freshness.region(Held(gp.actor, check.patient))["seen"]
    if how == "not found by number":
        server.replies["/Patient?identifier="] = Reply(body=bundle())
    else:
        server.replies["/Patient/h1/$everything"] = Reply(404)
        server.replies["/Patient/h1"] = Reply(410)
    assert ask(check) == "not-known"
    assert results() == ["k1"], "what it said stays"
    words = said(gp, check.patient)
    assert words.startswith("Northern Infirmary now says that it does not know this patient (asked ")
    assert "This is what it sent" in words
    assert said(gp, check.patient, "allergies") == ""
    region = freshness.region(Held(gp.actor, check.patient))
    ((name, wrong, rest),) = region["sources"]
    assert (name, wrong) == ("Northern Infirmary", "now says that it does not know this patient")
    assert rest.startswith("showing what it")
    assert freshness.changed_since(before, region["seen"]), "the panels follow"


@pytest.mark.parametrize(
    "changed", [{"restricted": True}, {"nhs_number_status": "present"}, {"nhs_number_status": "failing"}]
)
def test_nobody_is_asked_about_the_restricted_and_the_unverified(
    jane: Patient, hospital: Partner, server: Server, changed: dict[str, Any]
) -> None:
    check = SourceCheck.objects.create(patient=jane, source=hospital.organisation, due_at=timezone.now())
    Patient.objects.filter(pk=jane.pk).update(**changed)
    assert ask(check) == "not-asked"
    jane.refresh_from_db()
    SourceCheck.objects.all().delete()
    schedule.wish(jane)
    assert not SourceCheck.objects.exists()
    assert server.asked == []
