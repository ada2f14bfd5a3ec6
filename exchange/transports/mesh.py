"""MESH: a message is handed over at the post office, from the mailbox of the organisation that sends it.

Source: MESH API, "Send message". An answer that is lost may belong to a message that was taken, and MESH takes the same
message twice without a word. So before a repeat we look for the earlier try by its local id.
"""

from typing import Final

from exchange.errors import NoMailbox, OurFault, Phase
from exchange.fhir.messages import MEDIA_TYPE
from exchange.mesh.mailbox import Gone, Talk, judge, opened
from exchange.models import Handover, Mailbox, OutboxMessage, PartnerMailbox
from exchange.transports.answer import Answer

_TAKEN: Final = frozenset({200, 202})
_SEVERAL: Final = 300


def send(message: OutboxMessage) -> Answer:
    """Hand the sealed bytes over, or find that MESH has them. Raises a DeliveryError that says whether to repeat."""
    mailbox = Mailbox.objects.filter(organisation__ods_code=message.sender, enabled=True).first()
    if mailbox is None:
        raise NoMailbox
    to = message.to.mailboxes.exclude(workflow="").first()
    if to is None:
        raise OurFault("the partner has no MESH mailbox with a workflow")
    handed = Handover.objects.filter(message=message).count()
    local_id = local_id_of(message, handed)
    with opened(mailbox) as talk:
        if _may_have_been_taken(message, handed) and (found := _taken_unheard(talk, local_id)):
            return Answer(200, "", duplicate=True, handed_over=found, mailbox_id=mailbox.pk)
        return Answer(202, "", handed_over=_hand_over(talk, message, to, local_id), mailbox_id=mailbox.pk)


def local_id_of(message: OutboxMessage, handed: int) -> str:
    """Mex-LocalID: our outbox id, and which time it is handed over when a person sends it again."""
    return str(message.pk) if not handed else f"{message.pk}.{handed + 1}"


def outbox_id_in(local_id: str) -> str:
    """Our outbox id in a Mex-LocalID of ours; whatever stood there if it is none."""
    return local_id.partition(".")[0]


def _may_have_been_taken(message: OutboxMessage, handed: int) -> bool:
    """Whether a try since it was last handed over came so far that MESH may have the message."""
    tries = message.tries.filter(ended_at__isnull=False).exclude(phase=Phase.CONNECT)
    if handed:
        last = Handover.objects.filter(message=message).latest("handed_at")
        tries = tries.filter(started_at__gt=last.handed_at)
    return tries.exists()


def _taken_unheard(talk: Talk, local_id: str) -> str:
    """MESH's id of the message we handed over under this local id; "" if there is none."""
    response = talk.by_local_id(local_id)
    if response.status_code == _SEVERAL:  # it has it more than once; a report will bear the local id
        return local_id
    if response.status_code != 200:
        try:
            judge(response)
        except Gone:
            return ""
    body = response.json()
    return str(body.get("messageId") or body.get("message_id") or "")


def _hand_over(talk: Talk, message: OutboxMessage, to: PartnerMailbox, local_id: str) -> str:
    """MESH's id of the message it took. No header says anything of the patient."""
    response = talk.send_chunk(
        recipient=to.mailbox_id,
        chunk=message.payload.encode(),
        chunk_num=1,
        total_chunks=1,
        compress=False,
        workflow_id=to.workflow,
        local_id=local_id,
        subject=message.event,
        filename=f"{message.pk}.json",
        content_type=MEDIA_TYPE,
    )
    if response.status_code not in _TAKEN:
        judge(response)
    return str(response.json()["message_id"])
