"""What a page or panel that asks again is answered, until nothing moves any more."""

import datetime as dt
import re
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from access.models import AuditEvent
from conftest import Person
from exchange.models import OutboxMessage
from referrals.tests.pages import HTMX, audits, page, seen_in, text_of

pytestmark = pytest.mark.django_db


def test_the_referral_polls_until_it_is_settled(gp: Person, make_sent: Any, answer: Any, file: Any) -> None:
    referral = make_sent()
    url = reverse("referrals:referral", args=[referral.pk])
    seen = seen_in(gp.client.get(url))
    assert audits("opened referral") == 1
    unchanged = gp.client.get(url, {"seen": seen}, **HTMX)
    assert (unchanged.status_code, unchanged.content) == (204, b"")
    file(answer(referral, "accepted"))
    changed = gp.client.get(url, {"seen": seen}, **HTMX)
    assert changed.status_code == 200
    assert re.match(r'\s*<div class="col"\s+id="referral"\s+hx-get=', changed.content.decode())
    assert "Accepted by Northern Infirmary" in changed.content.decode()
    file(answer(referral, "completed"))
    settled = gp.client.get(url, {"seen": seen_in(changed)}, **HTMX)
    assert settled.status_code == 286
    assert "hx-get" not in settled.content.decode()
    assert audits("opened referral") == 1  # polls write none


def test_news_of_delivery_counts_as_a_change(gp: Person, make_sent: Any) -> None:
    referral = make_sent()
    url = reverse("referrals:referral", args=[referral.pk])
    seen = seen_in(gp.client.get(url))
    message = OutboxMessage.objects.get()
    message.tries.create(number=1, started_at=timezone.now(), ended_at=timezone.now(), outcome="unreachable")
    due = timezone.now() + dt.timedelta(minutes=5)
    OutboxMessage.objects.update(attempts=1, trouble="unreachable", due_at=due)
    response = gp.client.get(url, {"seen": seen}, **HTMX)
    assert response.status_code == 200
    assert re.search(r"Northern Infirmary has not answered since \d\d:\d\d\. We try again", text_of(response))


def test_the_panel_polls_while_something_moves(
    gp: Person, make_sent: Any, make_draft: Any, answer: Any, file: Any
) -> None:
    referral = make_sent()
    url = reverse("referrals:panel", args=[referral.patient_id])
    first = gp.client.get(url)
    assert first.status_code == 200
    assert 'aria-labelledby="referrals-h" hx-get=' in first.content.decode()
    assert gp.client.get(url, {"seen": seen_in(first)}, **HTMX).status_code == 204
    file(answer(referral, "rejected", reason="No space"))
    settled = gp.client.get(url, {"seen": seen_in(first)}, **HTMX)
    assert settled.status_code == 286
    assert "Rejected by Northern Infirmary" in settled.content.decode()
    assert 'aria-labelledby="referrals-h">' in settled.content.decode()
    assert not AuditEvent.objects.filter(action__startswith="opened").exists()


@pytest.mark.parametrize("name", ["worklist-part", "next-steps"])
def test_the_lists_poll(gp: Person, make_draft: Any, name: str) -> None:
    make_draft()
    first = page(gp.client, name)
    assert page(gp.client, name, seen=seen_in(first)).status_code == 204
    make_draft()
    assert page(gp.client, name, seen=seen_in(first)).status_code == 200
    assert not AuditEvent.objects.filter(action__startswith="opened").exists()
