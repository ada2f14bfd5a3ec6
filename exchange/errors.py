"""What can go wrong between organisations.

Each error knows its phase, whether trying again can help, its plain-English sentence and, where it is told to a
partner, its OperationOutcome. None of them ever carries a name, an NHS number or any other content of a message.
"""

from enum import StrEnum
from typing import Any, ClassVar

from exchange.fhir.messages import operation_outcome


class Phase(StrEnum):
    """How far a message had come when it failed."""

    CONNECT = "connect"  # nothing was sent
    AWAIT_REPLY = "await-reply"  # sent, perhaps received
    REPLY = "reply"  # the receiver answered
    OURS = "ours"  # the fault is on our side


class Rec(StrEnum):
    """The receiver's error codes of BaRS (system https://fhir.nhs.uk/Codesystem/http-error-codes)."""

    BAD_REQUEST = "REC_BAD_REQUEST"
    UNAUTHORIZED = "REC_UNAUTHORIZED"
    FORBIDDEN = "REC_FORBIDDEN"
    NOT_FOUND = "REC_NOT_FOUND"
    METHOD_NOT_ALLOWED = "REC_METHOD_NOT_ALLOWED"
    NOT_ACCEPTABLE = "SEND_NOT_ACCEPTABLE"  # the one code that is published for 406
    TIMEOUT = "REC_TIMEOUT"
    CONFLICT = "REC_CONFLICT"
    TOO_EARLY = "REC_TOO_EARLY"
    UNPROCESSABLE_ENTITY = "REC_UNPROCESSABLE_ENTITY"
    TOO_MANY_REQUESTS = "REC_TOO_MANY_REQUESTS"
    SERVER_ERROR = "REC_SERVER_ERROR"
    NOT_IMPLEMENTED = "REC_NOT_IMPLEMENTED"
    UNAVAILABLE = "REC_UNAVAILABLE"

    @property
    def status(self) -> int:
        return _STATUS[self]


_STATUS = {
    Rec.BAD_REQUEST: 400,
    Rec.UNAUTHORIZED: 401,
    Rec.FORBIDDEN: 403,
    Rec.NOT_FOUND: 404,
    Rec.METHOD_NOT_ALLOWED: 405,
    Rec.NOT_ACCEPTABLE: 406,
    Rec.TIMEOUT: 408,
    Rec.CONFLICT: 409,
    Rec.TOO_EARLY: 425,
    Rec.UNPROCESSABLE_ENTITY: 422,
    Rec.TOO_MANY_REQUESTS: 429,
    Rec.SERVER_ERROR: 500,
    Rec.NOT_IMPLEMENTED: 501,
    Rec.UNAVAILABLE: 503,
}


#: What a gateway answers when the system behind it does not, by HTTP status and by BaRS code.
GATEWAY_STATUS = frozenset({502, 503, 504})
GATEWAY_CODES = "PROXY_"


class ExchangeError(Exception):
    """Something went wrong with a message. `code` is what outbox and attempts keep; `sentence` is for people."""

    phase: Phase = Phase.OURS
    code: ClassVar[str] = "failed"
    sentence: ClassVar[str] = "The message could not be exchanged."


class DeliveryError(ExchangeError):
    """A try to deliver that did not succeed. `again` says whether the same message is to be sent again.

    `answer` is the partner's body, kept when it settles the message; it never goes into a log.
    """

    def __init__(
        self, detail: str = "", *, again: bool = True, status: int | None = None, answer: str = "", wait: int = 0
    ) -> None:
        super().__init__(detail or self.code)
        self.again = again
        self.status = status
        self.answer = answer
        self.wait = wait  # seconds the partner asked us to wait

    @property
    def unanswered(self) -> bool:
        """Whether nobody there answered: only silence, or a gateway in front of them."""
        silent = self.phase in (Phase.CONNECT, Phase.AWAIT_REPLY)
        return silent or self.status in GATEWAY_STATUS or str(self).startswith(GATEWAY_CODES)


class PartnerUnreachable(DeliveryError):
    """No connection, or no token: nothing was sent."""

    phase = Phase.CONNECT
    code = "unreachable"
    sentence = "Their system cannot be reached."


class TlsFailed(PartnerUnreachable):
    """Connected, but no secure connection came about: nothing was sent."""

    code = "tls"
    sentence = "No secure connection (TLS) can be made to their system."


class CertificateNotTrusted(TlsFailed):
    """Their certificate comes from an authority that is not trusted, or not from the one named for them."""

    code = "tls-not-trusted"
    sentence = "Their certificate for TLS is not from an authority we trust."


class CertificateOver(TlsFailed):
    """Their certificate has ended or has not begun."""

    code = "tls-over"
    sentence = "Their certificate for TLS is out of date."


class CertificateOfOthers(TlsFailed):
    """Their certificate does not name the host we called."""

    code = "tls-other-name"
    sentence = "Their certificate for TLS is for another address."


class OurCertificateRefused(TlsFailed):
    """They want a certificate of ours, or another one."""

    code = "tls-ours"
    sentence = "Their system does not accept our certificate for TLS."


class PartnerTimedOut(DeliveryError):
    """Sent, no answer in time: perhaps received, so the same ids go again."""

    phase = Phase.AWAIT_REPLY
    code = "timed-out"
    sentence = "Their system did not answer in time."


class PartnerFailed(DeliveryError):
    """The receiver answered with a fault of its own."""

    phase = Phase.REPLY
    code = "partner-failed"
    sentence = "Their system answered that it has a fault."


class PartnerRefused(DeliveryError):
    """The receiver does not take this message: sending it again would not help."""

    phase = Phase.REPLY
    code = "refused"
    sentence = "Their system did not accept the message."

    def __init__(self, detail: str = "", *, status: int | None = None, answer: str = "") -> None:
        super().__init__(detail, again=False, status=status, answer=answer)


class NotActive(PartnerRefused):
    """What was to be taken back is not active at its receiver any more."""

    code = "not-active"
    sentence = "They are past the point where it could be taken back."


class NotThere(PartnerRefused):
    """What was to be taken back is not known at its receiver."""

    code = "not-there"
    sentence = "Their system does not know what was to be taken back."


class NotOffered(PartnerRefused):
    """The partner has no such interaction (404, 405, 410, 501): another one has to be tried."""

    code = "not-offered"
    sentence = "Their system does not offer this."


class NoMailbox(DeliveryError):
    """The organisation that sends has no mailbox at MESH: it goes once there is one."""

    phase = Phase.OURS
    code = "no-mailbox"
    sentence = "We have no MESH mailbox to send it from."


class MailboxRefused(DeliveryError):
    """MESH did not take our authorisation. A person puts our password or certificate right; then it goes."""

    phase = Phase.OURS
    code = "mailbox-refused"
    sentence = "MESH did not accept our password."


class UnknownMailbox(PartnerRefused):
    """MESH has no mailbox of the name we hold for the partner (its code 12)."""

    code = "unknown-mailbox"
    sentence = "MESH knows no mailbox of theirs by the name we have."


class WorkflowRefused(PartnerRefused):
    """MESH does not pass on this kind of message from us or to them (its codes 16 and 17)."""

    code = "workflow-refused"
    sentence = "MESH does not pass this kind of message on to them."


class Uncollected(PartnerRefused):
    """Nobody collected the message at MESH in time (its code 14, or our own clock)."""

    code = "uncollected"
    sentence = "Nobody there collected it from MESH."


class AnswerTooLong(DeliveryError):
    """More pages, bytes or seconds than we take: what came until then is incomplete."""

    phase = Phase.REPLY
    code = "too-long"
    sentence = "Their answer was longer than we can take at once."


class LinkElsewhere(DeliveryError):
    """A page link that leads to another host or in a circle is not followed: our token goes nowhere else."""

    phase = Phase.REPLY
    code = "link-elsewhere"
    sentence = "Their answer pointed to a page that is not theirs."


class OurFault(DeliveryError):
    """A fault in our own program while delivering."""

    phase = Phase.OURS
    code = "our-fault"
    sentence = "Our system has a fault and could not send the message."


class PayloadInvalid(ExchangeError):
    """An inbound message that is turned away, with the BaRS code, FHIR issue type and FHIRPath the sender is told.

    `text` is written into `diagnostics`: it names the rule and never quotes a value. Raised by the checks of the API
    and by a handler's `precheck`.
    """

    phase = Phase.OURS
    code = "payload-invalid"
    sentence = "The message breaks a rule and was turned away."

    def __init__(self, rec: Rec, issue: str, text: str, expression: str = "", *, status: int = 0) -> None:
        super().__init__(f"{rec} {expression}".strip())
        self.rec = rec
        self.issue = issue
        self.text = text
        self.expression = expression
        self.status = status or rec.status

    def outcome(self) -> dict[str, Any]:
        """FHIR OperationOutcome with the BaRS code."""
        return operation_outcome(self.rec, self.issue, self.text, self.expression)


class NeedsReview(ExchangeError):
    """A received message that only a person can settle. `reason` is one sentence for the worklist, at most 200
    characters, without patient data."""

    phase = Phase.OURS
    code = "needs-review"
    sentence = "A person has to look at this message."

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
