"""What people do about themselves."""

from django.db import transaction
from django.http import HttpRequest

from access import audit
from access.actor import MEMBERSHIP, Actor, person
from access.models import Membership, User


@transaction.atomic
def take_role(request: HttpRequest, *, membership: Membership) -> None:
    """Work in this role from now on, in this session."""
    request.session[MEMBERSHIP] = membership.pk
    request.session.cycle_key()
    audit.record(by=person(membership), action="signed in", of=membership)


@transaction.atomic
def switch_single_keys(*, on: bool, by: Actor) -> None:
    """Let single letters be shortcuts for this person, or not, wherever they sign in."""
    assert by.user_id is not None
    User.objects.filter(pk=by.user_id).update(single_keys=on)
    audit.record(by=by, action="switched single-letter keys", note="on" if on else "off")
