"""TLS with a partner, over a real connection: who is trusted, who we are, and that nothing is sent when it fails."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from exchange import http, keys, outbox, tls
from exchange.errors import PartnerTimedOut, PartnerUnreachable, Phase
from exchange.models import OutboxMessage, Partner
from exchange.tests import stub
from exchange.tests.certificates import DAY, NOW, Authority, Pair

OURS = Authority("The authority that signs for us")
THEIRS = Authority()

Serve = Callable[..., stub.Stub]


@pytest.fixture
def serve(hospital: Partner, tmp_path: Path) -> Iterator[Serve]:
    """Puts the hospital behind TLS, its authority pinned; `wants` is the authority it wants our certificate from."""
    with ExitStack() as stack:

        def start(pair: Pair, *, wants: str = "", at_most: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> stub.Stub:
            path = tmp_path / "server.pem"
            path.write_text(pair.certificate + pair.key)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(path)
            context.maximum_version = at_most
            if wants:
                context.load_verify_locations(cadata=wants)
                context.verify_mode = ssl.CERT_REQUIRED
            running = stack.enter_context(stub.running(context))
            hospital.endpoint, hospital.ca = f"{running.url}/FHIR/R4", THEIRS.pem
            hospital.token_url, hospital.jwks_url = f"{running.url}/oauth2/token", f"{running.url}/jwks"
            hospital.save()
            return running

        yield start


def show(partner: Partner, pair: Pair) -> None:
    partner.client_certificate, partner.client_key = pair.certificate, pair.key
    partner.save()


def fails_by_tls(message: OutboxMessage, server: stub.Stub, code: str) -> None:
    """It waits for another try, the try says how TLS failed, and nothing was sent: no token asked for, no message."""
    assert outbox.deliver(message.pk) == "queued"
    attempt = message.tries.get()
    assert (attempt.outcome, attempt.phase, attempt.status) == (code, Phase.CONNECT, None)
    assert (server.arrivals, server.tokens) == ([], [])


def test_a_partner_whose_authority_is_pinned_is_sent_to(serve: Serve, put: Callable[..., OutboxMessage]) -> None:
    server = serve(THEIRS.issue())
    assert outbox.deliver(put().pk) == "delivered"
    assert len(server.arrivals) == 1


def test_without_the_pin_it_is_not_trusted(serve: Serve, put: Callable[..., OutboxMessage], hospital: Partner) -> None:
    server = serve(THEIRS.issue())
    Partner.objects.update(ca="")
    fails_by_tls(put(), server, "tls-not-trusted")


def test_another_authority_of_the_same_name_is_not_trusted(serve: Serve, put: Callable[..., OutboxMessage]) -> None:
    fails_by_tls(put(), serve(Authority().issue()), "tls-not-trusted")


def test_a_certificate_that_has_ended_is_told_apart(serve: Serve, put: Callable[..., OutboxMessage]) -> None:
    fails_by_tls(put(), serve(THEIRS.issue(starts=NOW - 9 * DAY, ends=NOW - DAY)), "tls-over")


def test_a_certificate_that_has_not_begun_is_told_apart(serve: Serve, put: Callable[..., OutboxMessage]) -> None:
    fails_by_tls(put(), serve(THEIRS.issue(starts=NOW + DAY)), "tls-over")


def test_a_certificate_for_another_host_is_told_apart(serve: Serve, put: Callable[..., OutboxMessage]) -> None:
    fails_by_tls(put(), serve(THEIRS.issue("infirmary.example")), "tls-other-name")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_partner_that_wants_our_certificate_gets_it(
    serve: Serve, put: Callable[..., OutboxMessage], hospital: Partner, version: ssl.TLSVersion
) -> None:
    server = serve(THEIRS.issue(), wants=OURS.pem, at_most=version)
    show(hospital, OURS.issue("gpportal"))
    assert outbox.deliver(put().pk) == "delivered"
    assert len(server.arrivals) == 1


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("ours", [None, THEIRS.issue("gpportal"), OURS.issue("gpportal", ends=NOW - DAY / 2)])
def test_a_partner_that_wants_a_certificate_of_ours_and_gets_none_or_another(
    serve: Serve,
    put: Callable[..., OutboxMessage],
    hospital: Partner,
    version: ssl.TLSVersion,
    ours: Pair | None,
) -> None:
    server = serve(THEIRS.issue(), wants=OURS.pem, at_most=version)
    if ours is not None:
        show(hospital, ours)
    fails_by_tls(put(), server, "tls-ours")


def test_an_old_tls_is_not_spoken(serve: Serve, put: Callable[..., OutboxMessage], hospital: Partner) -> None:
    serve(THEIRS.issue())
    assert tls.context(tls.of(hospital)).minimum_version == ssl.TLSVersion.TLSv1_2
    assert tls.context(tls.of(hospital)).verify_mode == ssl.CERT_REQUIRED
    assert tls.context(tls.of(hospital)).check_hostname


def test_its_keys_are_fetched_over_the_same_tls(serve: Serve, hospital: Partner) -> None:
    serve(THEIRS.issue())
    assert keys.of_partner(hospital, "stub").keys[0].kid == "stub"
    hospital.ca = OURS.pem
    keys._kept.clear()
    with pytest.raises(PartnerUnreachable):
        keys.of_partner(hospital, "stub")


def test_what_cannot_be_used_as_certificate_or_key_is_a_fault_of_tls_and_shows_nothing(
    serve: Serve, put: Callable[..., OutboxMessage], hospital: Partner
) -> None:
    server = serve(THEIRS.issue())
    show(hospital, Pair("no certificate", "xyzzy"))
    message = put()
    fails_by_tls(message, server, "tls")
    assert "xyzzy" not in str(vars(message.tries.get()))


# The clients ----------------------------------------------------------------------------------------------------------
def held() -> list[int]:
    return list(http._clients)


def test_a_client_is_kept_while_its_identity_stays(serve: Serve, put: Callable[..., OutboxMessage]) -> None:
    serve(THEIRS.issue())
    outbox.deliver(put().pk)
    (first,) = http._clients.values()
    outbox.deliver(put().pk)
    assert list(http._clients.values()) == [first]


def test_a_changed_authority_counts_at_once_and_the_old_connections_are_closed(
    serve: Serve, put: Callable[..., OutboxMessage], hospital: Partner
) -> None:
    server = serve(THEIRS.issue())
    outbox.deliver(put().pk)
    (first,) = http._clients.values()
    Partner.objects.update(ca=OURS.pem)
    assert outbox.deliver(put().pk) == "queued"
    assert len(server.arrivals) == 1
    assert first.client.is_closed
    assert held() == [hospital.pk]


def test_a_client_in_use_is_closed_only_after_its_call(
    serve: Serve, put: Callable[..., OutboxMessage], hospital: Partner
) -> None:
    server = serve(THEIRS.issue())
    server.says = [stub.Say(wait=0.6)]
    identity, url = tls.of(hospital), f"{server.url}/FHIR/R4/$process-message"
    answers: list[Any] = []
    call = threading.Thread(
        target=lambda: answers.append(http.post(url, content=b"{}", headers={}, identity=identity).status)
    )
    call.start()
    end = time.monotonic() + 5
    while not server.arrivals and time.monotonic() < end:
        time.sleep(0.01)
    (first,) = http._clients.values()
    http.close_all()
    assert not first.client.is_closed
    call.join()
    assert answers == [200]
    assert first.client.is_closed


def test_only_so_many_clients_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MOST_CLIENTS", 2)
    for owner in (1, 2, 3, 2, 4):
        with http._client(tls.Identity(owner, ca=THEIRS.pem)):
            pass
    assert held() == [2, 4]


def test_partners_with_nothing_of_their_own_share_one(hospital: Partner) -> None:
    assert tls.of(hospital) == tls.PLAIN


def test_a_connection_that_breaks_later_is_no_fault_of_tls(hospital: Partner, stub_partner: stub.Stub) -> None:
    stub_partner.says = [stub.Say(wait=5)]
    with pytest.raises(PartnerTimedOut):
        http.get(f"{stub_partner.url}/x", headers={}, seconds=0.01) and http.post(
            f"{stub_partner.url}/x", content=b"", headers={}
        )
