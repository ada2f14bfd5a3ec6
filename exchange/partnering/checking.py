"""Testing the connection with a partner, step by step; it ends at the first that fails. No patient data is sent.

The message that is tried can never become a referral: it names neither a patient nor a request (docs/adr/0025).
"""

import datetime as dt
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass
from uuid import uuid4

from cryptography import x509
from django.conf import settings
from django.utils import timezone

from exchange import http, oauth, tls
from exchange.errors import DeliveryError, TlsFailed
from exchange.fhir import headers, numbers
from exchange.fhir.messages import MEDIA_TYPE, SOFTWARE_DEVICE, message_bundle, message_header
from exchange.models import ConnectionTest, Partner, Service
from exchange.partnering import capability, sentences
from exchange.partnering.sentences import FAILED, PASSED, SKIPPED, WARNED, Step

CONNECT_SECONDS: Final = 5.0
_ALERT_SECONDS: Final = 0.3
Said = tuple[str, str, str]  # how it ended, the sentence, whose turn it is


class _Ends(Exception):
    """A step failed: nothing after it can be tried."""

    def __init__(self, sentence: str, turn: str) -> None:
        super().__init__(sentence)
        self.sentence, self.turn = sentence, turn


def run(test_id: int) -> bool:
    """Run a test that was asked for, unless another worker does, and keep each step as it ends. Returns whether."""
    if not ConnectionTest.objects.filter(pk=test_id, started_at=None).update(started_at=timezone.now()):
        return False
    test = ConnectionTest.objects.select_related("partner__organisation").get(pk=test_id)
    for step in steps(test.partner):
        test.steps.append(step.kept())
        test.save(update_fields=["steps"])
    test.ended_at = timezone.now()
    test.save(update_fields=["ended_at"])
    return True


def steps(partner: Partner) -> Iterator[Step]:
    """Each step as it ends; none after one that failed."""
    if partner.transport == Partner.Transport.MESH:
        told = "They are reached through MESH: how our mailbox does stands at the exchange desk."
        yield Step("connect", SKIPPED, told)
        return
    oauth.forget_token(partner)  # a token from before would hide what is wrong now
    for phase, act in _ACTS.items():
        started = time.monotonic()
        try:
            ended, sentence, turn = act(partner)
        except _Ends as failed:
            ended, sentence, turn = FAILED, failed.sentence, failed.turn
        yield Step(phase, ended, sentence, turn, int((time.monotonic() - started) * 1000))
        if ended == FAILED:
            return


def _name(partner: Partner) -> str:
    return partner.organisation.name


def _url(partner: Partner) -> SplitResult:
    return urlsplit(partner.endpoint)


def _reached(partner: Partner) -> tuple[str, int, bool]:
    """Host and port that we connect to, and whether they are a proxy's, as the HTTP client does it."""
    url = _url(partner)
    host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
    if settings.PRODUCTION and not proxy_bypass(host):
        proxy = urlsplit(getproxies().get(url.scheme, ""))
        if proxy.hostname:
            return proxy.hostname, proxy.port or 8080, True
    return host, port, False


def _resolve(partner: Partner) -> Said:
    host, port, by_proxy = _reached(partner)
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        if by_proxy:
            raise _Ends("Our proxy's address was not found.", "Ask whoever runs this system.") from None
        raise _Ends(f"The address {host} was not found.", "Check the address with them.") from None
    return PASSED, "Found.", ""


def _connect(partner: Partner) -> Said:
    host, port, by_proxy = _reached(partner)
    try:
        socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
    except OSError:
        if by_proxy:
            raise _Ends("Our proxy does not answer.", "Ask whoever runs this system.") from None
        turn = "Ask them whether their system runs and lets us in."
        raise _Ends(f"Nothing answers at {host}, port {port}.", turn) from None
    return PASSED, "Connected.", ""


def _secure(partner: Partner) -> Said:
    url = _url(partner)
    if url.scheme != "https":
        return WARNED, "The connection is not encrypted.", "Ask them for an address that begins with https."
    host, port, by_proxy = _reached(partner)
    if by_proxy:
        return SKIPPED, "We go through a proxy: looked at with the next step.", ""
    name = _name(partner)
    try:
        ends = _handshake(host, port, tls.context(tls.of(partner)))
    except TlsFailed as error:
        raise _Ends("Our certificate, its key or the authority cannot be used.", "Enter them again.") from error
    except OSError as error:
        fault = tls.fault(error, connecting=True) or TlsFailed()
        raise _Ends(*sentences.of_tls(fault, name, _their_end(host, port))) from None
    if ends is not None and ends - timezone.now() < dt.timedelta(days=30):
        return WARNED, f"{name}'s certificate ends on {sentences.day(ends)}.", "Ask them for a new one before then."
    return PASSED, "Encrypted, and they are who they say.", ""


def _handshake(host: str, port: int, context: ssl.SSLContext) -> dt.datetime | None:
    """Shake hands and send nothing; when their certificate ends. A refusal of ours comes a moment later (TLS 1.3)."""
    with (
        socket.create_connection((host, port), timeout=CONNECT_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        der = secured.getpeercert(binary_form=True)
        secured.settimeout(_ALERT_SECONDS)
        with suppress(TimeoutError):
            secured.recv(1)
    return x509.load_der_x509_certificate(der).not_valid_after_utc if der else None


def _their_end(host: str, port: int) -> dt.datetime | None:
    """When a certificate that was not accepted ends: read unverified, to say it; nothing is sent."""
    unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
    try:
        return _handshake(host, port, unverified)
    except (OSError, ValueError):
        return None


def _token(partner: Partner) -> Said:
    try:
        oauth.token_for(partner)
    except TlsFailed as error:
        raise _Ends(*sentences.of_tls(error, _name(partner), None)) from None
    except DeliveryError as error:
        raise _Ends(*sentences.of_token(error, _name(partner))) from None
    return PASSED, "They gave us a token.", ""


def _metadata(partner: Partner) -> Said:
    try:
        said = capability.read(capability.ask(partner))
    except DeliveryError as error:
        capability.keep(partner, {"trouble": error.code})
        raise _Ends(*sentences.of_answer(error, _name(partner), "what they can do")) from None
    known = capability.keep(partner, said | {"read_at": timezone.now(), "trouble": ""})
    if found := capability.warnings(partner, known):
        return WARNED, found[0].removesuffix(" Ask them before you send."), "Ask them before you send."
    return PASSED, f"They told us{': ' + known.software if known.software else ''}.", ""


def _message(partner: Partner) -> Said:
    if partner.transport == Partner.Transport.FHIR:
        return _empty_transaction(partner)
    if "process-message" not in partner.capability.operations:
        return SKIPPED, "Not tried: their system does not say that it takes messages.", "Ask them."
    heard = _asked(partner, "/$process-message", _empty_message(partner), _bars_headers(partner))
    if heard.status in (400, 422) and "OperationOutcome" in heard.text:
        return PASSED, "They refused an empty message, as they should.", ""
    return _unexpected(partner, heard)


def _empty_transaction(partner: Partner) -> Said:
    empty = {"resourceType": "Bundle", "type": "transaction"}
    heard = _asked(partner, "", numbers.dumps(empty), {"Content-Type": MEDIA_TYPE, "Accept": MEDIA_TYPE})
    if heard.status in (200, 400, 422):
        return PASSED, "They read an empty transaction.", ""
    return _unexpected(partner, heard)


def _unexpected(partner: Partner, heard: http.Heard) -> Said:
    name = _name(partner)
    if 200 <= heard.status < 300:
        return WARNED, f"{name} took an empty message, which says nothing.", "Tell them: it should be refused."
    raise _Ends(*sentences.of_answer(DeliveryError(status=heard.status), name, "to take a message"))


def _asked(partner: Partner, path: str, text: str, sent: dict[str, str]) -> http.Heard:
    bearer = {"Authorization": f"Bearer {oauth.token_for(partner)}"}
    url = partner.endpoint.rstrip("/") + path
    try:
        return http.post(url, content=text.encode(), headers=sent | bearer, identity=tls.of(partner))
    except DeliveryError as error:
        raise _Ends(*sentences.of_answer(error, _name(partner), "to take a message")) from None


def _service(partner: Partner) -> str:
    found = Service.objects.filter(organisation=partner.organisation, active=True).values_list("service_id", flat=True)
    return found.first() or "0"


def _empty_message(partner: Partner) -> str:
    header = message_header(
        header_id=uuid4(),
        event="servicerequest-request",
        reason="new",
        destination=_service(partner),
        receiver=None,
        sender=uuid4(),
        source_name="Test of the connection",
        source_phone="",
        source_service=settings.OUR_SERVICE_ID,
        focus=[],
    )
    return numbers.dumps(message_bundle(bundle_id=uuid4(), version="1.0.0", at=timezone.now(), resources=[header]))


def _bars_headers(partner: Partner) -> dict[str, str]:
    return headers.sealed(
        request_id=uuid4(),
        correlation_id=uuid4(),
        service_id=_service(partner),
        use_context="test|validation|servicerequest-request|new",
        organisation={"resourceType": "Organization", "name": "Test of the connection"},
        software=SOFTWARE_DEVICE,
        practitioner=None,
    )


_ACTS: Final[dict[str, Callable[[Partner], Said]]] = {
    "resolve": _resolve,
    "connect": _connect,
    "secure": _secure,
    "token": _token,
    "metadata": _metadata,
    "message": _message,
}
