"""Senders use their ids again, send letters out of order and say late that somebody is restricted."""

import copy
import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from exchange.errors import NeedsReview
from exchange.models import InboxMessage
from records.letters.opening import opened
from records.models import Letter, Patient, PatientLink, Resource
from records.tests import letters
from records.tests.test_inbound import arrive, happened, make_patient, sender  # noqa: F401 fixtures

pytestmark = pytest.mark.django_db
MakePatient = Callable[..., Patient]
Arrive = Callable[[dict[str, Any]], InboxMessage]


def with_id(message: dict[str, Any], type_name: str, given: str) -> dict[str, Any]:
    """The same message, its resource of that type carrying an id of the sender's own."""
    changed = copy.deepcopy(message)
    for entry in changed["entry"]:
        if entry["resource"]["resourceType"] == type_name:
            entry["resource"]["id"] = given
    return changed


def of_another(**fields: Any) -> dict[str, Any]:
    """The Patient of somebody else, who is registered here too."""
    return letters.patient(
        identifier=[{"system": letters.SYSTEM, "value": letters.ANOTHER}], name=[{"family": "Jones"}], **fields
    )


@pytest.mark.parametrize("type_name", ["DocumentReference", "Binary"])
def test_an_id_used_again_for_another_patient_waits_and_moves_nothing(
    type_name: str,
    make_patient: MakePatient,  # noqa: F811
    arrive: Arrive,  # noqa: F811
) -> None:
    jane = make_patient()
    make_patient(family="Jones", nhs_number=letters.ANOTHER)
    arrive(with_id(letters.letter(), type_name, "1"))
    before = list(Resource.objects.order_by("pk").values_list("pk", "sha256", "patient"))
    with pytest.raises(NeedsReview, match="another patient"):
        arrive(with_id(letters.letter(of_another()), type_name, "1"))
    assert Letter.objects.get().patient == jane
    assert list(Resource.objects.order_by("pk").values_list("pk", "sha256", "patient")) == before


def test_a_late_older_letter_does_not_replace_its_correction(
    make_patient: MakePatient,  # noqa: F811
    arrive: Arrive,  # noqa: F811
) -> None:
    make_patient()
    message = letters.letter()
    corrected = copy.deepcopy(message) | {"id": str(uuid4())}
    corrected["entry"][1]["resource"]["description"] = "Corrected"
    stored = arrive(corrected)
    InboxMessage.objects.filter(pk=stored.pk).update(received_at=timezone.now() + dt.timedelta(seconds=5))
    with pytest.raises(NeedsReview, match="newer version"):
        arrive(message)
    assert Letter.objects.get().title == "Corrected"


def test_a_sender_without_ids_can_send_a_second_letter(
    make_patient: MakePatient,  # noqa: F811
    arrive: Arrive,  # noqa: F811
) -> None:
    jane = make_patient()
    for _ in range(2):
        message = letters.letter()
        for entry in message["entry"]:
            del entry["resource"]["id"]
        arrive(message)
    assert Letter.objects.filter(patient=jane).count() == 2
    assert PatientLink.objects.count() == 1


def test_a_later_letter_that_says_restricted_hides_where_to_find_them(
    make_patient: MakePatient,  # noqa: F811
    arrive: Arrive,  # noqa: F811
) -> None:
    jane = make_patient(address="1 Mill Lane", postcode="ZZ1 1AA", phone="01632 960148", usual_gp="Dr A Khan")
    arrive(letters.letter())
    label = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]}
    arrive(letters.letter(letters.patient(meta=label)))
    jane.refresh_from_db()
    assert jane.restricted
    assert (jane.address, jane.postcode, jane.phone, jane.usual_gp) == ("", "", "", "")
    assert Letter.objects.filter(patient=jane).count() == 2


def test_a_letter_never_shows_what_is_another_patients(
    make_patient: MakePatient,  # noqa: F811
    arrive: Arrive,  # noqa: F811
) -> None:
    """The address of an attachment ends in an id that this sender uses for somebody else's text too."""
    jane, other = make_patient(), make_patient(family="Jones", nhs_number=letters.ANOTHER)
    arrive(with_id(letters.letter(of_another()), "Binary", "12"))
    assert Resource.objects.get(type="Binary").patient == other
    message = letters.letter()
    message["entry"] = [one for one in message["entry"] if one["resource"]["resourceType"] != "Binary"]
    attachment = message["entry"][1]["resource"]["content"][0]["attachment"]
    attachment["url"] = "https://emr.example/letters/12"
    arrive(message)
    letter = Letter.objects.get(patient=jane)
    shown = opened(letter.document, letter)
    assert shown.sections == ()
    assert [one.data for one in shown.files] == [b""]
