"""A referral that goes by MESH, as staff see it: handed over, then not collected, then a person's to act on."""

from typing import Any

import pytest
from django.utils import timezone

from access.models import Organisation
from conftest import Person
from exchange.mesh import tracking
from exchange.models import Handover, Mailbox, OutboxMessage
from referrals.models import Referral
from referrals.tests.pages import page, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def handed_over(make_sent: Any, riverside: Organisation) -> Handover:
    """A referral's message that MESH took."""
    referral = make_sent()
    mailbox = Mailbox.objects.create(organisation=riverside, mailbox_id="X26HC005", url="https://mesh.example")
    sent = OutboxMessage.objects.get(concerns_id=str(referral.pk))
    OutboxMessage.objects.update(state="handed-over", handed_over_at=timezone.now(), due_at=None)
    return Handover.objects.create(message=sent, mailbox=mailbox, mesh_message_id="M1", look_at=timezone.now())


@pytest.mark.requirement("MESH-12", "MESH-13")
def test_what_nobody_collects_stands_on_the_referral_and_on_its_worklist_once(
    handed_over: Handover, gp: Person, receptionist: Person
) -> None:
    referral = Referral.objects.get()
    said = text_of(page(gp.client, "referral", referral.pk))
    assert "Handed over to MESH" in said
    assert "Northern Infirmary has not collected it yet." in said
    assert [tracking.came_back(handed_over.pk, "14"), tracking.came_back(handed_over.pk, "14")] == [True, False]
    referral.refresh_from_db()
    assert referral.state == "not-delivered"
    said = text_of(page(gp.client, "referral", referral.pk))
    assert "Nobody at Northern Infirmary collected this in five days. Ring them or send it another way." in said
    assert said.count("Not delivered: nobody at Northern Infirmary collected it in five days") == 1
    listed = text_of(receptionist.client.get("/referrals/?list=not-delivered"))
    assert "Nobody at Northern Infirmary collected this in five days." in listed
    assert "Nobody at Northern Infirmary collected this" in text_of(gp.client.get("/exchange/"))


def test_what_is_collected_is_delivered(handed_over: Handover, gp: Person) -> None:
    assert [tracking.collected(handed_over.pk), tracking.collected(handed_over.pk)] == [True, False]
    referral = Referral.objects.get()
    assert referral.state == "delivered"
    assert text_of(page(gp.client, "referral", referral.pk)).count("Delivered to Northern Infirmary") == 1
