"""The deadlines page: previewed, saved from a day on, used again, taken back; and for nobody else."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.test import Client

from access.models import AuditEvent
from conftest import Person
from work.models import Clock, Limits
from work.tests.conftest import at
from work.tests.declared import RULES

pytestmark = pytest.mark.django_db
PAGE = "/settings/deadlines/"


def entered(**changed: Any) -> dict[str, Any]:
    fields = {f"{p}_{s}": n for p, limits in RULES.numbers.items() for s, n in limits.items()}
    return fields | {"second": "", "valid_from": "2026-11-23"} | changed


@pytest.fixture
def manager(practice_manager: Person) -> Any:
    with time_machine.travel(at(23), tick=False):
        yield practice_manager.client


def test_the_usual_limits_are_shown_with_their_units(manager: Client) -> None:
    page = manager.get(PAGE).content.decode()
    assert 'aria-label="Slow: Gone, working days"' in page
    assert 'aria-label="Quick: Come back, days"' in page
    assert AuditEvent.objects.filter(action="opened deadlines").count() == 1


def test_a_preview_says_how_many_would_be_late_and_changes_nothing(
    manager: Client, make_clock: Callable[..., Clock]
) -> None:
    running = make_clock(priority="slow", counted_from=dt.date(2026, 11, 18))
    page = manager.post(PAGE, entered(slow_go="1", act="preview")).content.decode()
    assert "1 errand would be late today" in page
    assert "0 are late now" in page
    assert 'value="save"' in page
    running.refresh_from_db()
    assert running.due_on == dt.date(2026, 11, 25)
    assert not Limits.objects.exists()


def test_saved_deadlines_hold_and_earlier_ones_can_be_used_again(
    manager: Client, make_clock: Callable[..., Clock]
) -> None:
    running = make_clock(priority="slow", counted_from=dt.date(2026, 11, 18))
    assert manager.post(PAGE, entered(slow_go="1", act="save")).status_code == 302
    running.refresh_from_db()
    assert running.due_on == dt.date(2026, 11, 19)
    assert 'name="slow_go"\n                           value="1"' in manager.get(PAGE).content.decode()
    assert 'name="slow_go"\n                           value="5"' in manager.get(f"{PAGE}?again=usual").content.decode()


def test_what_is_kept_for_later_can_be_taken_back(manager: Client) -> None:
    manager.post(PAGE, entered(slow_go="1", valid_from="2026-12-01", act="save"))
    made = Limits.objects.get()
    assert "not yet in force" in manager.get(PAGE).content.decode()
    assert manager.post(f"{PAGE}{made.pk}/take-back/").status_code == 302
    made.refresh_from_db()
    assert made.withdrawn_at is not None
    assert manager.post(f"{PAGE}{made.pk}/take-back/").status_code == 404


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"slow_go": "soon"}, "Slow, gone: enter a whole number of days from 0 to 400"),
        ({"slow_go": "-1"}, "Slow, gone: enter a whole number of days from 0 to 400"),
        ({"quick_second": "4"}, "Quick: the manager cannot be told before the second person"),
        ({"valid_from": "2026-11-22"}, "Deadlines cannot begin in the past"),
        ({"second": "999999"}, "Select a valid choice"),
    ],
)
def test_what_makes_no_sense_is_answered_with_a_sentence(manager: Client, changed: dict[str, str], said: str) -> None:
    answer = manager.post(PAGE, entered(act="save", **changed))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Limits.objects.exists()


@pytest.mark.parametrize("who", ["gp", "nurse", "receptionist", "privacy_officer", "social_worker"])
def test_only_the_practice_manager_sets_deadlines(who: str, request: pytest.FixtureRequest) -> None:
    client = request.getfixturevalue(who).client
    assert client.get(PAGE).status_code == 403
    assert client.post(PAGE, entered(act="save")).status_code == 403
    assert not Limits.objects.exists()
