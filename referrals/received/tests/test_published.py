"""Every published request, sent to us as it stands but for the address: taken, or the published error and nothing kept.

Their use cases are other organisations'; here they are all taken. Most name an NHS number that fails its check.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from access.models import AuditEvent
from exchange import inbox
from exchange.models import InboxMessage, Refusal
from records.models import Patient
from referrals.received.models import ReceivedEvent, ReceivedRequest
from referrals.received.tests.conftest import Json, Post

BARS = Path(__file__).resolve().parents[4] / "shared" / "data" / "bars"
EXAMPLES, API = BARS / "simplifier" / "Examples", BARS / "api-examples-1.4.0" / "process_message"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not BARS.is_dir(), reason="the published examples of BaRS are not here (../shared/data/bars)"),
]
TAKEN = ["a1t1", "a3t1", "a4t1", "a4t2", "a5t1", "a5t2", "a5t3", "a6t1", "a6t3"]
FAILING, JULIE, PETER = "3478526985", "9556274839", "9476719931"
LEFT = (200, "", "")
VERSION = (422, "REC_UNPROCESSABLE_ENTITY", "not-supported")
NOBODY = (404, "REC_NOT_FOUND", "not-found")
#: Beginning of the file's name -> status, code and issue. LEFT: taken, and left to a person with the reason.
EXPECTED: dict[str, tuple[int, str, str]] = {
    "BOOKREQ01": LEFT,
    "BOOKREQ02": (400, "REC_BAD_REQUEST", "invariant"),  # says new, and cancelled: the guide has no such workflow
    "BOOKREQRESP01": (400, "REC_BAD_REQUEST", "value"),
    "REFREQ01": LEFT,
    "REFREQ02": LEFT,
    "REFREQ03": VERSION,
    "REFREQ04": VERSION,
    "REFREQ05": VERSION,
    "REFREQ06": LEFT,
    "REFREQ07": LEFT,
    "REFREQ8A": VERSION,
    "REFREQ8B": VERSION,
    "REFREQ8C": VERSION,
    "REFREQ8D": VERSION,
    "REFREQ9A": VERSION,
    "SERVREQ01": NOBODY,
    "SERVREQ02": NOBODY,
    "VALREQ01": LEFT,
    "VALREQ02": NOBODY,
    "VALREQ03": LEFT,
}
#: The same for the API's own examples, by the path of the file.
API_EXPECTED: dict[str, tuple[int, str, str]] = {
    "POST-body": VERSION,
    "request/ValidationRequest (POST) ": VERSION,
}


def ours(file: Path, **changed: str) -> Json:
    """The example, addressed to us, answered to the hospital's service, with other texts changed."""
    text = file.read_text(encoding="utf-8").replace("dos-service-id|111111111", "dos-service-id|9000000101")
    for before, after in changed.items():
        text = text.replace({"number": FAILING}.get(before, before), after)
    made: Json = json.loads(text)
    return made


def told(answer: Any) -> tuple[int, str, str]:
    if answer.status_code == 200:
        return LEFT
    (issue,) = json.loads(answer.content)["issue"]
    for name in ("Jones", "Julie", "Chalmers", FAILING, PETER, "Overtown"):
        assert name not in answer.content.decode()
    return answer.status_code, issue["details"]["coding"][0]["code"], issue["code"]


def files() -> list[tuple[str, Path]]:
    found = [(one.name.split("_")[0], one) for one in sorted(EXAMPLES.glob("*REQ*.json"))]
    return found + [(name, API / f"{name}.json") for name in API_EXPECTED]


def test_every_published_request_is_in_the_table() -> None:
    assert {name for name, _ in files()} == set(EXPECTED) | set(API_EXPECTED)


@pytest.mark.requirement("BARS-TRAP-3")
@pytest.mark.parametrize(("name", "file"), files(), ids=[file.name[:40] for _, file in files()])
def test_a_published_request_is_taken_or_refused_as_published(post: Post, settings: Any, name: str, file: Path) -> None:
    settings.RECEIVED_USE_CASES = TAKEN
    expected = (EXPECTED | API_EXPECTED)[name]
    assert told(post(ours(file))) == expected
    if expected != LEFT:
        assert not InboxMessage.objects.exists()
        assert not AuditEvent.objects.filter(action="message received").exists()
        assert Refusal.objects.get().code == expected[1]
        return
    message = InboxMessage.objects.get()
    assert inbox.file(message.pk) == "needs-review"
    message.refresh_from_db()
    why = "Nobody here" if name == "BOOKREQ01" else "fails its check digit"
    assert why in message.review_reason
    assert not ReceivedRequest.objects.exists()


@pytest.mark.requirement("BARS-CODE-3")
def test_a_use_case_of_others_is_not_taken(post: Post) -> None:
    for file in EXAMPLES.glob("REFREQ0[1267]*.json"):
        assert told(post(ours(file))) == VERSION
    assert not InboxMessage.objects.exists()


@pytest.fixture
def julie(make_patient: Callable[..., Patient]) -> Patient:
    import datetime as dt

    born = {"birth_date": dt.date(1959, 5, 4), "birth_date_written": "1959-05-04"}
    return make_patient(given="Julie", family="Jones", nhs_number=JULIE, **born)


@pytest.mark.requirement("BARS-VAL-1", "BARS-CAN-2", "BARS-VER-3")
def test_the_published_validation_is_filed_changed_and_cancelled(post: Post, settings: Any, julie: Patient) -> None:
    settings.RECEIVED_USE_CASES = TAKEN
    for name in ("VALREQ01", "VALREQ02", "SERVREQ01"):
        file = next(EXAMPLES.glob(f"{name}_*.json"))
        assert told(post(ours(file, number=JULIE))) == LEFT, name
        assert inbox.file(InboxMessage.objects.order_by("-received_at")[0].pk) == "filed", name
    request = ReceivedRequest.objects.get()
    assert (request.patient, request.kind, request.state) == (julie, "validation", "cancelled")
    first, second, last = ReceivedEvent.objects.order_by("number")
    assert [first.kind, second.kind, last.kind] == ["asked", "changed", "cancelled"]
    said = first.says["content"]
    assert said["triage"] == [
        "AMB new/worsening breathlessness", "Palpitations", "Emergency Ambulance Response (Category 3)", "Cat3 Urgent",
    ]  # fmt: skip
    assert any("New/worsening breathlessness" in text for text in said["story"])
    assert first.says["content"] != second.says["content"], "each version is kept"
    assert request.wanted_by is not None
    assert request.wanted_by.isoformat() == "2021-11-26T15:45:00+00:00", "as the update says"


@pytest.mark.parametrize("name", ["REFREQ01", "REFREQ06", "REFREQ07"])
def test_what_a_published_referral_says_is_shown(post: Post, settings: Any, julie: Patient, gp: Any, name: str) -> None:
    from referrals.tests.pages import page, text_of

    settings.RECEIVED_USE_CASES = TAKEN
    assert told(post(ours(next(EXAMPLES.glob(f"{name}_*.json")), number=JULIE))) == LEFT
    assert inbox.file(InboxMessage.objects.get().pk) == "filed"
    request = ReceivedRequest.objects.get()
    shown = text_of(page(gp.client, "received-one", request.pk))
    assert "JONES, Julie" in shown
    wanted = {
        "REFREQ01": ("Child is cause for safeguarding concern", "Adjust for needle phobia", "Amoxicillin", "Aspirin"),
        "REFREQ06": ("Blood Pressure",),
        "REFREQ07": ("Contraception",),
    }[name]
    for text in wanted:
        assert text.casefold() in shown.casefold(), text
