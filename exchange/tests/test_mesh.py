"""Where the real MESH is stricter than its sandbox: an authorisation is good once, TLS is mutual. And our commands."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from access.models import AuditEvent, Organisation
from conftest import Person
from exchange import alerts, outbox
from exchange.models import Mailbox, OutboxMessage, Partner, PartnerMailbox
from exchange.tests import stub
from exchange.tests.certificates import Authority
from exchange.tests.stub import Say, Stub
from exchange.tests.test_health import ready

pytestmark = pytest.mark.django_db
Put = Callable[..., OutboxMessage]
TAKEN = Say(202, {"message_id": "M1"})


@pytest.fixture
def mailbox(riverside: Organisation, hospital: Partner, stub_partner: Stub) -> Mailbox:
    """Ours at the stub, and the hospital reached by it."""
    hospital.transport = Partner.Transport.MESH
    hospital.save()
    PartnerMailbox.objects.create(partner=hospital, mailbox_id="X26HC006", workflow="GP_REFERRALS")
    secrets = {"password": "secret-password", "shared_key": "secret-key"}
    return Mailbox.objects.create(organisation=riverside, mailbox_id="X26HC005", url=stub_partner.url, **secrets)


def again(message: OutboxMessage) -> str:
    OutboxMessage.objects.update(due_at=timezone.now())
    Partner.objects.update(rest_until=None)
    return outbox.deliver(message.pk)


def authorisations(server: Stub) -> list[str]:
    return [one.headers["Authorization"] for one in server.arrivals]


# Towards MESH ---------------------------------------------------------------------------------------------------------
@pytest.mark.requirement("MESH-10")
def test_no_authorisation_is_used_twice_not_even_when_mesh_is_busy(
    put: Put, mailbox: Mailbox, stub_partner: Stub
) -> None:
    stub_partner.says = [Say(503, {}), Say(503, {}), Say(429, {}), TAKEN]
    message = put()
    for ends in ("queued", "queued", "queued", "handed-over"):
        assert again(message) == ends
    used = authorisations(stub_partner)
    assert len(used) == len(set(used)) == 4
    mailbox_id, nonce, count, stamp, digest = used[0].removeprefix("NHSMESH ").split(":")
    assert (mailbox_id, count, len(nonce), len(stamp), len(digest)) == ("X26HC005", "0", 36, 12, 64)
    assert not any("secret" in one for one in used)


@pytest.mark.requirement("MESH-7")
def test_no_header_says_anything_of_the_patient(put: Put, mailbox: Mailbox, stub_partner: Stub) -> None:
    stub_partner.says = [TAKEN]
    message = put(payload={"id": "5c1f52f4-6d1c-4b0e-9a39-0d1c53a6f001", "name": "SECRET"})
    assert outbox.deliver(message.pk) == "handed-over"
    (arrival,) = stub_partner.arrivals
    assert arrival.body == message.payload.encode()
    sent = {name.lower(): value for name, value in arrival.headers.items()}
    assert (sent["mex-to"], sent["mex-workflowid"], sent["mex-localid"]) == (
        "X26HC006",
        "GP_REFERRALS",
        str(message.pk),
    )
    assert "SECRET" not in str(sent)


REDIRECT = Say(302, {}, headers={"Location": "/elsewhere"})


@pytest.mark.parametrize(
    ("say", "state", "trouble"),
    [
        (Say(403, {}), "queued", "mailbox-refused"),
        (Say(500, b"<soap/>"), "queued", "partner-failed"),
        (REDIRECT, "queued", "partner-failed"),
        (Say(202, b"hello"), "queued", "timed-out"),
        (Say(417, {"errorCode": "12"}), "refused", "unknown-mailbox"),
        (Say(417, {"detail": [{"code": "17"}]}), "refused", "workflow-refused"),
        (Say(400, [1]), "refused", "refused"),
    ],
)
def test_what_mesh_answers(
    say: Say, state: str, trouble: str, put: Put, mailbox: Mailbox, stub_partner: Stub, heard: Any
) -> None:
    stub_partner.says = [say]
    message = put()
    assert outbox.deliver(message.pk) == state
    message.refresh_from_db()
    assert message.trouble == trouble
    assert [name for name, _ in heard] == ([] if state == "queued" else ["refused"])
    assert len(stub_partner.arrivals) == 1


def test_a_mesh_that_is_not_there_was_sent_nothing(put: Put, mailbox: Mailbox) -> None:
    Mailbox.objects.update(url="http://127.0.0.1:1")
    message = put()
    assert outbox.deliver(message.pk) == "queued"
    assert (message.tries.get().outcome, message.tries.get().phase) == ("unreachable", "connect")


@pytest.fixture
def behind_tls(tmp_path: Path) -> Iterator[tuple[Stub, Authority, Authority]]:
    """A server that wants a certificate from an authority, its own signed by another."""
    theirs, ours = Authority("Root of MESH"), Authority("Signs for MESH's clients")
    pair = theirs.issue()
    path = tmp_path / "server.pem"
    path.write_text(pair.certificate + pair.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    context.load_verify_locations(cadata=ours.pem)
    context.verify_mode = ssl.CERT_REQUIRED
    with ExitStack() as stack:
        yield stack.enter_context(stub.running(context)), theirs, ours


@pytest.mark.requirement("MESH-11")
def test_both_sides_show_certificates_and_nothing_is_sent_without(
    put: Put, mailbox: Mailbox, behind_tls: tuple[Stub, Authority, Authority]
) -> None:
    server, theirs, ours = behind_tls
    server.says = [TAKEN]
    mailbox.url, mailbox.ca = server.url, theirs.pem
    mailbox.save()
    message = put()
    assert again(message) == "queued"  # without our certificate
    pair = ours.issue()
    mailbox.client_certificate, mailbox.client_key, mailbox.ca = pair.certificate, pair.key, Authority().pem
    mailbox.save()
    assert again(message) == "queued"  # their certificate is not of the authority we trust
    assert server.arrivals == []
    mailbox.ca = theirs.pem
    mailbox.save()
    assert again(message) == "handed-over"
    assert len(server.arrivals) == 1


# Here -----------------------------------------------------------------------------------------------------------------
def test_a_mailbox_that_is_silent_for_an_hour_is_told_once(
    client: Client, mailbox: Mailbox, mailoutbox: list[Any], settings: Any
) -> None:
    settings.EXCHANGE_ALERT_TO = ["desk@riverside.example"]
    assert (alerts.tell_of_mailboxes(), ready(client)["mesh"]) == (0, "ok")
    Mailbox.objects.update(failing_since=timezone.now() - timedelta(minutes=61), trouble="mailbox-refused")
    assert [alerts.tell_of_mailboxes(), alerts.tell_of_mailboxes()] == [1, 0]
    assert mailoutbox[0].subject.startswith("MESH mailbox X26HC005 could not be looked into since")
    found = ready(client)
    assert (found["status"], found["mesh"]) == ("degraded", "degraded")
    assert found["figures"]["mesh_mailboxes_silent"] == ["X26HC005"]
    said = client.get("/metrics").content.decode()
    assert 'gpportal_ok{part="mesh"} 0.0' in said
    assert 'gpportal_mesh_failing_seconds{mailbox="X26HC005"} 36' in said


def test_what_mesh_has_is_counted(client: Client, mailbox: Mailbox, put: Put, stub_partner: Stub) -> None:
    stub_partner.says = [TAKEN]
    outbox.deliver(put().pk)
    OutboxMessage.objects.update(handed_over_at=timezone.now() - timedelta(seconds=500))
    said = client.get("/metrics").content.decode()
    assert "gpportal_mesh_not_collected 1.0" in said
    assert "gpportal_mesh_oldest_seconds 50" in said
    assert ready(client)["figures"]["mesh_not_collected"] == 1


def test_mesh_is_asked_at_once_by_who_handles_messages(
    mailbox: Mailbox, receptionist: Person, bell: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    Mailbox.objects.update(poll_due_at=timezone.now() + timedelta(minutes=4))
    bell.clear()
    with django_capture_on_commit_callbacks(execute=True):
        answer = receptionist.client.post(f"/exchange/mailboxes/{mailbox.pk}/ask/", follow=True)
    assert "We are asking MESH." in answer.content.decode()
    assert "Mailbox X26HC005" in answer.content.decode()
    mailbox.refresh_from_db()
    assert mailbox.poll_due_at <= timezone.now()
    assert bell == [("exchange.tasks.poll_mailbox", str(mailbox.pk))]
    assert AuditEvent.objects.filter(action="had MESH mailbox looked into at once").exists()


def test_another_practice_neither_sees_nor_asks(mailbox: Mailbox, stranger: Person) -> None:
    due = mailbox.poll_due_at
    assert stranger.client.post(f"/exchange/mailboxes/{mailbox.pk}/ask/").status_code == 404
    assert "X26HC005" not in stranger.client.get("/exchange/").content.decode()
    mailbox.refresh_from_db()
    assert mailbox.poll_due_at == due


# Setting up -----------------------------------------------------------------------------------------------------------
def test_a_mailbox_is_set_up_and_changed_by_a_command(
    riverside: Organisation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GP_MESH_PASSWORD", "secret-password")
    monkeypatch.setenv("GP_MESH_SHARED_KEY", "secret-key")
    ca = tmp_path / "ca.pem"
    ca.write_text(Authority().pem)
    where = ["--ods", "Y90001", "--url", "https://mesh.example", "--ca", str(ca)]
    call_command("mesh_mailbox", "x26hc005", *where, "--workflow", "GP_LETTERS", "--workflow", "GP_REFERRALS")
    mailbox = Mailbox.objects.get()
    assert (mailbox.mailbox_id, mailbox.workflows, mailbox.enabled) == (
        "X26HC005",
        ["GP_LETTERS", "GP_REFERRALS"],
        True,
    )
    assert (mailbox.password.reveal(), mailbox.shared_key.reveal()) == ("secret-password", "secret-key")
    assert mailbox.ca == ca.read_text()
    assert "secret" not in capsys.readouterr().out
    monkeypatch.delenv("GP_MESH_PASSWORD")
    monkeypatch.delenv("GP_MESH_SHARED_KEY")
    call_command("mesh_mailbox", "X26HC005", "--disable")
    mailbox = Mailbox.objects.get()
    assert (mailbox.enabled, mailbox.password.reveal()) == (False, "secret-password")
    assert AuditEvent.objects.filter(action="set up MESH mailbox").count() == 2


@pytest.mark.parametrize("arguments", [["--ods", "NOBODY", "--url", "https://mesh.example"], ["--ods", "Y90001"]])
def test_an_incomplete_mailbox_is_not_set_up(
    arguments: list[str], riverside: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GP_MESH_PASSWORD", "p")
    with pytest.raises(CommandError):
        call_command("mesh_mailbox", "X26HC005", *arguments)
    assert not Mailbox.objects.exists()


def test_a_partners_mailbox_is_named(hospital: Partner) -> None:
    call_command("mesh_partner", "RZZ01", "x26hc006", "--workflow", "GP_REFERRALS", "--send")
    call_command("mesh_partner", "RZZ01", "X26HC007")
    hospital.refresh_from_db()
    assert hospital.transport == "mesh"
    assert set(hospital.mailboxes.values_list("mailbox_id", "workflow")) == {
        ("X26HC006", "GP_REFERRALS"),
        ("X26HC007", ""),
    }
    with pytest.raises(CommandError, match="already"):
        call_command("mesh_partner", "RZZ01", "X26HC008", "--workflow", "GP_REFERRALS")
    with pytest.raises(CommandError, match="no partner"):
        call_command("mesh_partner", "NOBODY", "X26HC009")
    assert hospital.mailboxes.count() == 2
