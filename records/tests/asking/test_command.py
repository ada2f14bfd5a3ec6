"""`manage.py pull`: how each partner answered, in a sentence, and an exit status."""

import io
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from access.actor import system
from access.models import AuditEvent, Organisation
from exchange.models import Partner
from exchange.tests.reader import Reply, Server, bundle
from records.models import Patient, Resource, SourceCheck
from records.people.actions import merge
from records.tests.asking.hospital import jane_there, potassium, results

pytestmark = pytest.mark.django_db(transaction=True)


def pull(*arguments: object) -> str:
    out = io.StringIO()
    call_command("pull", *map(str, arguments), stdout=out, stderr=out)
    return out.getvalue().strip()


def refused(*arguments: object) -> str:
    with pytest.raises(CommandError) as refusal:
        pull(*arguments)
    return str(refusal.value)


def test_it_says_what_came_and_the_second_time_that_nothing_is_new(jane: Patient, hospital: Partner) -> None:
    assert pull(jane.pk) == "Northern Infirmary answered: 1 page, 2 new or changed."
    assert results() == ["k1"]
    assert AuditEvent.objects.get(action="asked another organisation").actor_name == "operator"
    assert pull(jane.pk) == "Northern Infirmary answered: 1 page, 0 new or changed."


def test_only_the_partner_that_is_named_is_asked(jane: Patient, hospital: Partner, pharmacy: Organisation) -> None:
    Partner.objects.create(
        organisation=pharmacy, endpoint="http://127.0.0.1:9", token_url=hospital.token_url, jwks_url="", pulls=True
    )
    assert pull(jane.pk, "--partner", "rzz01") == "Northern Infirmary answered: 1 page, 2 new or changed."
    assert refused(jane.pk) == "1 of 2 did not answer as it should."
    assert SourceCheck.objects.get(source=pharmacy).trouble == "unreachable"


def test_a_partner_that_is_not_known_or_not_asked_is_said_with_those_that_are(
    jane: Patient, hospital: Partner, server: Server
) -> None:
    wanted = "No partner with the ODS code ZZZ99 lets us read. Those that do: RZZ01 Northern Infirmary."
    assert refused(jane.pk, "--partner", "ZZZ99") == wanted
    Partner.objects.update(pulls=False)
    assert refused(jane.pk) == "No partner lets us read: none is switched on for it."
    assert (server.asked, SourceCheck.objects.exists()) == ([], False)


@pytest.mark.parametrize("written", ["9991234578", "Jane Smith", "x"])
def test_what_is_no_id_is_not_repeated(hospital: Partner, written: str, jane: Patient) -> None:
    assert refused(written) == "That is no patient's id. It is the long one in the address of the patient's page."


def test_nobody_with_this_id_and_nobody_who_may_be_asked_about(
    jane: Patient, hospital: Partner, server: Server
) -> None:
    assert refused(uuid4()) == "There is no patient with this id."
    Patient.objects.update(restricted=True)
    assert refused(jane.pk) == "Not asked about: the NHS number is not verified, or the record is restricted."
    assert (server.asked, SourceCheck.objects.exists()) == ([], False)


def test_whoever_was_joined_to_another_is_asked_about_as_that_one(
    jane: Patient, hospital: Partner, make_patient: Callable[..., Patient]
) -> None:
    twin = make_patient(nhs_number="", nhs_number_status=Patient.NhsNumber.ABSENT)
    merge(kept=jane, other=twin, reason="the same person", by=system("test"))
    assert pull(twin.pk) == "Northern Infirmary answered: 1 page, 2 new or changed."
    assert Resource.objects.get(type="Observation").patient_id == jane.pk


def said(capsys: pytest.CaptureFixture[str], patient: Patient) -> str:
    """What it prints before it ends in failure."""
    with pytest.raises(CommandError, match="1 of 1 did not answer as it should"):
        call_command("pull", str(patient.pk))
    return capsys.readouterr().out.strip()


def test_a_wrong_patient_and_a_silent_partner_are_said_and_end_in_failure(
    jane: Patient, hospital: Partner, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.replies["/Patient/h1/$everything"] = Reply(body=bundle(jane_there(), potassium("k2", "Patient/h2")))
    assert said(capsys, jane) == (
        "Northern Infirmary answered with another patient's entries: nothing of it was kept, see Records to check."
    )
    assert results() == []
    server.replies["/Patient?identifier="] = Reply(503)
    assert said(capsys, jane) == "Northern Infirmary did not answer (partner failed)."
    page = f"{server.base}/page2"
    server.replies["/Patient?identifier="] = Reply(body=bundle(jane_there()))
    server.replies["/Patient/h1/$everything"] = Reply(body=bundle(potassium("k3"), following=page))
    assert said(capsys, jane) == "Northern Infirmary answered in part: 1 page, 2 new or changed."


def test_who_is_not_known_there_is_no_failure(jane: Patient, hospital: Partner, server: Server) -> None:
    server.replies["/Patient?identifier="] = Reply(body=bundle())
    assert pull(jane.pk) == "Northern Infirmary does not know this patient."


def test_tomorrows_are_planned_and_not_asked_at_once(hospital: Partner, server: Server) -> None:
    assert pull("--tomorrow") == "0 questions planned; workers ask them"
    assert server.asked == []
