"""A page of ours as the tests ask for it and read it."""

import re
from typing import Any

from django.test import Client
from django.urls import reverse

from access.models import AuditEvent
from exchange.models import Service
from records.models import Patient

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}


def page(client: Client, name: str, *args: Any, **query: str) -> Any:
    return client.get(reverse(f"referrals:{name}", args=args), query)


def text_of(response: Any) -> str:
    """The page as one reads it."""
    text = re.sub(r"<(script|style).*?</\1>|<head.*?</head>|<[^>]+>", " ", response.content.decode(), flags=re.S)
    return " ".join(text.replace("&#39;", "'").replace("&amp;", "&").split())


def audits(action: str) -> int:
    return AuditEvent.objects.filter(action=action).count()


def written(act: str = "send", **more: str) -> dict[str, str]:
    given = {"act": act, "priority": "urgent", "reason": "Breathless on one flight", "clinical_summary": "Problems"}
    return given | more


def new_url(patient: Patient, service: Service) -> str:
    return f"{reverse('referrals:new')}?patient={patient.pk}&service={service.service_id}"


def seen_in(response: Any) -> str:
    found = re.search(r"seen=([0-9a-f]+)", response.content.decode())
    assert found
    return found.group(1)
