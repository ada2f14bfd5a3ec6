"""A message at the partner's door: counted, checked in BaRS's order, kept once, answered."""

import hashlib
import json
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.answers import Answering
from sandbox.asking import Asking, duplicate
from sandbox.bars import headers
from sandbox.bars.check import check_cancellation, check_referral, is_change
from sandbox.bars.contents import as_list, resources
from sandbox.bars.messages import Case, acknowledgement, taken_back
from sandbox.bars.names import DOS_SERVICE, Json, same_system
from sandbox.bars.outcomes import CODE_FOR_STATUS, Issue, Refused, operation_outcome, refuse
from sandbox.bars.responses import is_response
from sandbox.behaviour import Behaviour, chosen
from sandbox.partner import Partner
from sandbox.rows import AlreadyHere, NotActive, Referral
from sandbox.store import Store
from sandbox.tokens import Issuer

log = logging.getLogger("sandbox.desk")

MOST_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Body:
    """What was sent: the bytes (None when there were too many to keep), how many, and their SHA-256."""

    content: bytes | None
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What a message is answered: status, FHIR resource, seconds to wait (Retry-After).

    `spoilt` is how the answer of a message that was kept goes wrong: "never", "unmirrored" or "empty".
    """

    status: int
    resource: Json
    wait: int = 0
    spoilt: str = ""


@dataclass(slots=True)
class Desk:
    """Takes messages for one partner."""

    partner: Partner
    store: Store
    issuer: Issuer
    answering: Answering
    behaviour: Behaviour
    #: What it asks of the practice itself; None where it asks nothing.
    asking: Asking | None = None

    def process(self, sent: Mapping[str, str], body: Body) -> Reply:
        """Answer one POST to $process-message. Never raises for a bad message."""
        ids = {name: value.lower() for name, value in headers.mirrored(sent).items()}
        request_id, correlation_id = ids.get(headers.REQUEST), ids.get(headers.CORRELATION)
        number = self.store.arrived(
            sha256=body.sha256, size=body.size, request_id=request_id, correlation_id=correlation_id
        )
        reply, code, bundle_id = Reply(500, {}), "exception", None
        try:
            reply, bundle_id = self._taken(sent, body)
            code = reply.spoilt or "ok"
        except Refused as refusal:
            code = refusal.issues[0].code
            reply = Reply(refusal.status, operation_outcome(refusal.status, refusal.issues), wait=refusal.wait)
        except Exception as error:  # noqa: BLE001 (last line of defence: the sender must get an OperationOutcome)
            log.error("unexpected %s request_id=%s", type(error).__name__, request_id)
            reply = Reply(500, operation_outcome(500, [Issue("exception", "Unexpected failure at the receiver.")]))
        finally:
            self.store.answered(number, status=reply.status, code=code, bundle_id=bundle_id)
        named = CODE_FOR_STATUS.get(reply.status, "OK")
        log.info(
            *("message request_id=%s correlation_id=%s status=%d code=%s", request_id, correlation_id),
            *(reply.status, named),
        )
        return reply

    def _taken(self, sent: Mapping[str, str], body: Body) -> tuple[Reply, str]:
        self.behaviour.before()
        if self.issuer.client(sent.get("Authorization")) is None:
            raise refuse(401, "security", "The access token is missing, unknown or expired.")
        bundle = _parsed(body)
        heard = headers.read(sent)
        if not same_system(heard.target_system, DOS_SERVICE) or heard.target not in self.partner.services:
            raise refuse(404, "not-found", "The target identifier is not a service of ours.", headers.TARGET)
        if self.store.has(heard) or (self.asking and self.asking.asked.has(heard)):
            raise duplicate()
        if self.asking and is_response(bundle):
            return Reply(200, self.asking.take_response(bundle, heard)), str(bundle["id"])
        if is_change(bundle):
            return Reply(200, self._take_back(bundle, heard)), str(bundle["id"])
        check_referral(bundle, self.partner.accepts(), heard.target)
        met = self.behaviour.take(heard.target)
        new = Referral(str(uuid.uuid4()), heard.correlation_id, str(bundle["id"]), heard.target, bundle)
        answer = acknowledgement(Case(self.partner, new.id, new.service, bundle))
        plan = self.partner.plan(met.mode.kinds, met.mode.each)
        try:
            self.store.accept(new, request_id=heard.request_id, plan=plan)
        except AlreadyHere:
            raise duplicate() from None
        self.answering.poke()
        self.behaviour.before_answer(met)
        spoilt = met.mode.reply if met.mode.reply != "late" else ""
        return Reply(200, answer, spoilt=spoilt), new.bundle_id

    def answer_otherwise(self, referral_id: str, mode: str) -> bool:
        """Answer a referral that is here as `mode` says, at once, instead of what was planned. Raises ValueError."""
        found = chosen(mode).mode
        if not found.plans:
            raise ValueError("this mode says nothing of later answers")
        done = self.store.replan(referral_id, self.partner.plan(found.kinds, found.each))
        self.answering.poke()
        return done

    def _take_back(self, bundle: Json, heard: headers.Heard) -> Json:
        status = check_cancellation(bundle, self.partner.accepts(), heard.target)
        referral = self._meant(bundle, heard)
        try:
            now = self.store.end(referral, status=status, body=bundle, heard=heard)
        except AlreadyHere:
            raise duplicate() from None
        except NotActive:
            said = "The referral is not active here any more."
            raise refuse(409, "conflict", said, "ServiceRequest.status") from None
        return taken_back(Case(self.partner, now.id, now.service, now.body), now.status, str(bundle["id"]))

    def _meant(self, bundle: Json, heard: headers.Heard) -> Referral:
        """The one referral that a change is about: by our id, an identifier of it, or the id of its first message."""
        request = resources(bundle, "ServiceRequest")[0]
        focus = resources(bundle, "MessageHeader")[0]["focus"][0]["reference"]
        by_id = [self.store.referral(str(one).rpartition(":")[2]) for one in (request.get("id"), focus)]
        found = [one for one in by_id if one is not None]
        for one in as_list(request.get("identifier")) if not found else ():
            found += self.store.named("ServiceRequest", str(one.get("system", "")), str(one.get("value", "")))
        found = found or self.store.named("message", None, str(bundle["id"]))
        if len({one.id for one in found}) != 1 or found[0].service != heard.target:
            raise refuse(404, "not-found", "There is no such referral.", "ServiceRequest.identifier")
        return found[0]


def _parsed(body: Body) -> Json:
    if body.content is None:
        raise refuse(413, "too-long", "Messages of more than 5 MB are not taken.")
    try:
        bundle = json.loads(body.content, parse_constant=_no_such_number)
    except (ValueError, RecursionError):
        raise refuse(400, "structure", "The body is not JSON.", "Bundle") from None
    if not isinstance(bundle, dict):
        raise refuse(400, "structure", "The body is not a FHIR Bundle.", "Bundle")
    return bundle


def _no_such_number(_: str) -> float:
    raise ValueError("not JSON")


def measured(content: bytes) -> Body:
    """A body that was read whole."""
    kept = content if len(content) <= MOST_BYTES else None
    return Body(kept, len(content), hashlib.sha256(content).hexdigest())
