"""BaRS over FHIR R4: $process-message, and what an answer means.

Source: BaRS guide Core 1.2.2, Transactional-integrity and Error-Handling; API 1.4.0. The sender repeats the same ids
with growing pauses when there is no OperationOutcome, the ids are not mirrored, on 408, 425, 429, 503 and PROXY_*;
409 with issue code duplicate means that an earlier try arrived. Status and code are published differently in places
(a time-out as 408 and as 409, REC_UNAVAILABLE and REC_SERVICE_UNAVAILABLE): either says what it is.
"""

from collections.abc import Callable, Mapping
from urllib.parse import urlencode
from uuid import uuid4

from exchange import http, oauth, tls
from exchange.errors import DeliveryError, NotActive, NotThere, PartnerFailed, PartnerRefused, Phase
from exchange.fhir import headers, numbers
from exchange.fhir.messages import Json
from exchange.models import OutboxMessage
from exchange.transports.answer import Answer

PATH = "/$process-message"
AGAIN_STATUS = frozenset({408, 425, 429, 502, 503, 504})
#: Said by receiver or API, whatever the status beside it.
AGAIN_NAMES = frozenset({"TIMEOUT", "TOO_EARLY", "TOO_MANY_REQUESTS", "UNAVAILABLE", "SERVICE_UNAVAILABLE"})
AGAIN_CODES = frozenset(f"{side}_{name}" for side in ("SEND", "REC") for name in AGAIN_NAMES)
TOKEN_STATUS = frozenset({401})
TOKEN_CODES = frozenset({"SEND_UNAUTHORIZED", "REC_UNAUTHORIZED", "SEND_FORBIDDEN"})


def send(message: OutboxMessage) -> Answer:
    """One try: the sealed bytes and headers, and a bearer token. Raises a DeliveryError that says whether to repeat.

    A token the partner no longer knows is mended at once, with one more call within the same try. What takes back an
    earlier message goes only if the receiver, asked within the same try, calls that one active.
    """
    if message.cancels is not None:
        _require_active(message, message.cancels)
    return judge(_with_a_good_token(_post, message), message.headers)


def _with_a_good_token(call: Callable[[OutboxMessage], http.Heard], message: OutboxMessage) -> http.Heard:
    heard = call(message)
    if _token_refused(heard):
        oauth.forget_token(message.to)
        heard = call(message)
    return heard


def _post(message: OutboxMessage) -> http.Heard:
    bearer = {"Authorization": f"Bearer {oauth.token_for(message.to)}"}
    return http.post(
        message.to.endpoint.rstrip("/") + PATH,
        content=message.payload.encode(),
        headers=message.headers | bearer,
        identity=tls.of(message.to),
    )


def _require_active(message: OutboxMessage, cancelled: OutboxMessage) -> None:
    """Raise NotActive, NotThere or what says to try again, unless the receiver calls what was sent active.

    Read by the id that its acknowledgement gave, else by our identifier (BaRS: GET /ServiceRequest, before cancelling).
    """
    asked = {name: value for name, value in message.headers.items() if name != "Content-Type"}
    asked[headers.REQUEST_ID] = str(uuid4())

    def read(message: OutboxMessage) -> http.Heard:
        bearer = {"Authorization": f"Bearer {oauth.token_for(message.to)}"}
        address = message.to.endpoint.rstrip("/") + _address(cancelled)
        return http.get(address, headers=asked | bearer, identity=tls.of(message.to))

    heard = _with_a_good_token(read, message)
    body = _resource(heard.text)
    if not _mirrors(heard.headers, asked):
        raise _again(heard, "ids not mirrored")
    if heard.status == 200 and body.get("resourceType") in ("ServiceRequest", "Bundle"):
        request = _first_request(body)
        if request.get("status") == "active" or (request.get("status") == "revoked" and _may_have_arrived(message)):
            return
        raise (NotActive if request else NotThere)(str(heard.status), status=heard.status, answer=heard.text)
    issues = body.get("issue") if body.get("resourceType") == "OperationOutcome" else None
    codes = _codes(issues)
    if issues is None or heard.status < 400 or _may_pass(heard.status, codes, set()) or _token_refused(heard):
        raise _again(heard, min(codes, default="no OperationOutcome"))
    refusal = NotThere if heard.status in (404, 410) else PartnerRefused
    raise refusal(min(codes, default=str(heard.status)), status=heard.status, answer=heard.text)


def _may_have_arrived(message: OutboxMessage) -> bool:
    """Whether an earlier try reached further than the connection: then "revoked" may be our own word."""
    return message.tries.filter(ended_at__isnull=False).exclude(phase=Phase.CONNECT).exists()


def _address(cancelled: OutboxMessage) -> str:
    """Where the receiver has the request of a message of ours."""
    theirs = _first_request(_resource(cancelled.answer)).get("id")
    if isinstance(theirs, str) and headers.is_uuid(theirs):
        return f"/ServiceRequest/{theirs}"
    ours = (_first_request(_resource(cancelled.payload)).get("identifier") or [{}])[0]
    token = f"{ours.get('system', '')}|{ours.get('value', '')}"
    return f"/ServiceRequest?{urlencode({'ServiceRequest.identifier': token})}"


def _first_request(body: Json) -> Json:
    """The ServiceRequest that this is, or the first of a Bundle; {} if there is none."""
    if body.get("resourceType") == "ServiceRequest":
        return body
    entries = body.get("entry")
    for entry in entries if isinstance(entries, list) else []:
        found = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(found, dict) and found.get("resourceType") == "ServiceRequest":
            return found
    return {}


def judge(heard: http.Heard, sent: Mapping[str, str]) -> Answer:
    """What a partner's answer means. Raises PartnerFailed (send again) or PartnerRefused (a person looks)."""
    body = _resource(heard.text)
    issues = body.get("issue") if body.get("resourceType") == "OperationOutcome" else None
    codes, kinds = _codes(issues), _kinds(issues)
    if not _mirrors(heard.headers, sent):
        raise _again(heard, "ids not mirrored")
    if 200 <= heard.status < 300 and body.get("resourceType") == "Bundle":
        return Answer(heard.status, heard.text)
    if heard.status == 409 and "duplicate" in kinds and not _is_of_the_way(codes):
        return Answer(heard.status, heard.text, duplicate=True)
    if issues is None or heard.status < 400:
        raise _again(heard, "no OperationOutcome")
    if _may_pass(heard.status, codes, kinds) or _token_refused(heard):
        raise _again(heard, min(codes, default=str(heard.status)))
    raise PartnerRefused(min(codes, default=str(heard.status)), status=heard.status, answer=heard.text)


def _is_of_the_way(codes: set[str]) -> bool:
    """Whether the word is not the receiver's but of what stands between: that proves nothing about the receiver."""
    return any(code.startswith(("PROXY_", "SEND_")) for code in codes)


def _may_pass(status: int, codes: set[str], kinds: set[str]) -> bool:
    """Whether the same message may be taken later, as an OperationOutcome tells it."""
    if status in AGAIN_STATUS or AGAIN_CODES & codes or any(code.startswith("PROXY_") for code in codes):
        return True
    return status == 409 and "timeout" in kinds


def _again(heard: http.Heard, why: str) -> DeliveryError:
    return PartnerFailed(why, again=True, status=heard.status, wait=http.wait_asked(heard))


def _mirrors(answered: Mapping[str, str], sent: Mapping[str, str]) -> bool:
    names = (headers.REQUEST_ID, headers.CORRELATION_ID)
    return all(answered.get(name, "").lower() == sent[name].lower() for name in names)


def _token_refused(heard: http.Heard) -> bool:
    if heard.status in TOKEN_STATUS:
        return True
    return heard.status == 403 and bool(TOKEN_CODES & _codes(_resource(heard.text).get("issue")))


def _resource(text: str) -> Json:
    try:
        found = numbers.loads(text)
    except numbers.JsonError:
        return {}
    return found if isinstance(found, dict) else {}


def _codes(issues: object) -> set[str]:
    """BaRS error codes of an OperationOutcome's issues, however it is put together."""
    found: set[str] = set()
    for issue in issues if isinstance(issues, list) else []:
        details = issue.get("details") if isinstance(issue, dict) else None
        codings = details.get("coding") if isinstance(details, dict) else None
        for one in codings if isinstance(codings, list) else []:
            if isinstance(one, dict) and isinstance(one.get("code"), str):
                found.add(one["code"])
    return found


def _kinds(issues: object) -> set[str]:
    """FHIR issue types of an OperationOutcome's issues."""
    return {
        issue["code"]
        for issue in (issues if isinstance(issues, list) else [])
        if isinstance(issue, dict) and isinstance(issue.get("code"), str)
    }
