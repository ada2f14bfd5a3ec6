"""What the apps above the record add to its printed summary, under the standard's headings (settings.SUMMARY_ALSO)."""

from collections.abc import Iterable
from typing import Final

from access.actor import Actor
from access.permissions import Permission
from records.models import Patient
from records.printing.heads import Heading, Line
from records.screen.claims import Source, source
from records.screen.held import Held
from referrals.models import Referral
from referrals.panels import referrals as referrals_of
from ui.numbers import count

MOST: Final = 6


def referrals(actor: Actor, patient: Patient, held: Held) -> Iterable[Heading]:
    """Referrals under way, each with where it stands; how many are closed is said."""
    if not actor.may(Permission.READ_REFERRALS):
        return
    panel = referrals_of(actor, patient)
    lines = [
        Line(
            _to(row.referral, patient),
            row.standing.sentence,
            when=row.referral.sent_at or row.referral.created_at,
            sources=(_from(row.referral),),
        )
        for row in panel["rows"]
    ]
    closed = len(panel["closed"])
    yield Heading(
        "Referral details", lines, one="referral", also=count(closed, "closed referral") if closed else "", most=MOST
    )


def _to(referral: Referral, patient: Patient) -> str:
    """The service; of a restricted person not whose, since that says where they are seen."""
    service = referral.service
    return service.name if patient.restricted else f"{service.name}, {service.organisation.name}"


def _from(referral: Referral) -> Source:
    by = referral.organisation
    return source(by.pk, by.letters, by.name, by.kind)
