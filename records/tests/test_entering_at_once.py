"""Two people tick the same line at the same moment: one tick, one audit row, and the other is told."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from access.models import AuditEvent
from conftest import Person
from records.entering.actions import list_to_enter, tick
from records.models import Patient, ToEnter

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def item(make_patient: Callable[..., Patient], gp: Person) -> ToEnter:
    with transaction.atomic():
        return list_to_enter(
            patient=make_patient(),
            organisation=gp.membership.organisation,
            title="Referral sent: Physiotherapy",
            about="referral",
            about_id="1",
            became="sent",
            by=gp.actor,
        )


def ticked(item: ToEnter) -> list[tuple[str, str]]:
    return list(AuditEvent.objects.filter(object_id=str(item.pk)).values_list("action", "actor_name"))


def test_the_second_waits_for_the_first_and_writes_nothing(item: ToEnter, gp: Person, nurse: Person) -> None:
    said: list[bool] = []

    def second() -> None:
        try:
            said.append(tick(item=item, by=nurse.actor, not_needed="entered by phone"))
        finally:
            connection.close()

    thread = threading.Thread(target=second)
    with transaction.atomic():
        assert tick(item=item, by=gp.actor)
        thread.start()
        thread.join(0.5)
        assert thread.is_alive(), "it waits for the row"
    thread.join(20)
    assert said == [False]
    item.refresh_from_db()
    assert (item.settled_by, item.not_needed) == (gp.user, "")
    assert ticked(item) == [("ticked as entered", "Dr A Khan")]


def test_of_many_who_press_at_once_one_ticks(item: ToEnter, gp: Person) -> None:
    together, answers = threading.Barrier(5), []
    clients = [gp.client for _ in range(5)]

    def press(number: int) -> None:
        try:
            together.wait(10)
            answer = clients[number].post(f"/still-to-enter/{item.pk}/entered/", follow=True)
            answers.append("before you" in answer.content.decode())
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=[number]) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(answers) == [False, True, True, True, True]
    assert ticked(item) == [("ticked as entered", "Dr A Khan")]


def test_without_its_audit_row_nothing_is_ticked(item: ToEnter, gp: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("access.audit.record", fail)
    with pytest.raises(RuntimeError, match="on purpose"):
        tick(item=item, by=gp.actor)
    item.refresh_from_db()
    assert item.settled_at is None
