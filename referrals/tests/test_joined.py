"""A draft for somebody who was joined to another record since: it is the kept patient who is sent and shown."""

import json
from collections.abc import Callable

import pytest

from conftest import Person
from exchange.models import OutboxMessage
from records.models import Patient
from records.people.actions import merge
from records.screen.joined import preview
from referrals.actions import send
from referrals.models import Referral
from referrals.states import NotAllowedNow

pytestmark = pytest.mark.django_db


def test_the_kept_patient_is_sent_and_stands_on_the_page(
    make_draft: Callable[..., Referral], make_patient: Callable[..., Patient], gp: Person
) -> None:
    draft = make_draft()
    kept = make_patient(family="Keptname", given="Ann")
    merge(kept=kept, other=draft.patient, reason="Rang her", by=gp.actor)
    page = gp.client.get(f"/referrals/{draft.pk}/").content.decode()
    assert "KEPTNAME, Ann" in page
    send(referral=draft, version=draft.version, by=gp.actor)
    sent = json.loads(OutboxMessage.objects.get().payload)
    people = [e["resource"] for e in sent["entry"] if e["resource"]["resourceType"] == "Patient"]
    assert people[0]["name"][0]["family"] == "Keptname"
    assert Referral.objects.get().patient_id == draft.patient_id  # no row of ours was rewritten


def test_the_preview_counts_referrals_of_each_whoever_wrote_them(
    make_draft: Callable[..., Referral], make_sent: Callable[..., Referral], make_patient: Callable[..., Patient],
    gp: Person,
) -> None:  # fmt: skip
    one, other = make_patient(phone="01632 960148"), make_patient(nhs_number="", nhs_number_status="absent")
    joined = make_patient(registered_at=None, nhs_number="", nhs_number_status="absent")
    merge(kept=one, other=joined, reason="Rang her", by=gp.actor)
    make_draft(patient=joined)
    make_sent(patient=one)
    sides = [side.counts for side in preview(gp.actor, one, other).sides]
    assert sides == [("referrals 2",), ()]
    assert "referrals 2" in gp.client.get(f"/patients/{one.pk}/merge/{other.pk}/").content.decode()


def test_nothing_is_sent_for_the_kept_who_has_died(
    make_draft: Callable[..., Referral], make_patient: Callable[..., Patient], gp: Person
) -> None:
    draft = make_draft()
    merge(kept=make_patient(deceased=True), other=draft.patient, reason="Rang her", by=gp.actor)
    with pytest.raises(NotAllowedNow):
        send(referral=draft, version=draft.version, by=gp.actor)
    assert not OutboxMessage.objects.exists()
