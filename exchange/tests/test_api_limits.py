"""What comes too early, too late, too often or too large is turned away, and nobody else feels it."""

import io
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections, transaction
from django.test import Client

from exchange import oauth
from exchange.errors import Rec
from exchange.models import InboxMessage, OutboxMessage, Partner
from exchange.tests import listening, messages
from exchange.tests.posting import URL, Post, refused


# The same ids at once -------------------------------------------------------------------------------------------------
@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, threading.Event]]:
    """(arrived, go): the first message to be looked at says so and waits."""
    arrived, go = threading.Event(), threading.Event()

    def wait(message: Any, sender: Any) -> None:
        arrived.set()
        go.wait(10)

    monkeypatch.setattr(listening, "precheck", wait)
    yield arrived, go
    go.set()


def in_the_background(call: Callable[[], Any]) -> tuple[threading.Thread, list[int]]:
    statuses: list[int] = []

    def run() -> None:
        try:
            statuses.append(call().status_code)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, statuses


@pytest.mark.requirement("BARS-INT-5", "BARS-INT-2")
@pytest.mark.django_db(transaction=True)
def test_what_is_still_being_processed_is_too_early_and_then_a_duplicate(
    post: Post, original: OutboxMessage, gate: tuple[threading.Event, threading.Event]
) -> None:
    arrived, go = gate
    message, sent = messages.response(original.bundle_id), messages.sent()
    thread, statuses = in_the_background(lambda: post(message, dict(sent)))
    assert arrived.wait(10)
    refused(post(message, dict(sent)), 425, Rec.TOO_EARLY, "transient", "http.X-Request-Id")
    go.set()
    thread.join()
    assert statuses == [200]
    assert post(message, dict(sent)).status_code == 409
    assert InboxMessage.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_other_ids_do_not_wait(
    post: Post, original: OutboxMessage, gate: tuple[threading.Event, threading.Event]
) -> None:
    arrived, go = gate
    thread, statuses = in_the_background(lambda: post(messages.response(original.bundle_id)))
    assert arrived.wait(10)
    other, more = in_the_background(lambda: post(messages.response(original.bundle_id)))
    time.sleep(0.2)
    go.set()
    thread.join()
    other.join()
    assert statuses + more == [200, 200]


@pytest.mark.requirement("BARS-TIME-2")
@pytest.mark.django_db(transaction=True)
def test_waiting_for_a_lock_ends_in_time_and_leaves_nothing(
    post: Post, original: OutboxMessage, hospital: Partner, settings: Any
) -> None:
    settings.MESSAGE_TIME_LIMIT_SECONDS = 0.3
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                Partner.objects.select_for_update().get(pk=hospital.pk)
                held.set()
                done.wait(10)
        finally:
            connections.close_all()

    holding = threading.Thread(target=hold)
    holding.start()
    assert held.wait(10)
    started = time.monotonic()
    answer = post(messages.response(original.bundle_id))
    took = time.monotonic() - started
    done.set()
    holding.join()
    refused(answer, 408, Rec.TIMEOUT, "timeout", "")
    assert took < 2


# Too many -------------------------------------------------------------------------------------------------------------
@pytest.mark.requirement("BARS-ERR-1")
@pytest.mark.django_db
def test_a_partner_that_sends_too_much_is_told_how_long_to_wait_and_others_are_not(
    post: Post, original: OutboxMessage, hospital: Partner, pharmacy: Any, settings: Any
) -> None:
    settings.PARTNER_PER_MINUTE = 3
    statuses = [post(messages.response(original.bundle_id)).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    answer = post(messages.response(original.bundle_id))
    assert 15 <= int(answer["Retry-After"]) <= 20
    assert InboxMessage.objects.count() == 3
    other = Partner.objects.create(
        organisation=pharmacy, endpoint="http://x", token_url="http://x", jwks_url="http://x"
    )
    told = post(messages.response(original.bundle_id), token=oauth.bearer(other))
    assert told.status_code == 404  # its own answer: the message is not known for it
    with connections["default"].cursor() as cursor:  # as if a turn's time had passed
        cursor.execute("UPDATE exchange_pace SET next_at = next_at - interval '21 seconds'")
    assert post(messages.response(original.bundle_id)).status_code == 200


@pytest.mark.django_db
def test_no_limit_no_counting(post: Post, original: OutboxMessage, settings: Any) -> None:
    settings.PARTNER_PER_MINUTE = 0
    assert post(messages.response(original.bundle_id)).status_code == 200
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM exchange_pace")
        assert cursor.fetchone() == (0,)


# A large body ---------------------------------------------------------------------------------------------------------
class Endless(io.RawIOBase):
    """A body of so many bytes, none of which exist before they are read."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.left = size

    def read(self, size: int = -1, /) -> bytes:
        given = min(self.left, size if size >= 0 else self.left)
        self.left -= given
        return b" " * given


@pytest.mark.requirement("BARS-ERR-1")
@pytest.mark.django_db
def test_fifty_megabytes_are_refused_in_little_memory(hospital: Partner) -> None:
    sent = messages.sent() | {"Authorization": f"Bearer {oauth.bearer(hospital)}"}
    size = 50 * 1024 * 1024
    environ: dict[str, Any] = {"REQUEST_METHOD": "POST", "PATH_INFO": URL, "CONTENT_TYPE": sent.pop("Content-Type")}
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in sent.items()}
    tracemalloc.start()
    answer = Client().request(**environ, **{"CONTENT_LENGTH": str(size), "wsgi.input": Endless(size)})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    refused(answer, 413, Rec.BAD_REQUEST, "too-long", "Bundle")
    assert peak < 12 * 1024 * 1024
