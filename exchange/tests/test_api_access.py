"""Who may send to our $process-message."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from exchange import oauth
from exchange.errors import Rec
from exchange.fhir import validate
from exchange.models import InboxMessage, OutboxMessage, Partner, Refusal
from exchange.tests import messages
from exchange.tests.posting import URL, Post, change


@pytest.mark.django_db
@pytest.mark.requirement("BARS-HDR-8")
def test_nobody_without_a_token_of_ours(hospital: Partner, original: OutboxMessage, settings: Any) -> None:
    good = oauth.bearer(hospital)
    expired = oauth.bearer(hospital, seconds=-1)
    settings.PUBLIC_URL = "http://elsewhere.example"
    foreign = oauth.bearer(hospital)
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    wrong = ["", "Bearer", "Basic eDp5", f"Bearer {good}x", f"Bearer {expired}", f"Bearer {foreign}", "Bearer a.b.c"]
    for authorization in wrong:
        headers = messages.sent()
        del headers["Content-Type"]
        answer = Client().post(
            URL,
            data=json.dumps(messages.response(original.bundle_id)),
            content_type="application/fhir+json",
            headers=headers | {"Authorization": authorization},
        )
        assert answer.status_code == 401, authorization
        assert answer["WWW-Authenticate"] == "Bearer"
        assert answer["X-Request-Id"] == headers["X-Request-Id"]
        assert json.loads(answer.content)["issue"][0]["details"]["coding"][0]["code"] == Rec.UNAUTHORIZED
    assert not InboxMessage.objects.exists()


@pytest.mark.django_db
@pytest.mark.requirement("BARS-HDR-8")
def test_a_token_that_only_reads_sends_nothing(post: Post, hospital: Partner, original: OutboxMessage) -> None:
    answer = post(messages.response(original.bundle_id), token=oauth.bearer(hospital, scope="system/*.rs"))
    assert answer.status_code == 403
    assert not InboxMessage.objects.exists()


@pytest.mark.django_db
def test_a_partner_that_was_switched_off_is_nobody(post: Post, hospital: Partner, original: OutboxMessage) -> None:
    Partner.objects.update(enabled=False)
    assert post(messages.response(original.bundle_id)).status_code == 401
    assert not InboxMessage.objects.exists()


@pytest.mark.django_db
def test_other_addresses_and_methods_answer_as_fhir(client: Client) -> None:
    for answer, status in (
        (client.get("/fhir/R4/Patient/1"), 404),
        (client.post("/fhir/R4/Nothing", data=b"{}", content_type="application/json"), 404),
        (client.get("/fhir/"), 404),
        (client.get(URL), 401),
        (client.post("/fhir/R4/metadata"), 405),
    ):
        assert (answer.status_code, json.loads(answer.content)["resourceType"]) == (status, "OperationOutcome")


@pytest.mark.django_db
@pytest.mark.requirement("BARS-API-1")
def test_what_we_can_do_is_open_and_valid(client: Client) -> None:
    answer = client.get("/fhir/R4/metadata")
    stated = json.loads(answer.content)
    assert (answer.status_code, stated["resourceType"]) == (200, "CapabilityStatement")
    assert validate.check(stated) == []
    assert stated["rest"][0]["operation"][0]["name"] == "process-message"


def test_our_version_is_the_projects(project: Path) -> None:
    import tomllib

    from exchange.fhir.messages import SOFTWARE_VERSION

    assert tomllib.loads((project / "pyproject.toml").read_text())["project"]["version"] == SOFTWARE_VERSION


@pytest.mark.requirement("BARS-ERR-1")
def test_our_error_codes_are_the_published_ones(project: Path) -> None:
    contract = project.parent / "shared" / "data" / "openapi" / "bars-1.4.0" / "booking-and-referral-1.4.0.json"
    if not contract.exists():
        pytest.skip("no ../shared/data")
    published = contract.read_text()
    missing = {code for code in Rec if f"| {code} " not in published}
    # The guide names these; the contract has no row for them.
    assert missing == {Rec.FORBIDDEN, Rec.TOO_EARLY}
    for code in set(Rec) - missing:
        assert f"| {code.status}         | {code} " in published


@pytest.mark.django_db
@pytest.mark.requirement("BARS-ERR-3")
def test_refusals_keep_ids_and_reason_only(post: Post, original: OutboxMessage) -> None:
    headers = messages.sent()
    post(change(messages.response(original.bundle_id), "meta", "versionId"), dict(headers))
    row = Refusal.objects.values().get()
    assert row["request_id"] == headers["X-Request-Id"]
    assert set(row) == {"id", "at", "sender", "request_id", "correlation_id", "status", "code", "expression"}
