"""What came from MESH is understood after it was stored: who sent it, which kind it is, whether it keeps the rules.

Nothing is turned away, for there is nobody to tell: what cannot be filed waits for a person with a sentence that says
why, and is understood anew when it is read again.
"""

from typing import Any, Final

from exchange import happenings, rules
from exchange.errors import NeedsReview, PayloadInvalid
from exchange.fhir import inbound, numbers
from exchange.fhir.messages import Json
from exchange.models import Arrival, DeskNote, InboxMessage, PartnerMailbox

#: The event of MESH's own word about a message of ours; no partner's message can have it.
REPORT: Final = "mesh-report"
#: Workflow of a Transfer of Care document (ITK3, STU3) -> event it is kept under, and what it is called.
_TRANSFERS_OF_CARE: Final = {
    "TOC_FHIR_IP_DISCH": ("discharge-document", "A discharge document"),
    "TOC_FHIR_EC_DISCH": ("emergency-care-document", "An emergency care document"),
    "TOC_FHIR_MH_DISCH": ("mental-health-document", "A mental health discharge document"),
    "TOC_FHIR_OP_ATTEN": ("outpatient-document", "An outpatient letter"),
}
_STU3: Final = "/STU3/"
_BY_HAND: Final = "It cannot be filed by itself yet: download it and file it by hand."


def understand(message: InboxMessage) -> bool:
    """Set on the message who sent it and what it is; `keep` stores that. Raises NeedsReview.

    Whether it is to be handled: one that is here already under another id is not.
    """
    arrival = message.arrival
    if message.event == REPORT:
        message.answers = None
        return True
    if arrival.left_there:
        raise NeedsReview(arrival.left_there)
    theirs = PartnerMailbox.objects.select_related("partner__organisation")
    found = theirs.filter(mailbox_id__iexact=arrival.came_from).first() if arrival.came_from else None
    if found is None:
        raise NeedsReview("It came from a MESH mailbox that belongs to none of our partners.")
    message.sender = found.partner
    name = found.partner.organisation.name
    if not (found.partner.enabled and found.partner.receives):
        raise NeedsReview(f"Messages from {name} are switched off. Switch them on, then read it again.")
    _leave_older_documents(message)
    if arrival.workflow not in arrival.mailbox.workflows:
        raise NeedsReview(f"{name} sent a kind of message by MESH that is not expected here.")
    _check(message)
    return not _is_here_already(message)


def keep(message: InboxMessage) -> None:
    """Store what was understood, in the caller's transaction."""
    message.save(update_fields=["sender", "event", "reason", "bundle_id", "answers"])
    message.arrival.save(update_fields=["problem"])


def _check(message: InboxMessage) -> None:
    """The rules of $process-message, apart from HTTP headers."""
    try:
        body = inbound.read(content(message))
        told = rules.check(body)
        answered = rules.answered(told.answers, message.sender) if told.answers else None
        happenings.handler(told.event).precheck(body, message.sender)
    except PayloadInvalid as invalid:
        message.arrival.problem = f"{invalid.text} {invalid.expression}".strip()[:300]
        name = message.sender.organisation.name
        raise NeedsReview(f"This breaks a rule of messages, so nothing was filed. Ask {name} to mend it.") from None
    message.event, message.reason, message.answers = told.event, told.reason, answered
    message.bundle_id = str(body["id"])[:64]
    message.arrival.problem = ""


def _is_here_already(message: InboxMessage) -> bool:
    """A sender that never heard MESH's answer hands the same bytes over again, and MESH gives them another id."""
    same = InboxMessage.objects.filter(sha256=message.sha256, arrival__came_from=message.arrival.came_from)
    if not same.filter(received_at__lt=message.received_at).exists():
        return False
    text = "The same message came before, under another id at MESH. Nothing was filed twice."
    DeskNote.objects.create(received=message, by="MESH", text=text)
    return True


def content(message: InboxMessage) -> bytes:
    """The bytes of a message as they came."""
    arrival = getattr(message, "arrival", None) if message.channel == InboxMessage.Channel.MESH else None
    if isinstance(arrival, Arrival) and arrival.content is not None:
        return bytes(arrival.content)
    return message.payload.encode()


# Documents of an older format -----------------------------------------------------------------------------------------
def _leave_older_documents(message: InboxMessage) -> None:
    """Transfer of Care documents travel as STU3, which we do not read. Raises NeedsReview for one."""
    workflow = message.arrival.workflow.upper()
    event, called = _TRANSFERS_OF_CARE.get(workflow, ("older-document", "A document"))
    if workflow in _TRANSFERS_OF_CARE or _is_older(content(message)):
        message.event = event
        raise NeedsReview(f"{called} in an older format (STU3). {_BY_HAND}")


def _is_older(body: bytes) -> bool:
    """Whether a Bundle says that it is STU3: by its profiles, or by the message event as STU3 writes it. XML is what
    ITK3 sends in, and nothing else we know of."""
    if body.lstrip()[:1] == b"<":
        return b"http://hl7.org/fhir" in body[:2000]
    try:
        found = numbers.loads(body)
    except numbers.JsonError:
        return False
    if not isinstance(found, dict) or found.get("resourceType") != "Bundle":
        return False
    first = _first(found)
    return any(_STU3 in one for one in [*_profiles(found), *_profiles(first)]) or (
        first.get("resourceType") == "MessageHeader" and "event" in first
    )


def _first(bundle: Json) -> Json:
    entries = bundle.get("entry")
    entry = entries[0] if isinstance(entries, list) and entries else None
    resource = entry.get("resource") if isinstance(entry, dict) else None
    return resource if isinstance(resource, dict) else {}


def _profiles(resource: Json) -> list[str]:
    meta: Any = resource.get("meta")
    found = meta.get("profile") if isinstance(meta, dict) else None
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []
