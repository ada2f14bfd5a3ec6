"""Which received requests an actor may see: the only root of a query for them in views and panels."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404

from access.actor import Actor
from access.permissions import Permission
from records.models import Relationship
from referrals.received.models import ReceivedEvent, ReceivedRequest

_GROUNDS = (Relationship.Kind.REGISTERED, Relationship.Kind.REFERRED)


def requests(actor: Actor) -> QuerySet[ReceivedRequest]:
    """Requests to the actor's own organisation about people registered there, or referred to it: also of somebody
    who has left since, whose request must still be answered."""
    if not actor.may(Permission.READ_REFERRALS) or actor.organisation_id is None:
        return ReceivedRequest.objects.none()
    same = Q(patient=OuterRef("patient")) | Q(patient=OuterRef("patient__merged_into"))
    related = Relationship.objects.filter(
        same, organisation_id=actor.organisation_id, kind__in=_GROUNDS, until__isnull=True
    )
    found = ReceivedRequest.objects.filter(Exists(related), organisation__ods_code=actor.organisation)
    return found.select_related("patient__merged_into", "sender__organisation", "organisation")


def unanswered(actor: Actor) -> QuerySet[ReceivedRequest]:
    """Requests that nobody has answered yet."""
    return requests(actor).filter(state=ReceivedRequest.State.RECEIVED)


def request_or_404(actor: Actor, request_id: UUID) -> ReceivedRequest:
    """Raises Http404, alike for unknown and for out of reach."""
    found = requests(actor).filter(pk=request_id).first()
    if found is None:
        raise Http404("No such request")
    return found


def events(found: Collection[ReceivedRequest]) -> dict[UUID, list[ReceivedEvent]]:
    """The histories of requests that are within reach already, in order. One query."""
    histories: dict[UUID, list[ReceivedEvent]] = {request.pk: [] for request in found}
    for event in ReceivedEvent.objects.filter(request__in=histories).order_by("request", "number"):
        histories[event.request_id].append(event)
    return histories


def kept(ids: Collection[UUID]) -> str:
    """How many requests there are about somebody, in words; "" for none. No content."""
    number = ReceivedRequest.objects.filter(patient__in=ids).count()
    return f"requests received {number:,}" if number else ""
