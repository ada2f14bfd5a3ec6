"""Who may ask PDS, and what is written down of it."""

import datetime as dt
import logging
import re
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from conftest import Person
from exchange.fhir.systems import System
from records.models import Patient, Trace
from records.tests.pds_program import Pds
from records.tests.tracing.national import (
    JANE,
    MakePatient,
    State,
    ask,
)
from records.tracing import asking, judging


# Who may, and what is written down ------------------------------------------------------------------------------------
def test_no_nhs_number_or_name_is_logged(
    pds: Pds, quick: None, jane: Patient, ioana: Patient, gp: Person, caplog: pytest.LogCaptureFixture
) -> None:
    """PDS's addresses hold the number and the search: no library of ours may write them down, at whatever level."""
    with caplog.at_level(logging.DEBUG):
        ask(jane, gp)
        ask(ioana, gp)
        pds.behave("down")
        ask(jane, gp)
    text = "\n".join(f"{one.name} {one.getMessage()} {one.exc_text}" for one in caplog.records)
    assert text
    for secret in (JANE, "Dumitrescu", "Ioana", "Smith", "9998420237", "1999-07-21"):
        assert secret not in text
    assert "trace=" in text or str(Trace.objects.filter(state=State.ASKED).get().pk) in text


@pytest.mark.parametrize("who", ["social_worker", "stranger", "privacy_officer", "hospital_clinician"])
def test_only_the_patients_own_practice_may_ask(
    who: str, pds: Pds, jane: Patient, request: pytest.FixtureRequest
) -> None:
    client = request.getfixturevalue(who).client
    assert client.post(f"/patients/{jane.pk}/pds/check/").status_code in (403, 404)
    assert not Trace.objects.exists()
    assert pds.seen == []


def test_the_button_asks_and_the_panel_polls_until_it_is_settled(pds: Pds, jane: Patient, receptionist: Person) -> None:
    client = receptionist.client
    assert client.post(f"/patients/{jane.pk}/pds/check/").headers["Location"] == f"/patients/{jane.pk}/details/"
    page = client.get(f"/patients/{jane.pk}/").content.decode()
    assert 'hx-trigger="every 2s"' in page
    seen = re.search(r"seen=([^\"]+)\"", page[page.index('id="pds"') :])
    assert seen
    poll = f"/patients/{jane.pk}/panel/pds/?seen={seen[1]}"
    assert client.get(poll).status_code == 204
    asking.answer(Trace.objects.get().pk)
    answer = client.get(poll)
    assert answer.status_code == 286
    assert "hx-trigger" not in answer.content.decode().split("<form")[0]


def test_a_page_that_shows_where_somebody_restricted_is_loads_itself_again(
    pds: Pds, jane: Patient, receptionist: Person
) -> None:
    client = receptionist.client
    for act, expected in ((None, False), ("restrict", True), (None, False), ("dies", True)):
        if act:
            pds.change(JANE, act)
        client.post(f"/patients/{jane.pk}/pds/check/")
        seen = re.search(r"seen=([^\"]+)\"", client.get(f"/patients/{jane.pk}/").content.decode().split('id="pds"')[1])
        assert seen
        asking.answer(Trace.objects.get(state=State.ASKED).pk)
        answer = client.get(f"/patients/{jane.pk}/panel/pds/?seen={seen[1]}")
        assert ("HX-Refresh" in answer.headers) is expected, act


def test_a_question_of_another_patient_cannot_be_decided_through_this_one(
    pds: Pds, ioana: Patient, make_patient: MakePatient, receptionist: Person
) -> None:
    trace = ask(ioana, receptionist)
    other = make_patient(family="Other")
    answer = receptionist.client.post(f"/patients/{other.pk}/pds/{trace.pk}/decide/", {"same": "yes"})
    assert answer.status_code == 404
    assert receptionist.client.post(f"/patients/{other.pk}/pds/{uuid4()}/decide/").status_code == 404
    trace.refresh_from_db()
    assert trace.state == State.MATCH


def test_opening_a_patient_asks_when_the_last_time_is_long_ago(
    pds: Pds, jane: Patient, gp: Person, settings: Any
) -> None:
    settings.PDS_REFRESH_DAYS = 30
    for asked, expected in ((None, 1), (29, 0), (31, 1)):
        Trace.objects.all().delete()
        at = timezone.now() - dt.timedelta(days=asked) if asked else None
        Patient.objects.filter(pk=jane.pk).update(pds_asked_at=at)
        gp.client.get(f"/patients/{jane.pk}/")
        assert Trace.objects.count() == expected
    settings.PDS_REFRESH_DAYS = 0
    Trace.objects.all().delete()
    Patient.objects.filter(pk=jane.pk).update(pds_asked_at=None)
    gp.client.get(f"/patients/{jane.pk}/")
    assert not Trace.objects.exists()


def test_without_an_address_nothing_is_asked_and_the_page_says_so(jane: Patient, receptionist: Person) -> None:
    html = receptionist.client.get(f"/patients/{jane.pk}/").content.decode()
    assert "PDS is not set up here" in html
    receptionist.client.post(f"/patients/{jane.pk}/pds/check/")
    assert not Trace.objects.exists()


# Pure -----------------------------------------------------------------------------------------------------------------
def test_what_pds_leaves_out_is_no_difference() -> None:
    patient = Patient(family="Smith", given="Jane Ann", gender="female", address="1 Mill Lane", phone="01632 960148")
    said = {
        "resourceType": "Patient",
        "name": [{"use": "usual", "family": "SMITH", "given": ["Jane"]}],
        "telecom": [{"system": "phone", "value": "+44 1632 960148"}],
    }
    assert judging.differences(patient, said) == []


def test_of_a_restricted_person_no_place_is_compared() -> None:
    patient = Patient(family="Smith", restricted=True)
    said = {
        "resourceType": "Patient",
        "name": [{"family": "Jones"}],
        "address": [{"line": ["1 Mill Lane"]}],
        "generalPractitioner": [{"identifier": {"system": str(System.ODS), "value": "Y99999"}}],
    }
    assert [one.field for one in judging.differences(patient, said, "Y90001")] == ["Family name"]
    assert [one.field for one in judging.side_by_side(patient, said, fits=True)] == ["Family name"]
