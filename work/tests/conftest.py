"""Clocks of errands, which only the tests know, at the practice of the cast."""

import datetime as dt
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from django.utils import timezone

from conftest import Person
from work import actions
from work.models import Clock


@pytest.fixture(autouse=True)
def _errands(settings: Any) -> None:
    settings.CLOCKS = ("work.tests.declared.RULES",)


@pytest.fixture
def make_clock(receptionist: Person) -> Callable[..., Clock]:
    """Starts a clock owned by the receptionist, today unless told otherwise."""
    numbers = count(1)

    def make(**given: Any) -> Clock:
        fields: dict[str, Any] = {
            "concerns": "errand",
            "concerns_id": str(next(numbers)),
            "organisation_id": receptionist.actor.organisation_id,
            "priority": "quick",
            "stage": "go",
            "counted_from": timezone.localdate(),
            "owner_id": receptionist.user.pk,
            "by": receptionist.actor,
        }
        return actions.start(**(fields | given))

    return make


def at(day: int, hour: int = 12, month: int = 11, year: int = 2026) -> dt.datetime:
    """A time in UTC; without more said in November 2026."""
    return dt.datetime(year, month, day, hour, tzinfo=dt.UTC)
