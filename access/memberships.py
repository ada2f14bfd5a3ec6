"""Which roles a person holds today."""

from django.db.models import Q, QuerySet
from django.utils import timezone

from access.models import Membership


def current(user_id: int) -> QuerySet[Membership]:
    """The memberships of a user that are valid today, with organisation and user at hand."""
    today = timezone.localdate()
    return (
        Membership.objects.filter(Q(until__isnull=True) | Q(until__gte=today), user_id=user_id, since__lte=today)
        .select_related("organisation", "user")
        .order_by("organisation__name", "role")
    )
