"""Nobody is picked by name, and who is restricted or has died stays so."""

import datetime as dt
from pathlib import Path
from typing import Any

from django.utils import timezone

from access.models import Organisation
from conftest import Person
from records.models import Patient, Resource
from records.people.restricted import NOT_SHOWN
from records.tests import taking
from records.tests.pds_program import Pds
from records.tests.tracing.national import (
    FAILING,
    GRACE,
    JANE,
    MakePatient,
    State,
    ask,
    panel,
)


# Restricted, died -----------------------------------------------------------------------------------------------------
def test_who_is_restricted_at_pds_is_restricted_here_at_once(
    pds: Pds, tmp_path: Path, riverside: Organisation, infirmary: Organisation, receptionist: Person
) -> None:
    home: Any = {
        "address": [{"line": ["11 Tannery Street"], "city": "Harrowmere", "postalCode": "ZZ1 6GT"}],
        "telecom": [{"system": "phone", "value": "07700 900025"}],
    }
    own = taking.patient(number=GRACE, family="Adebayo", given="Grace", born="1966-12-03", **home)
    note = taking.condition(note=[{"text": "Lives at 11 Tannery Street"}])
    taking.take(taking.write(tmp_path / "1.ndjson", own, note), riverside, riverside)
    other = taking.patient("h1", number=GRACE, family="Adebayo", given="Grace", born="1966-12-03", **home)
    taking.take(taking.write(tmp_path / "2.ndjson", other), infirmary)
    grace = Patient.objects.get()
    assert grace.phone == "07700 900025"
    assert ask(grace, receptionist).state == State.TRACED
    assert (grace.restricted, grace.address, grace.postcode, grace.phone) == (True, "", "", "")
    assert Resource.objects.get(type="Condition").detail["note"] == f"Lives at {NOT_SHOWN}"
    html = receptionist.client.get(f"/patients/{grace.pk}/").content.decode()
    assert "Tannery" not in html
    assert "900025" not in html
    assert "Restricted: PDS gives no address" in html
    pds.change(GRACE, "unrestrict")
    ask(grace, receptionist)
    assert (grace.restricted, grace.phone) == (False, "07700 900025")
    assert Resource.objects.get(type="Condition").detail["note"] == "Lives at 11 Tannery Street"


def test_a_formal_notice_of_death_reaches_the_banner(pds: Pds, jane: Patient, receptionist: Person) -> None:
    pds.change(JANE, "dies")
    ask(jane, receptionist)
    assert jane.deceased
    assert jane.deceased_on == timezone.localdate() - dt.timedelta(days=3)
    assert "Died on" in receptionist.client.get(f"/patients/{jane.pk}/").content.decode()


# By name and date of birth --------------------------------------------------------------------------------------------
def test_one_match_is_shown_to_a_person_and_never_taken_silently(
    pds: Pds, ioana: Patient, receptionist: Person
) -> None:
    trace = ask(ioana, receptionist)
    assert (trace.state, ioana.nhs_number) == (State.MATCH, "")
    assert not Resource.objects.exists()
    assert "One person at PDS has this name" in panel(ioana, receptionist)
    assert "NHS number Not known 999 842 0237" in panel(ioana, receptionist)
    receptionist.client.post(f"/patients/{ioana.pk}/pds/{trace.pk}/decide/", {"same": "yes"})
    ioana.refresh_from_db()
    assert (ioana.nhs_number, ioana.nhs_number_status) == ("9998420237", Patient.NhsNumber.VERIFIED)


def test_who_has_moved_is_found_without_the_postcode_under_another_request_id(
    pds: Pds, ioana: Patient, gp: Person
) -> None:
    Patient.objects.filter(pk=ioana.pk).update(postcode="ZZ9 9ZZ")
    ioana.refresh_from_db()
    assert ask(ioana, gp).state == State.MATCH
    assert len({one["request_id"] for one in pds.seen}) == 2


def test_of_many_matches_none_is_chosen(pds: Pds, ioana: Patient, gp: Person) -> None:
    pds.change("9998420237", "double")
    trace = ask(ioana, gp)
    assert (trace.state, trace.found, trace.found_number) == (State.MANY, "", "")
    assert ioana.nhs_number == ""
    assert not Resource.objects.exists()
    assert "Several people at PDS fit, so none was chosen" in panel(ioana, gp)


def test_no_match_is_said(pds: Pds, make_patient: MakePatient, gp: Person) -> None:
    patient = make_patient(family="Nobody", nhs_number=FAILING, nhs_number_status=Patient.NhsNumber.FAILING)
    assert ask(patient, gp).state == State.NONE
    assert "Nobody at PDS has this name" in panel(patient, gp)
    assert {one["kind"] for one in pds.seen} == {"Patient"}  # searched, the failing number not asked about
