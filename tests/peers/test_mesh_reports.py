"""What MESH itself says of a message of ours: told once, to a person."""

from typing import Any

import pytest

from conftest import Person
from exchange.models import InboxMessage, Mailbox, OutboxMessage
from tests.peers.looking import answer, look_now, waits
from tests.peers.mesh import Put, Sandbox

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("mesh"),
    pytest.mark.usefixtures("heard"),
]


@pytest.mark.requirement("MESH-12", "MESH-13")
@pytest.mark.parametrize(
    ("code", "state", "trouble"), [("14", "uncollected", "uncollected"), ("12", "refused", "unknown-mailbox")]
)
def test_a_report_brings_the_message_to_a_person_once(
    code: str, state: str, trouble: str, sandbox: Sandbox, mailbox: Mailbox, sent: OutboxMessage, heard: list[Any]
) -> None:
    mesh_id = sent.handovers.get().mesh_message_id
    for _ in range(2):
        sandbox.report(code=code, linked_message_id=mesh_id, local_id=str(sent.pk))
    look_now(mailbox)
    sent.refresh_from_db()
    assert (sent.state, sent.trouble) == (state, trouble)
    assert [name for name, _ in heard] == [state]
    assert sandbox.waiting() == []
    assert set(InboxMessage.objects.values_list("state", "answers")) == {("filed", sent.pk)}
    assert sent.handovers.get().code == code


@pytest.mark.requirement("MESH-12")
def test_a_report_is_matched_by_our_own_id_where_mesh_names_none_we_know(
    sandbox: Sandbox, mailbox: Mailbox, put: Put, heard: list[Any]
) -> None:
    """MESH took it and we never heard that."""
    message = put()
    sandbox.report(linked_message_id="NEVERHEARD", local_id=str(message.pk))
    look_now(mailbox)
    message.refresh_from_db()
    assert (message.state, [name for name, _ in heard]) == ("uncollected", ["uncollected"])


@pytest.mark.parametrize("local_id", ["", "somebody-elses", "7c1f52f4-6d1c-4b0e-9a39-0d1c53a6f001"])
def test_a_report_about_nothing_of_ours_waits_for_a_person(
    local_id: str, sandbox: Sandbox, mailbox: Mailbox, heard: list[Any], gp: Person
) -> None:
    sandbox.report(linked_message_id="UNKNOWN", local_id=local_id)
    look_now(mailbox)
    message = waits("none that we know of")
    assert heard == []
    assert "Report from MESH" in gp.client.get(f"/exchange/in/{message.pk}/").content.decode()


def test_what_was_collected_is_not_undone_by_a_report(
    sandbox: Sandbox, mailbox: Mailbox, sent: OutboxMessage, heard: list[Any]
) -> None:
    sandbox.send(answer(sent))
    look_now(mailbox)
    sandbox.report(linked_message_id=sent.handovers.get().mesh_message_id)
    look_now(mailbox)
    sent.refresh_from_db()
    assert (sent.state, [name for name, _ in heard]) == ("delivered", ["delivered"])
