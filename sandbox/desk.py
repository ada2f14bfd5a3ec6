"""A message at the partner's door: counted, checked in BaRS's order, kept once, answered."""

import hashlib
import json
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.answers import Answering
from sandbox.bars import headers
from sandbox.bars.check import check_referral
from sandbox.bars.messages import Case, acknowledgement
from sandbox.bars.names import DOS_SERVICE, Json, same_system
from sandbox.bars.outcomes import CODE_FOR_STATUS, Issue, Refused, operation_outcome, refuse
from sandbox.behaviour import Behaviour
from sandbox.partner import Partner
from sandbox.rows import AlreadyHere, Referral
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


@dataclass(slots=True)
class Desk:
    """Takes messages for one partner."""

    partner: Partner
    store: Store
    issuer: Issuer
    answering: Answering
    behaviour: Behaviour

    def process(self, sent: Mapping[str, str], body: Body) -> tuple[int, Json]:
        """Answer one POST to $process-message: (status, FHIR resource). Never raises for a bad message."""
        ids = {name: value.lower() for name, value in headers.mirrored(sent).items()}
        request_id, correlation_id = ids.get(headers.REQUEST), ids.get(headers.CORRELATION)
        number = self.store.arrived(
            sha256=body.sha256, size=body.size, request_id=request_id, correlation_id=correlation_id
        )
        status, code, bundle_id = 500, "exception", None
        try:
            status, answer, bundle_id = self._taken(sent, body)
            code = "ok"
        except Refused as refusal:
            status, code = refusal.status, refusal.issues[0].code
            answer = operation_outcome(status, refusal.issues)
        except Exception as error:  # noqa: BLE001 (last line of defence: the sender must get an OperationOutcome)
            log.error("unexpected %s request_id=%s", type(error).__name__, request_id)
            answer = operation_outcome(500, [Issue("exception", "Unexpected failure at the receiver.")])
        finally:
            self.store.answered(number, status=status, code=code, bundle_id=bundle_id)
        named = CODE_FOR_STATUS.get(status, "OK")
        log.info("message request_id=%s correlation_id=%s status=%d code=%s", request_id, correlation_id, status, named)
        return status, answer

    def _taken(self, sent: Mapping[str, str], body: Body) -> tuple[int, Json, str]:
        self.behaviour.before()
        if self.issuer.client(sent.get("Authorization")) is None:
            raise refuse(401, "security", "The access token is missing, unknown or expired.")
        bundle = _parsed(body)
        heard = headers.read(sent)
        if not same_system(heard.target_system, DOS_SERVICE) or heard.target not in self.partner.services:
            raise refuse(404, "not-found", "The target identifier is not a service of ours.", headers.TARGET)
        if self.store.has(heard):
            raise _duplicate()
        check_referral(bundle, self.partner.accepts(), heard.target)
        self.behaviour.after_checks()
        new = Referral(str(uuid.uuid4()), heard.correlation_id, str(bundle["id"]), heard.target, bundle)
        answer = acknowledgement(Case(self.partner, new.id, new.service, bundle))
        try:
            self.store.accept(new, request_id=heard.request_id, steps=self.partner.steps)
        except AlreadyHere:
            raise _duplicate() from None
        self.answering.poke()
        self.behaviour.before_answer()
        return 200, answer, new.bundle_id


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


def _duplicate() -> Refused:
    return refuse(409, "duplicate", "This message has already been processed.")


def measured(content: bytes) -> Body:
    """A body that was read whole."""
    kept = content if len(content) <= MOST_BYTES else None
    return Body(kept, len(content), hashlib.sha256(content).hexdigest())
