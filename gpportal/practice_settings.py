"""What a practice keeps itself: one page that leads to each part its reader may change."""

from dataclasses import dataclass
from typing import Final

from access.actor import Actor
from access.permissions import Permission


@dataclass(frozen=True, slots=True)
class Setting:
    """One part of /settings/: who may keep it, its URL name, what it is called and what it is for."""

    permission: Permission
    view: str
    title: str
    says: str


SETTINGS: Final = (
    Setting(
        Permission.MANAGE_SERVICES,
        "exchange:services",
        "Services",
        "What patients can be referred to: whom each takes, how long they wait, other words for it.",
    ),
    Setting(
        Permission.MANAGE_PARTNERS,
        "exchange:partners",
        "Partners",
        "Whose systems we exchange messages with: how each is reached, a test of the connection, off and on.",
    ),
    Setting(
        Permission.SET_DEADLINES,
        "work:deadlines",
        "Deadlines",
        "How long each step of a referral may take before it stands on somebody's list.",
    ),
    Setting(
        Permission.MANAGE_FORMS,
        "forms:forms",
        "Forms",
        "What is asked before a referral goes: each form, its versions, and from when one is used.",
    ),
)


def of(who: Actor) -> list[Setting]:
    """The parts this person may keep."""
    return [one for one in SETTINGS if who.may(one.permission)]
