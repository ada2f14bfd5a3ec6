"""What people do about themselves."""

from django.db import transaction
from django.http import HttpRequest

from access import audit
from access.actor import MEMBERSHIP, person
from access.models import Membership


@transaction.atomic
def take_role(request: HttpRequest, *, membership: Membership) -> None:
    """Work in this role from now on, in this session."""
    request.session[MEMBERSHIP] = membership.pk
    request.session.cycle_key()
    audit.record(by=person(membership), action="signed in", of=membership)
