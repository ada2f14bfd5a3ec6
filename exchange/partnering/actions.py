"""What people do with a partner. Each act is one transaction with its audit row."""

from typing import Any

from django.db import transaction

from access import audit
from access.actor import Actor
from access.models import Organisation
from exchange import claims, doorbell, resting
from exchange.models import ConnectionTest, Flow, Partner, Switching

#: Flow -> the column that holds its switch.
SWITCHES = {Flow.ALL: "enabled", Flow.SENDING: "sends", Flow.RECEIVING: "receives", Flow.READING: "pulls"}


@transaction.atomic
def save(*, partner: Partner | None, fields: dict[str, Any], by: Actor) -> Partner:
    """Take a partner on, or change one. `fields` are PartnerForm's; a key left empty stays as it was
    while there is a certificate of ours, and goes with that."""
    given = dict(fields)
    ods_code, name = given.pop("ods_code", ""), given.pop("name", "")
    if partner is None:
        organisation, _ = Organisation.objects.get_or_create(ods_code=ods_code, defaults={"name": name})
        partner, said = Partner(organisation=organisation), "added partner"
    else:
        partner, said = Partner.objects.select_for_update().get(pk=partner.pk), "changed partner"
    if not given["client_key"] and (given["client_certificate"] or not partner.client_key):
        given.pop("client_key")
    changed = sorted(one for one, value in given.items() if one == "client_key" or getattr(partner, one) != value)
    for column, value in given.items():
        setattr(partner, column, value)
    partner.save()
    audit.record(by=by, action=said, of=partner, note=", ".join(changed))
    return partner


@transaction.atomic
def switch(*, partner: Partner, flow: Flow, on: bool, by: Actor) -> None:
    """Switch everything with a partner or one flow off or on. What waits keeps waiting, and goes once it is on."""
    held = Partner.objects.select_for_update().get(pk=partner.pk)
    column = SWITCHES[flow]
    if getattr(held, column) == on:
        return
    setattr(held, column, on)
    held.save(update_fields=[column])
    Switching.objects.create(partner=held, flow=flow, on=on, by=by.name)
    if on:
        resting.end(held.pk)
        claims.wake(held.pk)
    what = "" if flow == Flow.ALL else f": {flow.label.lower()}"
    audit.record(by=by, action=f"switched partner {'on' if on else 'off'}{what}", of=held)


@transaction.atomic
def ask_what_they_offer(*, partner: Partner, by: Actor) -> None:
    """Have a worker read now what their system says it can do, which is else read every day."""
    audit.record(by=by, action="asked what partner's system can do", of=partner)
    transaction.on_commit(lambda: doorbell.ring("exchange.tasks.read_capability", partner.pk))


@transaction.atomic
def ask_for_test(*, partner: Partner, by: Actor) -> ConnectionTest:
    """Have the connection tested by a worker; one that is asked for already is not asked for twice."""
    held = Partner.objects.select_for_update().get(pk=partner.pk)
    if (open_ := held.tests.filter(started_at=None).first()) is not None and not open_.left:
        transaction.on_commit(lambda: doorbell.ring("exchange.tasks.test_connection", open_.pk))
        return open_
    test = ConnectionTest.objects.create(partner=held, asked_by=by.name)
    audit.record(by=by, action="tested connection with partner", of=held)
    transaction.on_commit(lambda: doorbell.ring("exchange.tasks.test_connection", test.pk))
    return test
