"""Who is signed in and where they can go from any page: only what exists and what their role opens."""

import re
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from access.actor import Actor, actor
from access.permissions import Permission
from exchange.desk.lists import to_act_on
from gpportal import practice_settings
from records import reach
from referrals.panels import to_do

_PATIENT: Final = re.compile(r"/patients/[0-9a-f-]{36}/")


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the main navigation, with how many things wait there."""

    href: str
    text: str
    count: int = 0
    counted: str = ""


def places(who: Actor, *, of_patient: bool = False, waiting: int | None = None) -> list[Place]:
    """The entries for this person, in the order of their day.

    On a patient's page what is to enter is listed for that patient, and the whole list is not counted.
    `waiting` are the referrals to act on, where the page has counted them already.
    """
    found = []
    if who.may(Permission.FIND_PATIENT):
        found.append(Place("/patients/", "Patients"))
    if who.may(Permission.READ_REFERRALS):
        found.append(Place("/referrals/", "Referrals", to_do(who) if waiting is None else waiting, "to do"))
    if who.may(Permission.READ_LETTERS):
        found.append(Place("/letters/", "Letters"))
    if who.may(Permission.TICK_ENTERED):
        open_now = reach.to_enter(who).filter(settled_at__isnull=True)
        number = 0 if of_patient else open_now.count()
        found.append(Place("/still-to-enter/", "To enter", number, "still to enter"))
    if who.may(Permission.SEE_EXCHANGE):
        found.append(Place("/exchange/", "Exchange", 0 if of_patient else to_act_on(who), "to act on"))
    if practice_settings.of(who):
        found.append(Place("/settings/", "Settings"))
    if who.may(Permission.READ_CARE_SUMMARY):
        found.append(Place("/care/", "My people", reach.patients(who).count(), "people"))
    if who.may(Permission.READ_REFERRED):
        found.append(Place("/referrals/referred/", "Referrals received"))
    return found


def page(request: HttpRequest) -> dict[str, Any]:
    """Context of every template: `actor`, `nav` (counted only if a page shows it), `may_find`."""
    who = actor(request) if hasattr(request, "session") and hasattr(request, "user") else None
    return {
        "actor": who,
        "may_find": who is not None and who.may(Permission.FIND_PATIENT),
        "nav": SimpleLazyObject(lambda: _of_page(request, who) if who else []),
    }


def _of_page(request: HttpRequest, who: Actor) -> list[Place]:
    return places(who, of_patient=bool(_PATIENT.match(request.path)), waiting=getattr(request, "to_do", None))
