"""Setting up who is reached by MESH. Each act is one transaction with its audit row."""

from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction

from access import audit
from access.actor import Actor
from access.models import Organisation
from exchange.models import Mailbox, Partner, PartnerMailbox


class NotSetUp(Exception):
    """Something is missing or does not fit. Its text is for the person who tried."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is to be changed of a mailbox: empty values leave what there is."""

    values: dict[str, Any] = field(default_factory=dict)

    def given(self) -> dict[str, Any]:
        return {name: value for name, value in self.values.items() if value not in ("", None, [])}


@transaction.atomic
def set_up_mailbox(*, mailbox_id: str, ods: str, settings: Settings, enabled: bool, by: Actor) -> Mailbox:
    """Make a mailbox of an organisation here, or change one. Raises NotSetUp."""
    found = Mailbox.objects.select_for_update().filter(mailbox_id=mailbox_id.upper()).first()
    if found is None:
        owner = Organisation.objects.filter(ods_code=ods).first()
        if owner is None:
            raise NotSetUp("There is no organisation with this ODS code.")
        found = Mailbox(organisation=owner, mailbox_id=mailbox_id.upper())
    for name, value in settings.given().items():
        setattr(found, name, value)
    if not (found.url and found.password and found.shared_key):
        raise NotSetUp("A mailbox needs the address of MESH, its password and the shared key.")
    found.enabled = enabled
    try:
        with transaction.atomic():
            found.save()
    except IntegrityError:
        raise NotSetUp("This organisation has another mailbox that is in use. Switch that off first.") from None
    audit.record(by=by, action="set up MESH mailbox", of=found, note=f"{found}{'' if enabled else ' off'}")
    return found


@transaction.atomic
def name_partners_mailbox(*, ods: str, mailbox_id: str, workflow: str, send: bool, by: Actor) -> PartnerMailbox:
    """Say that a mailbox is a partner's; with `send` the partner is reached by MESH from now on. Raises NotSetUp."""
    partner = Partner.objects.select_for_update().filter(organisation__ods_code=ods).first()
    if partner is None:
        raise NotSetUp("There is no partner with this ODS code.")
    theirs = PartnerMailbox.objects.filter(mailbox_id=mailbox_id.upper()).first()
    if theirs is not None and theirs.partner_id != partner.pk:
        raise NotSetUp("This mailbox is another partner's already.")
    theirs = theirs or PartnerMailbox(partner=partner, mailbox_id=mailbox_id.upper())
    theirs.workflow = workflow or theirs.workflow
    try:
        with transaction.atomic():
            theirs.save()
    except IntegrityError:
        raise NotSetUp("This partner is sent to at another mailbox already.") from None
    if send:
        if not theirs.workflow:
            raise NotSetUp("To send there a workflow is needed.")
        Partner.objects.filter(pk=partner.pk).update(transport=Partner.Transport.MESH)
    audit.record(by=by, action="named MESH mailbox of partner", of=partner, note=theirs.mailbox_id)
    return theirs
