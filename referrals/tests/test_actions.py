"""Writing, changing, sending and withdrawing; all or nothing, nobody overwritten, every history refolded."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from access.models import AuditEvent
from conftest import Person
from exchange.models import OutboxMessage, Partner, Service
from records.models import Patient, Relationship, ToEnter
from referrals import actions, stages, states
from referrals.actions import ChangedMeanwhile
from referrals.fhir import Unsendable
from referrals.models import Referral, ReferralEvent
from referrals.states import NotAllowedNow

pytestmark = pytest.mark.django_db
MONDAY = dt.datetime(2026, 11, 23, 9, 14, tzinfo=dt.UTC)


def audited(action: str, patient: Patient) -> int:
    return AuditEvent.objects.filter(action=action, patient_id=patient.pk).count()


def kinds(referral: Referral) -> list[str]:
    return list(referral.events.values_list("kind", flat=True))


# Drafts ---------------------------------------------------------------------------------------------------------------
def test_a_draft_is_kept_and_nothing_goes_out(make_draft: Callable[..., Referral], gp: Person, rung: list[str]) -> None:
    referral = make_draft()
    assert (referral.state, referral.version, kinds(referral)) == ("draft", 1, ["drafted"])
    assert (referral.organisation, referral.author) == (gp.membership.organisation, gp.user)
    assert audited("wrote referral", referral.patient) == 1
    assert referral.due_on == stages.RULES.limits["urgent", "send"].due(timezone.localdate())
    assert not OutboxMessage.objects.exists()
    assert not Relationship.objects.filter(kind="referred").exists()
    assert rung == []


def test_nobody_is_referred_who_has_died(
    make_draft: Callable[..., Referral], make_patient: Callable[..., Patient], gp: Person
) -> None:
    with pytest.raises(NotAllowedNow, match="died"):
        make_draft(patient=make_patient(deceased=True))
    assert not Referral.objects.exists()
    died_meanwhile = make_draft()
    Patient.objects.filter(pk=died_meanwhile.patient_id).update(deceased=True)
    with pytest.raises(NotAllowedNow, match="died"):
        actions.send(referral=died_meanwhile, version=1, by=gp.actor)
    assert not OutboxMessage.objects.exists()


def test_a_draft_is_changed(make_draft: Callable[..., Referral], nurse: Person, blood_pressure: Service) -> None:
    referral = make_draft()
    written: dict[str, Any] = {
        "service": blood_pressure,
        "priority": "routine",
        "reason": "BP 160/95",
        "clinical_summary": "",
    }
    actions.edit(referral=referral, version=1, by=nurse.actor, **written)
    again = Referral.objects.get(pk=referral.pk)
    assert (again.service, again.reason, again.version) == (blood_pressure, "BP 160/95", 2)
    assert kinds(again) == ["drafted", "edited"]
    assert audited("changed referral", again.patient) == 1


@pytest.mark.parametrize("act", ["edit", "send", "withdraw"])
def test_an_older_version_overwrites_nothing(make_draft: Callable[..., Referral], gp: Person, act: str) -> None:
    referral = make_draft()
    written: dict[str, Any] = {"service": referral.service, "priority": "routine", "clinical_summary": ""}
    actions.edit(referral=referral, version=1, reason="first", by=gp.actor, **written)
    more: dict[str, Any] = {**written, "reason": "second"} if act == "edit" else {}
    with pytest.raises(ChangedMeanwhile):
        getattr(actions, act)(referral=referral, version=1, by=gp.actor, **more)
    again = Referral.objects.get(pk=referral.pk)
    assert (again.reason, again.version, again.state) == ("first", 2, "draft")
    assert not OutboxMessage.objects.exists()


def test_a_draft_is_withdrawn_and_stays_in_the_history(make_draft: Callable[..., Referral], gp: Person) -> None:
    referral = make_draft()
    actions.withdraw(referral=referral, version=1, by=gp.actor)
    assert Referral.objects.get(pk=referral.pk).state == "withdrawn"
    assert kinds(referral) == ["drafted", "withdrawn"]
    assert audited("withdrew referral", referral.patient) == 1


# Sending --------------------------------------------------------------------------------------------------------------
def test_sending_is_one_act(
    make_draft: Callable[..., Referral],
    gp: Person,
    hospital: Partner,
    rung: list[str],
    django_capture_on_commit_callbacks: Any,
) -> None:
    referral = make_draft()
    with time_machine.travel(MONDAY, tick=False), django_capture_on_commit_callbacks(execute=True):
        message = actions.send(referral=referral, version=1, by=gp.actor)
    sent = Referral.objects.get(pk=referral.pk)
    assert (sent.state, sent.version, sent.sent_at) == ("sent", 2, MONDAY)
    assert sent.due_on == dt.date(2026, 11, 25)
    assert sent.events.get(kind="sent").outbox_id == message.pk
    assert (message.to, message.event) == (hospital, "servicerequest-request")
    assert (message.concerns, message.concerns_id) == ("referral", str(referral.pk))
    assert json.loads(message.payload)["id"] == message.bundle_id
    granted = Relationship.objects.get(kind="referred", patient=referral.patient)
    assert (granted.organisation, granted.why) == (hospital.organisation, "referral to Heart failure clinic")
    assert audited("sent referral", referral.patient) == 1
    assert rung == [str(message.pk)]


def test_sending_moves_no_record(make_sent: Callable[..., Referral], gp: Person) -> None:
    referral = make_sent()
    kept = Relationship.objects.get(patient=referral.patient, organisation=referral.organisation, kind="registered")
    assert kept.until is None


def test_a_second_referral_to_the_same_hospital_keeps_the_one_relationship(
    make_sent: Callable[..., Referral], make_patient: Callable[..., Patient]
) -> None:
    patient = make_patient(phone="01632 960148")
    make_sent(patient=patient)
    make_sent(patient=patient)
    assert Relationship.objects.filter(patient=patient, kind="referred").count() == 1


def test_nothing_is_sent_twice(make_sent: Callable[..., Referral], gp: Person) -> None:
    referral = make_sent()
    with pytest.raises(NotAllowedNow):
        actions.send(referral=referral, version=referral.version, by=gp.actor)
    assert OutboxMessage.objects.count() == 1


@pytest.mark.parametrize("act", ["edit", "withdraw"])
@pytest.mark.requirement("BARS-CAN-3")
def test_what_was_sent_is_not_changed(make_sent: Callable[..., Referral], gp: Person, act: str) -> None:
    referral = make_sent()
    more = {"service": referral.service, "priority": "routine", "reason": "x", "clinical_summary": ""}
    with pytest.raises(NotAllowedNow):
        getattr(actions, act)(
            referral=referral, version=referral.version, by=gp.actor, **(more if act == "edit" else {})
        )
    assert kinds(referral) == ["drafted", "sent"]


def test_sending_leaves_a_line_still_to_enter(make_draft: Callable[..., Referral], gp: Person) -> None:
    referral = make_draft()
    assert not ToEnter.objects.exists()
    actions.send(referral=referral, version=1, by=gp.actor)
    line = ToEnter.objects.get()
    assert (line.patient, line.organisation, line.settled_at) == (referral.patient, referral.organisation, None)
    assert (line.about, line.about_id, line.became) == ("referral", str(referral.pk), "sent")
    assert line.title == "Referral sent: Heart failure clinic, Northern Infirmary"
    page = gp.client.get("/still-to-enter/").content.decode()
    assert line.title in page
    assert "Urgent. Breathless on one flight of stairs" in page


@pytest.mark.parametrize("broken", ["outbox.put", "relate", "list_to_enter", "audit.record"])
@pytest.mark.django_db(transaction=True)
def test_if_any_part_of_sending_fails_nothing_happened(
    make_draft: Callable[..., Referral], gp: Person, monkeypatch: pytest.MonkeyPatch, broken: str, rung: list[str]
) -> None:
    referral = make_draft()
    audits = AuditEvent.objects.count()

    def fail(**_: Any) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(f"referrals.actions.{broken}", fail)
    with pytest.raises(RuntimeError, match="on purpose"):
        actions.send(referral=referral, version=1, by=gp.actor)
    again = Referral.objects.get(pk=referral.pk)
    assert (again.state, again.version, again.sent_at) == ("draft", 1, None)
    assert again.clock is not None
    assert (again.clock.stage, again.clock.turn) == ("send", 1)
    assert kinds(again) == ["drafted"]
    assert not OutboxMessage.objects.exists()
    assert not Relationship.objects.filter(kind="referred").exists()
    assert not ToEnter.objects.exists()
    assert AuditEvent.objects.count() == audits
    assert rung == []


def test_a_service_without_a_system_cannot_be_sent_to(
    make_draft: Callable[..., Referral], gp: Person, hospital: Partner
) -> None:
    referral = make_draft()
    Partner.objects.update(enabled=False)
    with pytest.raises(Unsendable, match="cannot be reached"):
        actions.send(referral=referral, version=1, by=gp.actor)
    assert Referral.objects.get(pk=referral.pk).state == "draft"


def test_without_any_telephone_it_is_not_sent_and_says_why(make_draft: Callable[..., Referral], gp: Person) -> None:
    referral = make_draft()
    Patient.objects.update(phone="")
    referral.organisation.phone = ""
    referral.organisation.save()
    with pytest.raises(Unsendable, match="telephone"):
        actions.send(referral=referral, version=1, by=gp.actor)
    assert not OutboxMessage.objects.exists()


def test_the_message_names_who_sends(make_draft: Callable[..., Referral], nurse: Person) -> None:
    referral = make_draft()
    message = actions.send(referral=referral, version=1, by=nurse.actor)
    found = {e["resource"]["resourceType"]: e["resource"] for e in json.loads(message.payload)["entry"]}
    assert found["Practitioner"]["name"][0]["text"] == "Bev Hughes"
    assert found["PractitionerRole"]["code"][0]["text"] == "Nurse"


# The history ----------------------------------------------------------------------------------------------------------
def test_every_state_is_the_fold_of_its_history(make_sent: Callable[..., Referral], gp: Person) -> None:
    heard = ["booked", "accepted", "delivered", "letter-filed", "letter-filed", "rejected", "completed", "expired"]
    referral = make_sent()
    assert referral.sent_at is not None
    for n, kind in enumerate(heard):
        at = referral.sent_at + dt.timedelta(hours=len(heard) - n)
        says = {"starts": "2026-12-08T10:20:00+00:00"} if kind == "booked" else {}
        actions.record_event(referral=referral, kind=kind, by=gp.actor, at=at, says=says)
    for one in Referral.objects.all():
        events = list(one.events.all())
        assert one.state == states.fold(events)
        assert one.version == len(events) == events[-1].number
        assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert kinds(referral) == ["drafted", "sent", *heard]


def test_the_deadline_follows_the_state(make_draft: Callable[..., Referral], gp: Person) -> None:
    referral = make_draft(priority=Referral.Priority.URGENT)
    with time_machine.travel(MONDAY, tick=False):
        actions.send(referral=referral, version=1, by=gp.actor)
        due = [Referral.objects.get().due_on]
        for kind, says in (("accepted", {}), ("booked", {"starts": "2026-12-08T10:20:00+00:00"}), ("letter-filed", {})):
            actions.record_event(referral=referral, kind=kind, by=gp.actor, says=says)
            due.append(Referral.objects.get().due_on)
    assert due == [dt.date(2026, 11, 25), dt.date(2026, 12, 7), dt.date(2026, 12, 15), None]


def test_a_history_is_never_changed_by_what_comes_later(make_sent: Callable[..., Referral], gp: Person) -> None:
    referral = make_sent()
    before = list(ReferralEvent.objects.values())
    actions.record_event(referral=referral, kind="accepted", by=gp.actor)
    assert list(ReferralEvent.objects.values())[: len(before)] == before


@pytest.mark.django_db(transaction=True)
def test_two_events_at_once_both_count(make_sent: Callable[..., Referral], gp: Person) -> None:
    """Each takes the row: numbers are never doubled and the fold sees both."""
    import threading

    from django.db import connection

    referral = make_sent()
    start = threading.Barrier(2)

    def record(kind: str) -> None:
        start.wait()
        actions.record_event(referral=Referral.objects.get(pk=referral.pk), kind=kind, by=gp.actor)
        connection.close()

    threads = [threading.Thread(target=record, args=(kind,)) for kind in ("delivered", "accepted")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    again = Referral.objects.get(pk=referral.pk)
    assert (again.state, again.version) == ("accepted", 4)
    assert sorted(kinds(again)) == ["accepted", "delivered", "drafted", "sent"]


def test_only_record_event_writes_the_state() -> None:
    """No other line of ours assigns a referral's state; requests received have a history and a writer of their own."""
    import re
    from pathlib import Path

    room = Path(actions.__file__).parent
    written = re.compile(r"\.(?:state|withdrawal)\s*=[^=]|update\([^)]*\b(?:state|withdrawal)\s*=")
    found = [p for p in room.rglob("*.py") if not {"tests", "migrations"} & set(p.parts)]
    writers = {p.relative_to(room).as_posix() for p in found if written.search(p.read_text())}
    assert writers == {"actions.py", "received/actions.py"}
    assert len(written.findall(Path(actions.__file__).read_text())) == 2


def test_an_audit_row_stands_beside_every_act(make_draft: Callable[..., Referral], gp: Person) -> None:
    with transaction.atomic():
        referral = make_draft()
        actions.send(referral=referral, version=1, by=gp.actor)
    said = AuditEvent.objects.filter(object_type="Referral").values_list("action", "actor_name", "role")
    assert list(said) == [("wrote referral", "Dr A Khan", "gp"), ("sent referral", "Dr A Khan", "gp")]
    assert not AuditEvent.objects.filter(note__icontains="breathless").exists()
