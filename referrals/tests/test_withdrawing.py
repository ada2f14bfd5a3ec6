"""Taking a referral back: at once while it has not left, else when its receiver has taken that, and told in words."""

import datetime as dt
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from access.models import AuditEvent
from conftest import Person
from exchange.desk import actions as desk
from exchange.errors import NeedsReview
from exchange.fhir.validate import check
from exchange.happenings import happen
from exchange.models import DeliveryAttempt, InboxMessage, OutboxMessage
from exchange.tests.second_opinion import faults
from records.models import ToEnter
from referrals import actions, inbound, panels, states
from referrals.models import Referral
from referrals.states import NotAllowedNow
from referrals.tests import examples
from referrals.tests.pages import audits, text_of

ROOT = Path(__file__).resolve().parents[2]
WHY = "Sent for the wrong knee"
Make = Callable[..., Referral]


def kinds(referral: Referral) -> list[str]:
    return list(referral.events.values_list("kind", flat=True))


def stands(referral: Referral) -> tuple[str, str]:
    found = Referral.objects.get(pk=referral.pk)
    events = list(found.events.all())
    assert (states.fold(events), states.withdrawal(events)) == (found.state, found.withdrawal)
    return found.state, found.withdrawal


@transaction.atomic
def happened(name: str, message: OutboxMessage, **fields: Any) -> None:
    """How a delivery ended, told to whoever listens."""
    OutboxMessage.objects.filter(pk=message.pk).update(**fields)
    happen(name, outbox_id=str(message.pk), concerns="referral", concerns_id=message.concerns_id)


@pytest.fixture
def delivered(make_sent: Make) -> Referral:
    """A referral that its receiver has."""
    referral = make_sent()
    message = OutboxMessage.objects.get()
    DeliveryAttempt.objects.create(
        message=message, number=1, started_at=timezone.now(), ended_at=timezone.now(), phase="reply"
    )
    happened("delivered", message, state="delivered", due_at=None)
    return Referral.objects.get(pk=referral.pk)


@pytest.fixture
def withdrawing(delivered: Referral, gp: Person) -> Referral:
    """One whose withdrawal is on its way."""
    actions.withdraw(referral=delivered, version=delivered.version, reason=WHY, by=gp.actor)
    return Referral.objects.get(pk=delivered.pk)


def of_withdrawal() -> OutboxMessage:
    return OutboxMessage.objects.exclude(cancels=None).get()


# The act --------------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_what_has_not_left_is_stopped_and_withdrawn_at_once(make_sent: Make, gp: Person, rung: list[str]) -> None:
    referral = make_sent()
    actions.withdraw(referral=referral, version=referral.version, reason=WHY, by=gp.actor)
    assert stands(referral) == ("withdrawn", "")
    assert kinds(referral) == ["drafted", "sent", "stopped"]
    message = OutboxMessage.objects.get()
    assert (message.state, message.due_at) == ("set-aside", None)
    assert audits("withdrew referral") == 1
    assert ToEnter.objects.filter(became="withdrawn", title__startswith="Referral withdrawn: Heart failure").exists()
    with pytest.raises(desk.NotAllowedNow, match="withdrawn"):
        desk.send_again(message=message, by=gp.actor)
    message.refresh_from_db()
    assert message.state == "set-aside"  # nothing goes out afterwards, whoever presses what


@pytest.mark.requirement("BARS-CAN-2", "BARS-CODE-2")
@pytest.mark.django_db
def test_what_arrived_is_taken_back_by_a_message_in_the_same_conversation(delivered: Referral, gp: Person) -> None:
    first = OutboxMessage.objects.get()
    actions.withdraw(referral=delivered, version=delivered.version, reason=f" {WHY} ", by=gp.actor)
    assert stands(delivered) == ("delivered", "on-its-way")
    message = of_withdrawal()
    assert (message.cancels, message.bundle_id, message.correlation_id) == (
        *(first, first.bundle_id),
        first.correlation_id,
    )
    assert message.request_id != first.request_id
    assert message.headers["use-context"] == "gp-to-hospital|referral|servicerequest-request|update"
    sent = json.loads(message.payload)
    header, request = (entry["resource"] for entry in sent["entry"][:2])
    assert header["reason"]["coding"][0]["code"] == "update"
    assert (request["status"], request["note"]) == ("revoked", [{"text": WHY}])
    assert request["identifier"][0]["value"] == str(delivered.pk)
    assert delivered.events.get(kind="withdrawing").says == {"reason": WHY}
    assert audits("withdrew referral") == 1


@pytest.mark.django_db
def test_one_that_was_tried_and_may_have_arrived_is_taken_back_after_it(make_sent: Make, gp: Person) -> None:
    referral, first = make_sent(), OutboxMessage.objects.get()
    now = timezone.now()
    DeliveryAttempt.objects.create(message=first, number=1, started_at=now, ended_at=now, phase="await-reply")
    actions.withdraw(referral=referral, version=referral.version, reason=WHY, by=gp.actor)
    first.refresh_from_db()
    assert first.state == "queued"
    assert stands(referral) == ("sent", "on-its-way")
    assert of_withdrawal().cancels == first


@pytest.mark.django_db
@pytest.mark.parametrize("reason", ["", "  ", "\n"])
def test_without_a_reason_nothing_is_withdrawn(delivered: Referral, make_sent: Make, gp: Person, reason: str) -> None:
    for referral in (delivered, make_sent()):
        with pytest.raises(NotAllowedNow, match="why"):
            actions.withdraw(referral=referral, version=referral.version, reason=reason, by=gp.actor)
        assert stands(referral)[1] == ""
    assert not OutboxMessage.objects.filter(state="set-aside").exists()
    assert OutboxMessage.objects.count() == 2
    assert audits("withdrew referral") == 0


@pytest.mark.django_db
def test_an_older_version_withdraws_nothing(make_sent: Make, gp: Person) -> None:
    referral = make_sent()
    with pytest.raises(actions.ChangedMeanwhile):
        actions.withdraw(referral=referral, version=1, reason=WHY, by=gp.actor)
    assert stands(referral) == ("sent", "")
    assert OutboxMessage.objects.get().state == "queued"


@pytest.mark.django_db
def test_it_is_withdrawn_once_at_a_time(withdrawing: Referral, gp: Person) -> None:
    with pytest.raises(NotAllowedNow, match="on its way"):
        actions.withdraw(referral=withdrawing, version=withdrawing.version, reason=WHY, by=gp.actor)
    assert OutboxMessage.objects.count() == 2


@pytest.mark.requirement("BARS-CAN-3")
@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["rejected", "completed", "letter-filed"])
def test_what_came_to_an_end_is_not_withdrawn(delivered: Referral, gp: Person, kind: str) -> None:
    actions.record_event(referral=delivered, kind=kind, by=gp.actor)
    with pytest.raises(NotAllowedNow, match="nothing to withdraw"):
        actions.withdraw(referral=delivered, version=delivered.version, reason=WHY, by=gp.actor)
    assert OutboxMessage.objects.count() == 1


@pytest.mark.django_db
def test_if_the_message_cannot_be_made_nothing_happened(
    delivered: Referral, gp: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **more: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("referrals.actions.record_event", fail)
    with pytest.raises(RuntimeError):
        actions.withdraw(referral=delivered, version=delivered.version, reason=WHY, by=gp.actor)
    assert OutboxMessage.objects.count() == 1
    assert audits("withdrew referral") == 0


@pytest.mark.django_db
def test_what_is_kept_no_longer_cannot_be_withdrawn_from_here(delivered: Referral, gp: Person) -> None:
    DeliveryAttempt.objects.all().delete()
    OutboxMessage.objects.all().delete()
    with pytest.raises(NotAllowedNow, match="too long ago"):
        actions.withdraw(referral=delivered, version=delivered.version, reason=WHY, by=gp.actor)


# How it went ----------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_it_is_withdrawn_when_the_receiver_has_taken_it(withdrawing: Referral) -> None:
    happened("delivered", of_withdrawal(), state="delivered")
    assert stands(withdrawing) == ("withdrawn", "")
    assert kinds(withdrawing)[-2:] == ["withdrawing", "taken-back"]
    assert ToEnter.objects.filter(became="withdrawn").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "fields", "says"),
    [
        (
            "refused",
            {"trouble": "not-active", "answer": '{"resourceType": "ServiceRequest", "status": "completed"}'},
            {"why": "not-active", "status": "completed"},
        ),
        (
            "refused",
            {"trouble": "not-active", "answer": '{"resourceType": "ServiceRequest", "status": "SECRET"}'},
            {"why": "not-active"},
        ),
        ("refused", {"trouble": "not-there", "answer": "<html>"}, {"why": "not-there"}),
        ("refused", {"trouble": "refused", "answer": ""}, {"why": "refused"}),
        ("expired", {}, {"why": "expired"}),
        ("set_aside", {}, {"why": "set-aside"}),
    ],
)
def test_what_they_do_not_take_stays_and_is_ours_to_see_to(
    withdrawing: Referral, gp: Person, name: str, fields: dict[str, str], says: dict[str, str]
) -> None:
    happened(name, of_withdrawal(), **fields)
    assert stands(withdrawing) == ("delivered", "failed")
    event = withdrawing.events.last()
    assert event is not None
    assert (event.kind, event.says) == ("not-withdrawn", says)
    told = panels.worklist(gp.actor, "next", 1, at_most=10)
    assert [row.referral for row in told["rows"]] == [withdrawing]
    assert told["rows"][0].standing.ours


@pytest.mark.django_db
def test_after_that_it_is_withdrawn_again_or_left(withdrawing: Referral, gp: Person) -> None:
    happened("refused", of_withdrawal(), state="refused", trouble="not-active", answer="{}")
    again = Referral.objects.get(pk=withdrawing.pk)
    actions.let_stand(referral=again, version=again.version, by=gp.actor)
    assert stands(withdrawing) == ("delivered", "")
    assert panels.worklist(gp.actor, "next", 1, at_most=10)["rows"] == []
    again.refresh_from_db()
    with pytest.raises(NotAllowedNow, match="Nothing was refused"):
        actions.let_stand(referral=again, version=again.version, by=gp.actor)
    actions.withdraw(referral=again, version=again.version, reason=WHY, by=gp.actor)
    assert stands(withdrawing) == ("delivered", "on-its-way")


@pytest.mark.django_db
def test_the_desk_sends_a_withdrawal_again(withdrawing: Referral) -> None:
    happened("refused", of_withdrawal(), state="refused", trouble="refused")
    happened("sent_again", of_withdrawal(), state="queued", trouble="")
    assert stands(withdrawing) == ("delivered", "on-its-way")
    happened("delivered", of_withdrawal(), state="delivered")
    assert stands(withdrawing) == ("withdrawn", "")


@pytest.mark.django_db
def test_answers_go_on_to_count_while_it_is_on_its_way(
    withdrawing: Referral, answer: Callable[..., InboxMessage], file: Callable[[InboxMessage], None]
) -> None:
    first = OutboxMessage.objects.get(cancels=None)
    OutboxMessage.objects.exclude(pk=first.pk).update(concerns_id="elsewhere")  # the fixture looks for the only one
    came = answer(withdrawing, "accepted")
    OutboxMessage.objects.exclude(pk=first.pk).update(concerns_id=str(withdrawing.pk))
    file(came)
    assert stands(withdrawing) == ("accepted", "on-its-way")
    happened("delivered", of_withdrawal(), state="delivered")
    assert stands(withdrawing) == ("withdrawn", "")
    late = json.loads(came.payload)
    late["entry"][2]["resource"]["authoredOn"] = (timezone.now() + dt.timedelta(minutes=1)).isoformat()
    came.payload = json.dumps(late)
    with pytest.raises(NeedsReview, match="after it was withdrawn"), transaction.atomic():
        inbound.handle(came)
    assert stands(withdrawing) == ("withdrawn", "")


# The message ----------------------------------------------------------------------------------------------------------
@pytest.mark.requirement("BARS-CAN-2")
@pytest.mark.parametrize("name", sorted(examples.WITHDRAWN))
def test_the_withdrawal_is_the_golden_one(name: str) -> None:
    message = examples.withdrawal(examples.WITHDRAWN[name]())
    assert message == examples.read(name)
    assert check(message) == []
    assert faults(message) == []
    urls = [entry["fullUrl"] for entry in message["entry"]]
    assert len(set(urls)) == len(urls)
    assert set(re.findall(r'"reference": "([^"]+)"', json.dumps(message))) <= set(urls)
    assert all("id" not in entry["resource"] for entry in message["entry"])


@pytest.mark.requirement("BARS-CAN-2")
@pytest.mark.parametrize("name", sorted(examples.WITHDRAWN))
def test_it_belongs_to_the_first_message_and_is_told_from_it(name: str) -> None:
    referral = examples.WITHDRAWN[name]()
    first, back = examples.bundle(referral), examples.withdrawal(referral)
    assert (back["id"], back["meta"]["versionId"]) == (first["id"], first["meta"]["versionId"])
    assert back["entry"][0]["fullUrl"] != first["entry"][0]["fullUrl"]
    assert back["entry"][1]["fullUrl"] == first["entry"][1]["fullUrl"]
    assert back["entry"][1]["resource"]["occurrencePeriod"] == first["entry"][1]["resource"]["occurrencePeriod"]
    later = examples.WITHDRAWN[name]()
    later.version = 9
    assert examples.withdrawal(later)["entry"][0]["fullUrl"] != back["entry"][0]["fullUrl"]


@pytest.mark.requirement("BARS-CAN-2")
@pytest.mark.parametrize("name", sorted(examples.WITHDRAWN))
def test_a_receiver_in_another_process_takes_it(name: str) -> None:
    """The sandbox partners restate the rules in their own code and import nothing of ours."""
    program = (
        "import json, sys; from sandbox.bars import check as c; m = json.load(sys.stdin);"
        "k = m['entry'][1]['resource']['category'][0]['coding'][1]; t = sys.argv[1];"
        "a = c.Accepts([t], [m['meta']['versionId']], [(k['system'], k['code'])]);"
        "print(c.check_cancellation(m, a, t))"
    )
    service = examples.WITHDRAWN[name]().service.service_id
    told = subprocess.run(
        [sys.executable, "-c", program, service],
        input=json.dumps(examples.read(name)),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    assert told.stdout.strip() == "revoked"


# Pages ----------------------------------------------------------------------------------------------------------------
def url(referral: Referral, name: str = "withdraw") -> str:
    return reverse(f"referrals:{name}", args=[referral.pk])


@pytest.mark.django_db
def test_from_the_page_it_is_asked_why(delivered: Referral, gp: Person) -> None:
    client = gp.client
    assert url(delivered) in client.get(url(delivered, "referral")).content.decode()
    page = client.get(url(delivered))
    assert "Northern Infirmary is told, and must agree" in text_of(page)
    assert audits("opened withdrawal") == 1
    assert re.search(r"<textarea[^>]*>\s*</textarea>", page.content.decode())  # nothing stands there already
    wrong = client.post(url(delivered), {"version": delivered.version, "reason": " "})
    assert wrong.status_code == 422
    assert "Enter why it is withdrawn" in text_of(wrong)
    assert stands(delivered) == ("delivered", "")
    done = client.post(url(delivered), {"version": delivered.version, "reason": WHY}, follow=True)
    text = text_of(done)
    assert "Withdrawal is on its way to Northern Infirmary" in text
    assert f"Withdrawal sent to Northern Infirmary by Dr A Khan: {WHY}" in text
    assert url(delivered) not in done.content.decode()  # once at a time
    at_the_desk = text_of(client.get(reverse("exchange:desk-message", args=["out", of_withdrawal().pk])))
    assert "Withdrawal of a referral" in at_the_desk
    assert client.get(url(delivered)).status_code == 302
    assert client.post(url(delivered), {"version": "9", "reason": WHY}).status_code == 302
    assert OutboxMessage.objects.count() == 2


@pytest.mark.django_db
def test_what_they_did_not_take_is_told_and_can_be_left(withdrawing: Referral, gp: Person) -> None:
    answer = '{"resourceType": "ServiceRequest", "status": "completed"}'
    happened("refused", of_withdrawal(), trouble="not-active", answer=answer)
    page = gp.client.get(url(withdrawing, "referral"))
    text = text_of(page)
    assert "They have already seen this patient. Ring Northern Infirmary." in text
    assert "Not withdrawn: They have already seen this patient. Ring them." in text
    assert "not-active" not in page.content.decode()
    version = Referral.objects.get().version
    stale = gp.client.post(url(withdrawing, "let-stand"), {"version": "1"}, follow=True)
    assert "Somebody changed this referral" in text_of(stale)
    done = gp.client.post(url(withdrawing, "let-stand"), {"version": version}, follow=True)
    assert "Left with Northern Infirmary" in text_of(done)
    assert stands(withdrawing) == ("delivered", "")


@pytest.mark.django_db
def test_before_it_left_the_page_says_so(make_sent: Make, gp: Person) -> None:
    referral = make_sent()
    done = gp.client.post(url(referral), {"version": referral.version, "reason": WHY}, follow=True)
    assert "Withdrawn before it left. It will not be sent." in text_of(done)
    assert f"Withdrawn by Dr A Khan before it left: {WHY}" in text_of(done)


@pytest.mark.django_db
def test_only_who_writes_referrals_withdraws(
    delivered: Referral, receptionist: Person, stranger: Person, hospital_clinician: Person
) -> None:
    for person, status in ((receptionist, 403), (stranger, 404), (hospital_clinician, 403)):
        for name in ("withdraw", "let-stand"):
            told = person.client.post(url(delivered, name), {"version": delivered.version, "reason": WHY})
            assert told.status_code == status
        assert person.client.get(url(delivered)).status_code == status
    assert "Withdraw" not in receptionist.client.get(url(delivered, "referral")).content.decode()
    assert stands(delivered) == ("delivered", "")
    assert not AuditEvent.objects.filter(action__in=["withdrew referral", "opened withdrawal"]).exists()
