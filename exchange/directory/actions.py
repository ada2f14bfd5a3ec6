"""What is done to the directory of services. Each act is one transaction with its audit row."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction

from access import audit
from access.actor import Actor
from access.models import Organisation
from exchange.directory.reading import SAID, Offered
from exchange.models import Favourite, Service

#: Columns that somebody here may change.
BY_HAND: Final = frozenset(
    {*SAID, "also_known_as", "accepts_urgent", "accepts_suspected_cancer"}
    | {"from_age", "to_age", "sex", "waiting_weeks", "waiting_said_on"}
)


@dataclass(frozen=True, slots=True)
class Taken:
    """How an import ended: services that are new, changed, as they were; and columns left as somebody set them."""

    new: int
    changed: int
    unchanged: int
    kept: int


@transaction.atomic
def take_in(*, offers: Iterable[Offered], by: Actor) -> Taken:
    """Add the services that others publish and bring known ones up to date, all of them or none.

    What somebody here changed by hand is kept. A new service is asked by our own use case until its partner is set up.
    """
    counted = {"new": 0, "changed": 0, "unchanged": 0, "kept": 0}
    for offer in offers:
        organisation, _ = Organisation.objects.get_or_create(
            ods_code=offer.ods_code, defaults={"name": offer.organisation or offer.ods_code}
        )
        held = Service.objects.select_for_update().filter(service_id=offer.service_id).first()
        if held is None:
            Service.objects.create(
                service_id=offer.service_id,
                organisation=organisation,
                use_case=Service.UseCase.GP_TO_HOSPITAL,
                **offer.said,
            )
            counted["new"] += 1
            continue
        wanted = {name: value for name, value in offer.said.items() if getattr(held, name) != value}
        counted["kept"] += sum(name in held.by_hand for name in wanted)
        changes = {name: value for name, value in wanted.items() if name not in held.by_hand}
        counted["changed" if _set(held, organisation, changes) else "unchanged"] += 1
    taken = Taken(**counted)
    audit.record(by=by, action="took in services", note=f"{taken.new} new, {taken.changed} changed")
    return taken


def _set(held: Service, organisation: Organisation, changes: dict[str, Any]) -> bool:
    if held.organisation_id != organisation.pk:
        changes["organisation"] = organisation
    for name, value in changes.items():
        setattr(held, name, value)
    if changes:
        held.save(update_fields=list(changes))
    return bool(changes)


@transaction.atomic
def change(*, service: Service, said: dict[str, Any], by: Actor) -> Service:
    """Correct what the directory says of a service; an import leaves it as it is from then on.

    Raises ValueError for a column that is not for hands.
    """
    if not said.keys() <= BY_HAND:
        raise ValueError("not a column that is changed by hand")
    held = Service.objects.select_for_update().get(pk=service.pk)
    changed = sorted(name for name, value in said.items() if getattr(held, name) != value)
    for name in changed:
        setattr(held, name, said[name])
    held.by_hand = sorted({*held.by_hand, *changed})
    if changed:
        held.save(update_fields=[*changed, "by_hand"])
        audit.record(by=by, action="changed service", of=held, note=", ".join(changed))
    return held


@transaction.atomic
def favour(*, service: Service, wanted: bool, by: Actor) -> None:
    """Put a service among the favourites of the actor's practice, or take it from there."""
    assert by.organisation_id is not None
    if wanted:
        _, done = Favourite.objects.get_or_create(practice_id=by.organisation_id, service=service)
    else:
        done = bool(Favourite.objects.filter(practice_id=by.organisation_id, service=service).delete()[0])
    if done:
        audit.record(by=by, action="made service a favourite" if wanted else "took service from favourites", of=service)
