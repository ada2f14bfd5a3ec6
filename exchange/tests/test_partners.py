"""Partners: their settings, switches, and the test of a connection, which names the step that fails."""

import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import TestCase
from django.utils import timezone

from access.models import AuditEvent
from conftest import Person
from exchange import alerts, oauth, outbox, tasks
from exchange.models import Capability, ConnectionTest, InboxMessage, OutboxMessage, Partner, Switching
from exchange.partnering import capability, checking
from exchange.tests import messages, stub
from exchange.tests.certificates import DAY, NOW, Authority, Pair
from exchange.tests.posting import Post

STATEMENT: dict[str, Any] = {
    "resourceType": "CapabilityStatement",
    "fhirVersion": "4.0.1",
    "software": {"name": "Theirs", "version": "2"},
    "format": ["application/fhir+json; version=1.4.0"],
    "rest": [{"mode": "server", "operation": [{"name": "process-message"}]}],
}
GIVEN = {
    **{"ods_code": "RZZ09", "name": "Southern Infirmary", "transport": "bars", "client_id": "gpportal"},
    **{"endpoint": "https://south.example/FHIR/R4", "token_url": "https://south.example/token", "algorithm": "ES384"},
    **{"jwks_url": "https://south.example/jwks", "max_in_flight": "4"},
}
THEIRS, OURS = Authority(), Authority("Ours")


@pytest.fixture(autouse=True)
def _metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stub.Handler, "do_GET", lambda self: self.answer(stub.Say(200, STATEMENT, mirror=False)))


# Onboarding -----------------------------------------------------------------------------------------------------------
def test_a_manager_adds_a_partner_and_its_key_is_never_shown(practice_manager: Person) -> None:
    pair = OURS.issue("gpportal")
    form = GIVEN | {"client_certificate": pair.certificate, "client_key": pair.key}
    answer = practice_manager.client.post("/exchange/partners/new/", form)
    partner = Partner.objects.get(organisation__ods_code="RZZ09")
    assert answer["Location"] == f"/exchange/partners/{partner.pk}/"
    assert partner.client_key.reveal().strip() == pair.key.strip()
    secret = pair.key.splitlines()[1]
    for page in ("", "edit/"):
        assert secret not in practice_manager.client.get(f"{answer['Location']}{page}").content.decode()
    row = AuditEvent.objects.get(action="added partner")
    assert row.actor_name == practice_manager.user.name
    assert secret not in row.note


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"ods_code": "no code"}, "letters and figures only"),
        ({"name": ""}, "Enter their name"),
        ({"endpoint": "nowhere"}, "Enter a whole address"),
        ({"endpoint": ""}, "Enter the address of their system"),
        ({"token_url": ""}, "Enter the address that gives us a token"),
        ({"retry_seconds": "soon"}, "Enter minutes, growing"),
        ({"retry_seconds": "60, 5"}, "Enter minutes, growing"),
        ({"retry_seconds": "NaN"}, "Enter minutes, growing"),
        ({"jwks_url": ""}, "Enter the address of their public keys"),
        ({"ca": "no certificate"}, "This is not a certificate"),
        ({"ca": THEIRS.issue(starts=NOW - 9 * DAY, ends=NOW - DAY).certificate}, "This certificate ended on"),
        ({"client_certificate": OURS.issue().certificate}, "Enter the key that belongs"),
        ({"client_certificate": OURS.issue().certificate, "client_key": OURS.issue().key}, "does not belong"),
    ],
)
def test_what_cannot_be_right_is_said_and_nothing_is_stored(
    practice_manager: Person, change: dict[str, str], sentence: str
) -> None:
    answer = practice_manager.client.post("/exchange/partners/new/", GIVEN | change)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Partner.objects.exists()
    assert not AuditEvent.objects.filter(action="added partner").exists()
    if key := change.get("client_key"):
        assert key.splitlines()[1] not in answer.content.decode()


def test_a_partner_behind_mesh_is_asked_for_no_address(practice_manager: Person) -> None:
    form = GIVEN | {"transport": "mesh", "endpoint": "", "token_url": "", "jwks_url": ""}
    assert practice_manager.client.post("/exchange/partners/new/", form).status_code == 302
    assert Partner.objects.get(transport="mesh").endpoint == ""


def test_tries_are_set_in_minutes_and_the_name_is_not_offered(practice_manager: Person, hospital: Partner) -> None:
    address = f"/exchange/partners/{hospital.pk}/edit/"
    given = {"retry_seconds": "0.5, 5,60", "give_up_after_hours": "12", "name": "Another"}
    assert practice_manager.client.post(address, GIVEN | given).status_code == 302
    hospital.refresh_from_db()
    assert (hospital.retry_seconds, hospital.give_up_after_hours) == ([30, 300, 3600], 12)
    assert hospital.organisation.name == "Northern Infirmary"
    page = practice_manager.client.get(address).content.decode()
    assert 'value="0.5, 5, 60"' in page
    assert 'name="name"' not in page


def test_the_key_goes_with_our_certificate(practice_manager: Person, hospital: Partner) -> None:
    pair, address = OURS.issue("gpportal"), f"/exchange/partners/{hospital.pk}/edit/"
    certified = GIVEN | {"client_certificate": pair.certificate.strip()}
    practice_manager.client.post(address, certified | {"client_key": pair.key})
    practice_manager.client.post(address, certified)
    hospital.refresh_from_db()
    assert hospital.client_key
    practice_manager.client.post(address, GIVEN)
    hospital.refresh_from_db()
    assert (bool(hospital.client_certificate), bool(hospital.client_key)) == (False, False)


def test_what_they_offer_is_read_again_by_a_worker(practice_manager: Person, hospital: Partner, bell: Any) -> None:
    capability.refresh_one(hospital.pk)
    Capability.objects.update(software="Older")
    with TestCase.captureOnCommitCallbacks(execute=True):
        practice_manager.client.post(f"/exchange/partners/{hospital.pk}/ask/")
    assert bell == [("exchange.tasks.read_capability", str(hospital.pk))]
    tasks.read_capability(str(hospital.pk))
    assert Capability.objects.get().software == "Theirs 2"
    assert AuditEvent.objects.filter(action="asked what partner's system can do").count() == 1


def test_others_may_not(receptionist: Person, hospital: Partner) -> None:
    for path in ("", "new/", f"{hospital.pk}/", f"{hospital.pk}/edit/"):
        assert receptionist.client.get(f"/exchange/partners/{path}").status_code == 403
    assert receptionist.client.post(f"/exchange/partners/{hospital.pk}/flow/", {"flow": "all"}).status_code == 403
    hospital.refresh_from_db()
    assert hospital.enabled


def test_the_transport_stays_while_messages_wait(practice_manager: Person, original: OutboxMessage) -> None:
    form = GIVEN | {"transport": "fhir"}
    answer = practice_manager.client.post(f"/exchange/partners/{original.to_id}/edit/", form)
    assert (answer.status_code, Partner.objects.get().transport) == (422, "bars")


def test_the_command_adds_changes_and_refuses(db: None) -> None:
    about = [
        "--endpoint",
        "https://a.example/R4",
        "--token-url",
        "https://a.example/t",
        "--jwks-url",
        "https://a.example/k",
    ]
    with pytest.raises(CommandError, match=r"Nothing was changed\. Name: Enter their name"):
        call_command("partner", "add", "RZZ08", *about)
    assert not Partner.objects.exists()
    call_command("partner", "add", "RZZ08", "--name", "Western", *about)
    call_command("partner", "change", "RZZ08", "--algorithm", "RS384")
    found = Partner.objects.get()
    assert (found.algorithm, found.endpoint) == ("RS384", "https://a.example/R4")
    assert AuditEvent.objects.get(action="changed partner").note == "algorithm"


# Switches -------------------------------------------------------------------------------------------------------------
def test_sending_off_lets_messages_wait_and_says_who_did_it(
    practice_manager: Person, original: OutboxMessage, stub_partner: stub.Stub
) -> None:
    address = f"/exchange/partners/{original.to_id}/flow/"
    practice_manager.client.post(address, {"flow": "sending", "on": "0"})
    assert outbox.deliver(original.pk) == "not-claimed"
    assert not stub_partner.arrivals
    OutboxMessage.objects.update(queued_at=NOW - DAY)
    assert not alerts.stuck().exists()
    page = practice_manager.client.get(f"/exchange/out/{original.pk}/").content.decode()
    assert f"{practice_manager.user.name} switched it off" in page
    assert Switching.objects.get().by == practice_manager.user.name
    desk = practice_manager.client.get("/exchange/").content.decode()
    assert "Sending is switched off: nothing is sent to Northern Infirmary." in desk
    assert f"{practice_manager.user.name} switched it off" in desk
    practice_manager.client.post(address, {"flow": "sending", "on": "1"})
    assert alerts.stuck().exists()
    assert outbox.deliver(original.pk) == "delivered"


@pytest.mark.django_db(transaction=True)
def test_receiving_off_asks_the_sender_to_come_again_and_stores_nothing(
    post: Post, original: OutboxMessage, hospital: Partner
) -> None:
    Partner.objects.update(receives=False)
    answer = post(messages.response(original.bundle_id))
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert b"REC_UNAVAILABLE" in answer.content
    assert not InboxMessage.objects.exists()
    Partner.objects.update(receives=True)
    assert post(messages.response(original.bundle_id)).status_code == 200


# The test of a connection ---------------------------------------------------------------------------------------------
def walked(partner: Partner) -> list[tuple[str, str]]:
    return [(one.phase, one.ended) for one in checking.steps(partner)]


def test_every_step_is_gone_through_and_an_empty_message_is_to_be_refused(
    hospital: Partner, stub_partner: stub.Stub
) -> None:
    stub_partner.says = [stub.refusal(400, "REC_BAD_REQUEST")]
    assert [ended for _, ended in walked(hospital)] == ["passed", "passed", "warned", "passed", "passed", "passed"]
    (arrival,) = stub_partner.arrivals
    assert b'"MessageHeader"' in arrival.body
    assert not [one for one in (b"Patient", b"ServiceRequest", b"focus") if b'"' + one + b'"' in arrival.body]
    assert Capability.objects.get().software == "Theirs 2"


@pytest.mark.parametrize(
    ("field", "value", "phase", "sentence"),
    [
        ("endpoint", "http://nowhere.invalid/R4", "resolve", "was not found"),
        ("endpoint", "http://127.0.0.1:1/R4", "connect", "Nothing answers"),
        ("token_url", "http://127.0.0.1:1/token", "token", "token address did not answer"),
    ],
)
def test_the_step_that_fails_is_named(hospital: Partner, field: str, value: str, phase: str, sentence: str) -> None:
    setattr(hospital, field, value)
    *_, last = checking.steps(hospital)
    assert (last.phase, last.ended) == (phase, "failed")
    assert sentence in last.sentence
    assert last.turn


@pytest.fixture
def secured(hospital: Partner, tmp_path: Path) -> Iterator[Any]:
    with ExitStack() as stack:

        def start(pair: Pair) -> stub.Stub:
            (tmp_path / "s.pem").write_text(pair.certificate + pair.key)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tmp_path / "s.pem")
            running = stack.enter_context(stub.running(context))
            hospital.endpoint, hospital.token_url, hospital.ca = f"{running.url}/R4", f"{running.url}/t", THEIRS.pem
            return running

        yield start


def test_a_certificate_that_ended_is_named_with_its_day(hospital: Partner, secured: Any) -> None:
    server = secured(THEIRS.issue(starts=NOW - 9 * DAY, ends=NOW - DAY))
    *_, last = checking.steps(hospital)
    assert last.phase == "secure"
    assert last.sentence.startswith("Northern Infirmary's certificate ended on ")
    assert last.turn == "Ask them for a new one."
    assert not server.tokens


def test_a_test_runs_once_and_its_page_follows_it(practice_manager: Person, hospital: Partner, bell: Any) -> None:
    address = f"/exchange/partners/{hospital.pk}/"
    for _ in range(2):
        practice_manager.client.post(f"{address}test/")
    test = ConnectionTest.objects.get()
    part = f"{address}test/part/?seen={test.pk}-0-False"
    assert practice_manager.client.get(part).status_code == 204
    assert checking.run(test.pk)
    assert not checking.run(test.pk)
    assert practice_manager.client.get(part).status_code == 286
    assert "Ask what they can do" in practice_manager.client.get(address).content.decode()


def test_one_whose_worker_died_is_not_finished_and_can_be_started_again(
    practice_manager: Person, hospital: Partner, bell: Any
) -> None:
    address = f"/exchange/partners/{hospital.pk}/"
    practice_manager.client.post(f"{address}test/")
    ConnectionTest.objects.update(started_at=timezone.now())
    assert "It goes on" in practice_manager.client.get(address).content.decode()
    ConnectionTest.objects.update(started_at=timezone.now() - DAY)
    page = practice_manager.client.get(address).content.decode()
    assert "Not finished. Start it again." in page
    assert "test/part/" not in page
    assert practice_manager.client.get(f"{address}test/part/?seen=older").status_code == 286
    practice_manager.client.post(f"{address}test/")
    assert ConnectionTest.objects.count() == 2
    assert "It goes on" in practice_manager.client.get(address).content.decode()


# Capability -----------------------------------------------------------------------------------------------------------
def test_what_does_not_fit_is_a_warning_and_stops_nothing(hospital: Partner) -> None:
    said = capability.read(STATEMENT | {"fhirVersion": "5.0.0", "rest": "odd"})
    known = capability.keep(hospital, said | {"read_at": NOW})
    assert len(capability.warnings(hospital, known)) == 2
    hospital.refresh_from_db()
    assert hospital.sends


def test_what_was_read_stays_when_it_cannot_be_read_again(hospital: Partner) -> None:
    capability.refresh(hospital)
    hospital.token_url = "http://127.0.0.1:1/token"
    oauth._purse.clear()
    kept = capability.refresh(hospital)
    assert (kept.trouble, kept.software) == ("unreachable", "Theirs 2")
