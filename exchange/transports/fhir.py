"""Plain FHIR R4 for receivers that are not BaRS: a transaction, or one resource created or updated under a condition.

What is sent makes nothing twice (exchange.fhir.transactions), so whatever leaves it open whether it arrived is simply
sent again. Source: FHIR R4 http.html, Transactional integrity, Conditional create and update, Managing resource
contention.
"""

from typing import Final

from exchange import http, oauth, tls
from exchange.errors import NotOffered, PartnerFailed, PartnerRefused
from exchange.fhir import numbers
from exchange.fhir.headers import CORRELATION_ID, REQUEST_ID
from exchange.fhir.messages import MEDIA_TYPE, Json
from exchange.fhir.transactions import from_message, request_for
from exchange.models import OutboxMessage
from exchange.transports.answer import Answer

#: Nothing is wrong with the message: two writers met (409), it was too much or too early, or their system has a fault.
AGAIN_STATUS: Final = frozenset({401, 408, 409, 425, 429, 500, 502, 503, 504})
NOT_OFFERED: Final = frozenset({404, 405, 410, 501})
#: Given by the receiver and no part of what was said.
_THEIRS: Final = frozenset({"meta", "text"})


def seal(payload: Json, headers: dict[str, str]) -> tuple[Json, dict[str, str]]:
    """A message as a transaction, another resource as it is; of BaRS's headers only the ids by which it is followed.

    Raises ValueError for a resource that cannot be sent twice without harm.
    """
    ids = {name: headers[name] for name in (REQUEST_ID, CORRELATION_ID)}
    said = from_message(payload)
    request_for(said)
    return said, ids | {"Content-Type": MEDIA_TYPE, "Accept": MEDIA_TYPE}


def send(message: OutboxMessage) -> Answer:
    """One try: the sealed bytes under their condition, and a bearer token. Raises a DeliveryError.

    A token that is no longer known is mended at once. An update whose version has passed may be our own earlier try:
    what stands there now is read and compared.
    """
    payload = numbers.loads(message.payload)
    heard = _call(message, payload)
    if heard.status == 401:
        oauth.forget_token(message.to)
        heard = _call(message, payload)
    if heard.status == 412 and "id" in payload and payload["resourceType"] != "Bundle" and _is_there(message, payload):
        return Answer(heard.status, heard.text, duplicate=True)
    return judge(heard, payload)


def judge(heard: http.Heard, payload: Json) -> Answer:
    """What a partner's answer means. Raises PartnerFailed (send again) or PartnerRefused (a person looks).

    200 and 201 are success, 200 to a creation means that it was there already; 412 means that several bear the
    identifier, or that somebody else changed it meanwhile.
    """
    if payload.get("type") == "transaction":
        if 200 <= heard.status < 300:
            return _transaction(heard, payload)
    elif heard.status in (200, 201, 204):
        created = request_for(payload).method == "POST"
        return Answer(heard.status, heard.text, duplicate=created and heard.status == 200)
    if heard.status in NOT_OFFERED:
        raise NotOffered(str(heard.status), status=heard.status, answer=heard.text)
    if heard.status in AGAIN_STATUS or not 400 <= heard.status < 500:
        raise PartnerFailed(str(heard.status), status=heard.status, wait=http.wait_asked(heard))
    raise PartnerRefused(str(heard.status), status=heard.status, answer=heard.text)


def _transaction(heard: http.Heard, payload: Json) -> Answer:
    """All of a transaction is done or none: an answer that does not say so for every entry proves nothing."""
    body = _resource(heard.text)
    answered = [one.get("response") for one in body.get("entry") or [] if isinstance(one, dict)]
    status = [str(one.get("status", ""))[:3] for one in answered if isinstance(one, dict)]
    whole = body.get("type") == "transaction-response" and len(status) == len(payload["entry"])
    if not whole or not all(one.startswith("2") for one in status):
        raise PartnerFailed("no transaction-response for every entry", status=heard.status)
    asked = [one["request"]["method"] for one in payload["entry"]]
    had_all = "POST" in asked and all(s == "200" for m, s in zip(asked, status, strict=True) if m == "POST")
    return Answer(heard.status, heard.text, duplicate=had_all and "PUT" not in asked)


def _call(message: OutboxMessage, payload: Json) -> http.Heard:
    bearer = {"Authorization": f"Bearer {oauth.token_for(message.to)}"}
    request = request_for(payload)
    return http.send(
        request.method,
        message.to.endpoint.rstrip("/") + request.path,
        content=message.payload.encode(),
        headers=message.headers | request.headers | bearer,
        identity=tls.of(message.to),
    )


def _is_there(message: OutboxMessage, payload: Json) -> bool:
    """Whether what the receiver holds now says what we sent."""
    headers = {"Accept": message.headers["Accept"], "Authorization": f"Bearer {oauth.token_for(message.to)}"}
    url = message.to.endpoint.rstrip("/") + request_for(payload).path
    heard = http.get(url, headers=headers, identity=tls.of(message.to))
    return heard.status == 200 and _said(_resource(heard.text)) == _said(payload)


def _said(resource: Json) -> Json:
    return {name: value for name, value in resource.items() if name not in _THEIRS}


def _resource(text: str) -> Json:
    try:
        found = numbers.loads(text)
    except numbers.JsonError:
        return {}
    return found if isinstance(found, dict) else {}
