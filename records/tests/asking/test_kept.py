"""What a partner answers is kept as what it says."""

import pytest

from access.models import AuditEvent
from conftest import Person
from exchange.tests.reader import Json, Reply, Server, bundle, statement
from records.models import Patient, PatientLink, Received, Resource, SourceCheck
from records.tests.asking.hospital import ask, jane_there, potassium, results, said

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_the_hospital_holds_is_kept_as_what_it_says(check: SourceCheck, jane: Patient) -> None:
    assert ask(check) == "heard"
    stored = Resource.objects.get(type="Observation")
    assert (stored.patient_id, stored.source_id, stored.source_key) == (jane.pk, check.source_id, "k1")
    assert stored.received is not None
    assert (stored.received.via, stored.received.pieces.count()) == (Received.Via.PULL, 1)
    assert (check.heard_at is not None, check.failing_since, check.due_at, check.changed) == (True, None, None, 2)
    assert Patient.objects.count() == 1
    event = AuditEvent.objects.get(action="asked another organisation")
    assert event.patient_id == jane.pk


def test_a_hospital_that_already_wrote_under_another_id_means_the_same_person(
    check: SourceCheck, jane: Patient
) -> None:
    first = Resource.objects.create(
        pk="00000000-0000-0000-0000-000000000001",
        source=check.source,
        type="Patient",
        source_key="urn:uuid:1",
        body="{}",
    )
    PatientLink.objects.create(
        source=check.source, source_key="urn:uuid:1", resource=first, patient=jane, basis="first"
    )
    assert ask(check) == "heard"
    assert Patient.objects.count() == 1
    assert Resource.objects.get(type="Observation").patient_id == jane.pk


def test_it_is_asked_only_for_what_changed_since_and_with_its_tag(check: SourceCheck, server: Server) -> None:
    ask(check)
    assert "_since" not in server.paths()[-1]
    server.replies["/Patient/h1/$everything"] = Reply(body=bundle(), headers={"ETag": 'W/"1"'})
    ask(check)
    assert f"_since={check.asked_at:%Y}" in server.paths()[-1] or "_since=" in server.paths()[-1]
    first = server.paths()[-1]
    server.replies["/Patient/h1/$everything"] = Reply(304)
    assert ask(check) == "heard"
    path, headers = server.asked[-1]
    assert (path, headers["If-None-Match"]) == (first, 'W/"1"')
    assert results() == ["k1"], "what is not sent again is not gone"


def test_without_everything_each_type_is_searched(check: SourceCheck, server: Server) -> None:
    server.replies["/metadata"] = Reply(body=statement("Observation", "Condition", "Slot", everything=False))
    server.replies["/Observation?"] = Reply(body=bundle(potassium("k1", f"{server.base}/Patient/h1")))
    server.replies["/Condition?"] = Reply(body=bundle())
    assert ask(check) == "heard"
    assert results() == ["k1"]
    assert Resource.objects.get(type="Observation").patient_id == check.patient_id
    assert [one.split("?")[0] for one in server.paths()][-3:] == ["/Patient/h1", "/Condition", "/Observation"]


@pytest.mark.parametrize("status", [404, 405, 501])
def test_everything_that_is_promised_and_missing_is_searched_for(
    check: SourceCheck, server: Server, status: int
) -> None:
    server.replies["/Patient/h1/$everything"] = Reply(status)
    server.replies["/Observation?"] = Reply(body=bundle(potassium("k1")))
    assert ask(check) == "heard"
    assert results() == ["k1"]


def test_a_medicine_brings_its_name_and_a_letter_its_text(check: SourceCheck, server: Server) -> None:
    medicine: Json = {"resourceType": "MedicationRequest", "id": "m", "status": "active", "intent": "order"}
    medicine |= {"subject": {"reference": "Patient/h1"}, "medicationReference": {"reference": "Medication/x"}}
    letter: Json = {
        "resourceType": "DocumentReference",
        "id": "d",
        "status": "current",
        "subject": {"reference": "Patient/h1"},
    }
    letter |= {"content": [{"attachment": {"contentType": "text/plain", "url": f"{server.base}/Binary/b"}}]}
    server.replies["/Patient/h1/$everything"] = Reply(body=bundle(medicine, letter))
    server.replies["/Medication/x"] = Reply(
        body={"resourceType": "Medication", "id": "x", "code": {"text": "Ramipril"}}
    )
    server.replies["/Binary/b"] = Reply(
        body={"resourceType": "Binary", "id": "b", "contentType": "text/plain", "data": "aGVsbG8="}
    )
    assert ask(check) == "heard"
    assert Resource.objects.get(type="MedicationRequest").display == "Ramipril"
    assert Resource.objects.get(type="Binary").patient_id == check.patient_id


def test_an_entry_that_is_not_valid_is_left_out_and_said(check: SourceCheck, server: Server, gp: Person) -> None:
    wrong = potassium("k2") | {"status": "banana"}
    server.replies["/Patient/h1/$everything"] = Reply(body=bundle(jane_there(), potassium("k1"), wrong))
    assert ask(check) == "heard"
    assert (results(), check.left_out) == (["k1"], 1)
    assert "1 entry of Northern Infirmary's last answer could not be read and is not shown." in said(gp, check.patient)
