"""What a partner may read: requests it sent to us, and referrals we sent to it. The only root of such a query.

Nothing else of the same patient, and nothing of another partner's; what is not theirs is alike to what does not exist.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import CharField, Exists, Model, OuterRef, Q, QuerySet
from django.db.models.functions import Cast

from exchange.fhir.systems import System
from exchange.models import OutboxMessage, Partner
from records.drawing import Json
from records.models import Patient
from records.people.names import fold
from referrals import actions
from referrals.api import stated
from referrals.api.asked import Query
from referrals.models import Referral
from referrals.received import states
from referrals.received.models import ReceivedRequest

BOOKING = ReceivedRequest.Kind.BOOKING


def sent_to(partner: Partner) -> QuerySet[Referral]:
    """Referrals that left for this partner: a draft, and what went to somebody else, is none of them."""
    went = OutboxMessage.objects.filter(
        to=partner, concerns=actions.CONCERNS, concerns_id=Cast(OuterRef("pk"), CharField())
    )
    return Referral.objects.filter(Exists(went), sent_at__isnull=False).select_related(
        "patient__merged_into", "service"
    )


def sent_by(partner: Partner, kind: str) -> QuerySet[ReceivedRequest]:
    """Requests of this partner to us: bookings ("Appointment") or the others ("ServiceRequest")."""
    found = ReceivedRequest.objects.filter(sender=partner).select_related("patient__merged_into")
    return found.filter(kind=BOOKING) if kind == "Appointment" else found.exclude(kind=BOOKING)


def one(partner: Partner, kind: str, wanted: UUID) -> tuple[Json, Model, UUID] | None:
    """One request by id as FHIR, its row and its patient; None if it is not theirs or does not exist."""
    request = sent_by(partner, kind).filter(pk=wanted).first()
    if request is not None:
        return stated.of_request(request, _echoes([request])[request.pk]), request, request.patient_id
    referral = sent_to(partner).filter(pk=wanted).first() if kind == "ServiceRequest" else None
    return (stated.of_referral(referral), referral, referral.patient_id) if referral is not None else None


def several(partner: Partner, kind: str, query: Query, most: int) -> tuple[list[Json], set[UUID]]:
    """The requests that a query finds, the newest first, and whose they are."""
    theirs = sent_by(partner, kind).filter(_whose(query), _identified(query, "identifier"))
    mine = [one for one in theirs.order_by("-received_at", "pk")[:most] if _named(one.patient, query)]
    echoes = _echoes(mine)
    found = [(request.patient_id, stated.of_request(request, echoes[request.pk])) for request in mine]
    if kind == "ServiceRequest":
        ours = sent_to(partner).filter(_whose(query), _identified(query, "")).order_by("-sent_at", "pk")
        found += [(one.patient_id, stated.of_referral(one)) for one in ours[:most] if _named(one.patient, query)]
    return [resource for _, resource in found[:most]], {patient for patient, _ in found[:most]}


def _echoes(found: Iterable[ReceivedRequest]) -> dict[UUID, Json]:
    """What is kept of their own resources, of the version that counts."""
    told: dict[UUID, Json] = {}
    for request in found:
        counts = states.what_counts(list(request.events.all()))
        told[request.pk] = counts.says.get("echo", {}) if counts else {}
    return told


def _whose(query: Query) -> Q:
    """Of whom, by what the query gives: the patient's own columns, or those of whom they were joined to."""
    wanted = Q()
    trusted = ~Q(patient__nhs_number_status=Patient.NhsNumber.FAILING)
    for name, value in (("nhs_number", query.nhs_number), ("birth_date", query.born)):
        if value:
            wanted &= Q(**{f"patient__{name}": value}) | Q(**{f"patient__merged_into__{name}": value})
    return wanted & trusted if query.nhs_number else wanted


def _named(patient: Patient, query: Query) -> bool:
    """Whether every word of the name is one of theirs, and the postcode is."""
    person = patient.merged_into or patient
    names = set(fold(f"{person.given} {person.family} {person.title}").split())
    if query.postcode and query.postcode != person.postcode.replace(" ", "").upper():
        return False
    return set(fold(query.name).split()) <= names


def _identified(query: Query, column: str) -> Q:
    """By identifier: ours is the referral's id, theirs stands as they wrote it; a bare value is taken too."""
    system, _, value = query.identifier.rpartition("|")
    if not query.identifier:
        return Q()
    if column:
        exact = Q(**{column: query.identifier})
        return exact if system else exact | Q(**{f"{column}__endswith": f"|{value}"})
    try:
        wanted = Q(pk=UUID(value))
    except ValueError:
        return Q(pk__in=[])
    return wanted if system in ("", System.OUR_REFERRAL) else Q(pk__in=[])
