"""Which roles a person holds today."""

from django.db.models import Q, QuerySet
from django.utils import timezone

from access.models import Membership, User
from access.permissions import PERMISSIONS, Permission, Role


def current(user_id: int) -> QuerySet[Membership]:
    """The memberships of a user that are valid today, with organisation and user at hand."""
    today = timezone.localdate()
    return (
        Membership.objects.filter(Q(until__isnull=True) | Q(until__gte=today), user_id=user_id, since__lte=today)
        .select_related("organisation", "user")
        .order_by("organisation__name", "role")
    )


def colleagues(organisation_id: int | None, permission: Permission) -> QuerySet[User]:
    """Who at an organisation holds a role today that has this permission, by name."""
    return in_role(organisation_id, *(role for role, permitted in PERMISSIONS.items() if permission in permitted))


def in_role(organisation_id: int | None, *roles: Role) -> QuerySet[User]:
    """Who at an organisation holds one of these roles today, by name."""
    today = timezone.localdate()
    valid = Membership.objects.filter(Q(until__isnull=True) | Q(until__gte=today), since__lte=today, role__in=roles)
    return User.objects.filter(
        pk__in=valid.filter(organisation=organisation_id).values("user"), is_active=True
    ).order_by("name")
