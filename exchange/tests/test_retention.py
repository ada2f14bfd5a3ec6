"""Content that was settled long ago goes; what is kept, needed or not settled stays."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from access.models import AuditEvent
from conftest import Person
from exchange import outbox, retention
from exchange.desk import actions
from exchange.desk.actions import NotAllowedNow
from exchange.models import InboxMessage, OutboxMessage, Partner, UsedAssertion
from exchange.tests import listening
from exchange.tests.arriving import came_in
from exchange.tests.stub import Stub

pytestmark = pytest.mark.django_db
Put = Callable[..., OutboxMessage]


def old(message: OutboxMessage | InboxMessage, **changes: Any) -> None:
    past = timezone.now() - dt.timedelta(days=settings.KEEP_MESSAGES_DAYS, minutes=1)
    type(message).objects.filter(pk=message.pk).update(settled_at=past, **changes)


def test_old_content_goes_and_everything_else_of_the_message_stays(
    put: Put, hospital: Partner, stub_partner: Stub
) -> None:
    sent, young = put(), put()
    outbox.deliver(sent.pk)
    outbox.deliver(young.pk)
    came = came_in(hospital, "{}", state="filed", reply="{}")
    old(sent)
    old(came)
    done = retention.remove_old()
    assert (done["sent"], done["received"]) == (1, 1)
    for one in (sent, young, came):
        one.refresh_from_db()
    assert (sent.payload, sent.answer, came.payload, came.reply) == ("", "", "", "")
    assert sent.content_removed_at is not None
    assert (len(sent.sha256), sent.state, sent.tries.count()) == (64, "delivered", 1)
    assert young.payload
    noted = AuditEvent.objects.filter(action="removed content of old messages").values_list("note", flat=True)
    assert set(noted) == {"1 sent", "1 received"}
    again = retention.remove_old()
    assert (again["sent"], again["received"]) == (0, 0)


@pytest.mark.parametrize("state", ["queued", "handed-over", "refused", "expired", "uncollected"])
def test_what_is_not_settled_for_a_person_stays(state: str, put: Put) -> None:
    message = put()
    old(message, state=state)
    assert retention.remove_old()["sent"] == 0
    message.refresh_from_db()
    assert message.payload


@pytest.mark.parametrize("state", ["received", "needs-review"])
def test_what_nobody_has_dealt_with_stays(state: str, hospital: Partner) -> None:
    message = came_in(hospital, "{}", state=state)
    old(message)
    assert retention.remove_old()["received"] == 0


def test_what_a_room_above_needs_stays(put: Put, hospital: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    messages = [put() for _ in range(5)]
    for message in messages:
        old(message, state="set-aside")
    listening.NEEDS.update(one.pk for one in messages[:3])
    assert retention.remove_old()["sent"] == 2
    kept = OutboxMessage.objects.filter(content_removed_at=None).values_list("pk", flat=True)
    assert set(kept) == {one.pk for one in messages[:3]}


def test_nothing_goes_when_the_setting_says_so(put: Put, settings: Any) -> None:
    message = put()
    old(message, state="set-aside")
    settings.KEEP_MESSAGES_DAYS = 0
    assert "sent" not in retention.remove_old()
    message.refresh_from_db()
    assert message.payload


def test_used_up_assertions_go(hospital: Partner) -> None:
    now = timezone.now()
    for jti, expires_at in (("past", now - dt.timedelta(seconds=1)), ("holds", now + dt.timedelta(minutes=1))):
        UsedAssertion.objects.create(partner=hospital, jti=jti, expires_at=expires_at)
    assert retention.remove_old()["assertions"] == 1
    assert UsedAssertion.objects.get().jti == "holds"


def test_the_desk_says_so_and_neither_gives_nor_sends_an_empty_message(put: Put, gp: Person) -> None:
    message = put(by=gp.actor)
    old(message, state="set-aside")
    retention.remove_old()
    page = gp.client.get(f"/exchange/out/{message.pk}/").content.decode()
    assert "The content was removed on" in page
    assert "/sealed/" not in page
    assert gp.client.get(f"/exchange/out/{message.pk}/sealed/").status_code == 404
    message.refresh_from_db()
    with pytest.raises(NotAllowedNow, match="removed"):
        actions.send_again(message=message, by=gp.actor)
    message.refresh_from_db()
    assert message.state == "set-aside"
