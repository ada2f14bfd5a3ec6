"""What a partner posts to, and how a refusal looks."""

import json
from collections.abc import Callable
from typing import Any

from access.models import AuditEvent
from exchange.fhir import validate
from exchange.models import InboxMessage, Refusal

URL = "/fhir/R4/$process-message"

Post = Callable[..., Any]


def refused(answer: Any, status: int, code: str, issue: str, expression: str) -> None:
    """An OperationOutcome that names code, issue type and place; and nothing stored but ids and reason."""
    outcome = json.loads(answer.content)
    assert (answer.status_code, outcome["resourceType"]) == (status, "OperationOutcome")
    assert validate.check(outcome) == []
    (found,) = outcome["issue"]
    assert (found["details"]["coding"][0]["code"], found["code"]) == (code, issue)
    assert found.get("expression", [""]) == [expression]
    assert answer["Content-Type"].startswith("application/fhir+json")
    assert "SECRET" not in answer.content.decode()
    assert not InboxMessage.objects.exists()
    assert not AuditEvent.objects.filter(action="message received").exists()
    refusal = Refusal.objects.get()
    assert (refusal.status, refusal.code, refusal.sender) == (status, code, "RZZ01")


def change(message: dict[str, Any], *path: Any, to: Any = None) -> dict[str, Any]:
    """The message with one element changed, or left out."""
    *way, last = path
    found: Any = message
    for step in way:
        found = found[step]
    if to is None:
        del found[last]
    else:
        found[last] = to
    return message
