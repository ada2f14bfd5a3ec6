"""Whom the exchange desk says a message concerns: through reach, and what becomes of the referral."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from access.models import AuditEvent, Organisation
from conftest import Person
from exchange.desk import actions
from exchange.happenings import describe
from exchange.models import InboxMessage, OutboxMessage
from exchange.tests.arriving import came_in
from records.models import Letter, Patient, Relationship
from records.tests.saying import file_letter
from referrals.models import Referral

pytestmark = pytest.mark.django_db


def message_of(referral: Referral) -> OutboxMessage:
    return OutboxMessage.objects.get(concerns_id=str(referral.pk))


def test_a_referral_set_aside_is_not_delivered_and_sent_again_is_on_its_way(
    make_sent: Callable[..., Referral], receptionist: Person, make_patient: Callable[..., Patient]
) -> None:
    referral = make_sent(patient=make_patient())
    message = message_of(referral)
    actions.set_aside(message=message, why="Patient went private", by=receptionist.actor)
    referral.refresh_from_db()
    assert referral.state == "not-delivered"
    page = receptionist.client.get(f"/referrals/{referral.pk}/").content.decode()
    assert "Set aside at the exchange desk" in page
    actions.send_again(message=message, by=receptionist.actor)
    referral.refresh_from_db()
    assert referral.state == "sent"


def test_the_desk_names_the_patient_to_whoever_may_know(
    make_sent: Callable[..., Referral], receptionist: Person, stranger: Person, make_patient: Callable[..., Patient]
) -> None:
    patient = make_patient(family="Unmistakable")
    referral = make_sent(patient=patient)
    html = receptionist.client.get("/exchange/?list=waiting").content.decode()
    assert "UNMISTAKABLE" in html
    assert f"/referrals/{referral.pk}/" in html
    assert "UNMISTAKABLE" not in stranger.client.get("/exchange/?list=waiting").content.decode()
    assert describe(stranger.actor, [("referral", str(referral.pk))]) == {}
    Relationship.objects.all().delete()
    assert describe(receptionist.actor, [("referral", str(referral.pk))]) == {}


def test_a_message_is_downloaded_only_by_whom_may_know_its_patient(
    make_sent: Callable[..., Referral], gp: Person, make_patient: Callable[..., Patient]
) -> None:
    message = message_of(make_sent(patient=make_patient(family="Unmistakable")))
    address = f"/exchange/out/{message.pk}/sealed/"
    assert b"Unmistakable" in gp.client.get(address).content
    assert address in gp.client.get(f"/exchange/out/{message.pk}/").content.decode()
    Relationship.objects.all().delete()
    before = AuditEvent.objects.filter(action="downloaded message as it was exchanged").count()
    refused = gp.client.get(address)
    assert refused.status_code == 403
    assert b"Unmistakable" not in refused.content
    assert AuditEvent.objects.filter(action="downloaded message as it was exchanged").count() == before == 1
    page = gp.client.get(f"/exchange/out/{message.pk}/").content.decode()
    assert address not in page
    assert "Unmistakable".upper() not in page.upper()


def test_a_letter_that_came_in_leads_to_its_page_for_clinicians_only(
    make_patient: Callable[..., Patient],
    infirmary: Organisation,
    gp: Person,
    receptionist: Person,
    stranger: Person,
    make_sent: Callable[..., Referral],
) -> None:
    patient = make_patient(family="Smith", given="Jane")
    hospital = message_of(make_sent(patient=patient)).to
    letter = file_letter(infirmary, patient, "<p>Seen</p>", title="Clinic letter")
    came = came_in(hospital, state="filed", settled_at=timezone.now())
    Letter.objects.filter(pk=letter.pk).update(message_id=str(came.pk))
    asked = [("document", str(came.pk))]
    told: Any = describe(gp.actor, asked)[asked[0]]
    assert (told.text, told.href) == ("SMITH, Jane: Clinic letter", f"/patients/{patient.pk}/letters/{letter.pk}/")
    assert describe(receptionist.actor, asked)[asked[0]].href == f"/patients/{patient.pk}/"
    assert describe(stranger.actor, asked) == {}
    sealed = f"/exchange/in/{came.pk}/sealed/"
    assert gp.client.get(sealed).status_code == 200
    Relationship.objects.all().delete()
    assert gp.client.get(sealed).status_code == 403
    InboxMessage.objects.update(state="needs-review")
    assert gp.client.get(sealed).status_code == 200


def test_a_download_about_a_restricted_person_says_so(
    make_sent: Callable[..., Referral], gp: Person, make_patient: Callable[..., Patient]
) -> None:
    plain, hidden = make_patient(), make_patient(restricted=True, address="", postcode="", phone="", usual_gp="")
    for patient, warned in ((plain, False), (hidden, True)):
        page = gp.client.get(f"/exchange/out/{message_of(make_sent(patient=patient)).pk}/").content.decode()
        assert ("the file may say where this person is" in page) is warned


def test_what_was_filed_out_of_reach_is_not_called_unfiled(
    gp: Person, make_sent: Callable[..., Referral], make_patient: Callable[..., Patient]
) -> None:
    message = message_of(make_sent(patient=make_patient()))
    answer = came_in(message.to, event="servicerequest-response", answers=message, state=InboxMessage.State.FILED)
    Relationship.objects.all().delete()
    for address in ("/exchange/?list=came-in", f"/exchange/in/{answer.pk}/"):
        page = gp.client.get(address).content.decode()
        assert "Not filed to anybody" not in page
        assert "not for you to see" in page.lower()
