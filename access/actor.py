"""Who acts: a person in a role, a partner system, or a named process of ours. `by=` is always one of these."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from django.db import connection, transaction
from django.http import HttpRequest

from access.memberships import current
from access.models import Membership, Organisation
from access.permissions import PERMISSIONS, Permission, Role

MEMBERSHIP = "membership"  # the session's key


@dataclass(frozen=True, slots=True)
class Actor:
    """(user, organisation, role) of whoever asks. For a partner or process `role` is None and nothing is permitted."""

    kind: Literal["person", "partner", "system"]
    id: str
    name: str
    organisation_id: int | None = None
    organisation: str = ""  # ODS code
    organisation_name: str = ""
    organisation_kind: str = ""
    role: Role | None = None
    user_id: int | None = None
    permissions: frozenset[Permission] = field(default=frozenset())
    #: Whether single letters are shortcuts for this person (WCAG 2.1.4).
    single_keys: bool = True

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions


def person(membership: Membership) -> Actor:
    """The actor of a signed-in person in one of their roles."""
    role, user, organisation = Role(membership.role), membership.user, membership.organisation
    return Actor(
        kind="person",
        id=str(user.pk),
        name=user.name,
        user_id=user.pk,
        organisation_id=organisation.pk,
        organisation=organisation.ods_code,
        organisation_name=organisation.name,
        organisation_kind=organisation.kind,
        role=role,
        permissions=PERMISSIONS[role],
        single_keys=user.single_keys,
    )


def partner(organisation: Organisation) -> Actor:
    """The actor of another organisation's system that proved who it is with its token."""
    return Actor(
        kind="partner",
        id=organisation.ods_code,
        name=organisation.name,
        organisation_id=organisation.pk,
        organisation=organisation.ods_code,
        organisation_name=organisation.name,
        organisation_kind=organisation.kind,
    )


def system(name: str) -> Actor:
    """A process of ours with a name a reader of the audit understands: "delivery", "ingest", "demonstration"."""
    return Actor(kind="system", id=name, name=name)


def actor(request: HttpRequest) -> Actor | None:
    """The signed-in person in the role chosen at sign-in, or None while no valid role is chosen.

    One query a request; a membership that has ended no longer counts.
    """
    found: Actor | None = getattr(request, "_actor", None)
    if found is None and request.user.is_authenticated and request.session.get(MEMBERSHIP):
        membership = current(request.user.pk).filter(pk=request.session[MEMBERSHIP]).first()
        if membership is not None:
            found = person(membership)
            request._actor = found  # type: ignore[attr-defined]
    return found


@contextmanager
def acting(who: Actor) -> Iterator[None]:
    """A transaction in which the database knows who asks (`gp.actor`, `gp.organisation`).

    The settings are local to the transaction, so a pooled connection carries no actor. Row-level security can read
    them later without a change here.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('gp.actor', %s, true), set_config('gp.organisation', %s, true)",
                [f"{who.kind}:{who.id}", who.organisation],
            )
        yield
