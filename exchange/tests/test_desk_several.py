"""Several messages at once: each is an act of its own, the same bytes go, nobody acts beyond their reach."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from access.models import AuditEvent
from conftest import Person
from exchange.desk import actions
from exchange.models import InboxMessage, OutboxMessage
from exchange.tests.arriving import came_in

pytestmark = pytest.mark.django_db
Put = Callable[..., OutboxMessage]
ADDRESS = "/exchange/several/"


@pytest.fixture
def stopped(put: Put) -> list[OutboxMessage]:
    """Three messages that were given up."""
    made = [put() for _ in range(3)]
    OutboxMessage.objects.update(state="expired", due_at=None)
    return made


def states() -> list[str]:
    return sorted(OutboxMessage.objects.values_list("state", flat=True))


def acted() -> int:
    return AuditEvent.objects.filter(action__in=("sent message again", "had message read again")).count()


def post(person: Person, **form: Any) -> Any:
    return person.client.post(ADDRESS, {"list": "not-delivered"} | form, follow=True)


def test_those_that_were_ticked_go_again_with_the_same_bytes(
    stopped: list[OutboxMessage], receptionist: Person
) -> None:
    before = {one.pk: (one.sha256, one.request_id) for one in OutboxMessage.objects.all()}
    page = post(receptionist, message=[stopped[0].pk, stopped[2].pk]).content.decode()
    assert "Send again: 2 messages." in page
    assert states() == ["expired", "queued", "queued"]
    assert acted() == 2
    assert before == {one.pk: (one.sha256, one.request_id) for one in OutboxMessage.objects.all()}


def test_all_of_a_list_go_again(stopped: list[OutboxMessage], put: Put, receptionist: Person) -> None:
    waiting = put()
    page = post(receptionist, all="1").content.decode()
    assert "Send again: 3 messages." in page
    assert states() == ["queued"] * 4
    assert acted() == 3
    waiting.refresh_from_db()
    assert waiting.attempts == 0


def test_only_of_the_partner_that_is_shown(stopped: list[OutboxMessage], receptionist: Person) -> None:
    assert "Tick at least one message" in post(receptionist, all="1", partner="FZZ01").content.decode()
    assert states() == ["expired"] * 3
    post(receptionist, all="1", partner=stopped[0].to.organisation.ods_code)
    assert states() == ["queued"] * 3


def test_one_that_cannot_go_holds_up_no_other(
    stopped: list[OutboxMessage], receptionist: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = actions.send_again

    def refusing(*, message: OutboxMessage, by: Any) -> OutboxMessage:
        if message.pk == stopped[1].pk:
            raise actions.NotAllowedNow("They have this message already: it was delivered meanwhile.")
        return real(message=message, by=by)

    monkeypatch.setattr(actions, "send_again", refusing)
    page = post(receptionist, all="1").content.decode()
    assert "Send again: 2 messages." in page
    assert "1 message left as before. They have this message already" in page
    assert states() == ["expired", "queued", "queued"]


@pytest.mark.parametrize(
    "form", [{}, {"message": "nonsense"}, {"message": str(uuid4())}, {"message": "\0"}, {"list": "waiting"}]
)
def test_nothing_ticked_changes_nothing(
    form: dict[str, str], stopped: list[OutboxMessage], receptionist: Person
) -> None:
    assert "Nothing was changed." in post(receptionist, **form).content.decode()
    assert (states(), acted()) == (["expired"] * 3, 0)


@pytest.mark.parametrize("name", ["delivered", "turned-away", "nonsense", ""])
def test_other_lists_have_no_such_act(name: str, stopped: list[OutboxMessage], receptionist: Person) -> None:
    assert post(receptionist, list=name, all="1").status_code == 404
    assert (states(), acted()) == (["expired"] * 3, 0)


def test_who_may_not_changes_nothing(
    stopped: list[OutboxMessage], stranger: Person, social_worker: Person, privacy_officer: Person
) -> None:
    ids = [one.pk for one in stopped]
    assert post(social_worker, message=ids).status_code == 403
    assert post(privacy_officer, all="1").status_code == 403
    assert "Nothing was changed." in post(stranger, message=ids).content.decode()
    assert (states(), acted()) == (["expired"] * 3, 0)


def test_what_waits_for_a_person_is_read_again_together(stopped: list[OutboxMessage], receptionist: Person) -> None:
    odd = [came_in(stopped[0].to, state="needs-review", review_reason="?") for _ in range(2)]
    page = post(receptionist, list="to-look-at", all="1").content.decode()
    assert "Read again: 2 messages." in page
    assert set(InboxMessage.objects.values_list("state", flat=True)) == {"received"}
    assert acted() == len(odd)


def test_while_somebody_chooses_the_page_stands_still(stopped: list[OutboxMessage], receptionist: Person) -> None:
    page = receptionist.client.get("/exchange/?list=not-delivered").content.decode()
    assert "Send again: choose several" in page
    assert 'hx-trigger="every 10s"' in page
    picking = receptionist.client.get("/exchange/?list=not-delivered&pick=1").content.decode()
    assert picking.count('name="message"') == 3
    assert "All 3 of this list" in picking
    assert "every 10s" not in picking
