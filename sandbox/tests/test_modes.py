"""Each way to behave, as a sender meets it: over HTTP, with what was published as the measure."""

import json
import re
import time
from collections.abc import Callable

import httpx
import pytest

from sandbox import answers
from sandbox.bars.contents import dangling, resources
from sandbox.bars.names import Json
from sandbox.behaviour.modes import MODES
from sandbox.tests import golden
from sandbox.tests.conftest import HEART_FAILURE, Site
from sandbox.tests.practice import Received
from sandbox.tests.test_door import coded

IDS = ("X-Request-Id", "X-Correlation-Id")
DUPLICATE: Json = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "duplicate"}]}


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "PAUSES", (0.03,))


@pytest.fixture
def site(start: Callable[..., Site]) -> Site:
    """A hospital that sends each answer at once."""
    return start(seconds=0)


def answered(site: Site, mode: str, count: int) -> list[Received]:
    """Send one referral to be treated so, and give the answers that follow; no more than those come."""
    site.behave(mode, next=1)
    assert site.send().status_code == 200
    came = site.practice.await_messages(count)
    time.sleep(0.15)
    assert len(site.practice.received) == count
    return list(came)


def task_of(message: Json) -> Json:
    return resources(message, "Task")[0]


def kinds(came: list[Received]) -> list[str]:
    """What each answer is: its Task's status, or booked, or letter."""
    found = []
    for one in came:
        what = {resource["resourceType"] for resource in resources(one.message)}
        if "Binary" in what:
            found.append("letter")
        else:
            found.append("booked" if "Appointment" in what else str(task_of(one.message)["status"]))
    return found


# The service answers --------------------------------------------------------------------------------------------------
def test_it_accepts_and_says_no_more(site: Site) -> None:
    assert kinds(answered(site, "accept", 1)) == ["accepted"]


def test_it_accepts_and_books(site: Site) -> None:
    assert kinds(answered(site, "book", 2)) == ["accepted", "booked"]


def test_it_rejects_with_reason_and_signature(site: Site) -> None:
    (only,) = answered(site, "reject", 1)
    task = task_of(only.message)
    assert (task["status"], task["statusReason"]["text"]) == ("rejected", site.partner.reasons_to_reject)
    assert task["owner"]["display"] == "Dr Laura Fenn, Heart failure clinic"
    role, who = (resources(only.message, kind)[0] for kind in ("PractitionerRole", "Practitioner"))
    assert task["owner"]["reference"] == f"urn:uuid:{role['id']}"
    assert role["practitioner"]["reference"] == f"urn:uuid:{who['id']}"
    assert who["name"][0]["family"] == "Fenn"
    assert resources(only.message, "ServiceRequest")[0]["status"] == "revoked"


def test_it_rejects_without_saying_why(site: Site) -> None:
    (only,) = answered(site, "reject-without-reason", 1)
    task = task_of(only.message)
    assert (task["status"], "statusReason" in task, "businessStatus" in task) == ("rejected", False, False)
    assert site.partner.reasons_to_reject not in json.dumps(only.message)


def test_it_rejects_and_nobody_signs(site: Site) -> None:
    (only,) = answered(site, "reject-unsigned", 1)
    assert (task_of(only.message)["status"], "owner" in task_of(only.message)) == ("rejected", False)
    assert not [one for one in resources(only.message) if one["resourceType"].startswith("Practitioner")]
    assert list(dangling(only.message)) == []


def test_it_asks_for_more(site: Site) -> None:
    (only,) = answered(site, "ask-for-more", 1)
    task = task_of(only.message)
    assert (task["status"], task["businessStatus"]["text"]) == ("on-hold", "More information needed")
    assert "blood results" in task["description"]
    assert resources(only.message, "ServiceRequest")[0]["status"] == "active"


@pytest.mark.parametrize(
    "mode", ["accept", "book", "reject", "reject-without-reason", "reject-unsigned", "ask-for-more", "wrong-patient"]
)
def test_what_a_service_says_is_valid_r4(start: Callable[..., Site], mode: str) -> None:
    models = pytest.importorskip("fhir.resources.R4B.bundle")
    site = start(seconds=0)
    for one in answered(site, mode, 2 if mode == "book" else 1):
        models.Bundle.model_validate(one.message)
        assert list(dangling(one.message)) == []


# The answers go wrong -------------------------------------------------------------------------------------------------
def test_it_sends_every_answer_twice_with_the_same_ids_and_bytes(site: Site) -> None:
    site.practice.reply = (409, DUPLICATE)
    came = answered(site, "repeat-answers", 6)
    assert kinds(came) == ["accepted", "accepted", "booked", "booked", "letter", "letter"]
    for first, second in (came[0:2], came[2:4], came[4:6]):
        assert first.content == second.content
        assert [first.headers[name] for name in IDS] == [second.headers[name] for name in IDS]
    assert {one["state"] for one in site.arrivals()["referrals"][0]["answers"]} == {"delivered"}


def test_it_sends_every_answer_twice_with_new_ids(site: Site) -> None:
    came = answered(site, "repeat-with-new-ids", 6)
    for first, second in (came[0:2], came[2:4], came[4:6]):
        assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]
        assert first.headers["X-Correlation-Id"] == second.headers["X-Correlation-Id"]
        one, two = (each.message["entry"][0]["resource"] for each in (first, second))
        assert one.pop("id") != two.pop("id")
    assert kinds(came) == ["accepted", "accepted", "booked", "booked", "letter", "letter"]


def test_it_books_before_it_accepts(site: Site) -> None:
    assert kinds(answered(site, "booked-first", 2)) == ["booked", "accepted"]


def test_it_answers_with_what_is_not_fhir(site: Site) -> None:
    models = pytest.importorskip("fhir.resources.R4B.bundle")
    (only,) = answered(site, "invalid-answers", 1)
    with pytest.raises(ValueError, match="status"):
        models.Bundle.model_validate(only.message)


def test_it_answers_with_json_that_breaks_off(site: Site) -> None:
    site.behave("cut-off-answers", next=1)
    site.send()
    (only,) = site.practice.await_messages(1)
    assert only.message == {}
    with pytest.raises(ValueError, match=r".*"):
        json.loads(only.content)
    assert len(only.content) > 500


def test_it_answers_about_another_patient(site: Site) -> None:
    (only,) = answered(site, "wrong-patient", 1)
    assert resources(only.message, "Patient")[0]["name"][0]["family"] == "Otherwise"
    assert "Quillfeather" not in json.dumps(only.message)
    assert task_of(only.message)["status"] == "accepted"


# The system goes wrong ------------------------------------------------------------------------------------------------
def test_it_asks_to_wait_and_says_how_long(site: Site) -> None:
    site.behave("too-many", 7, next=1)
    message, headers = golden.as_bytes(site.referral()), site.headers()
    answer = site.post(message, headers)
    assert coded(answer) == (429, "REC_TOO_MANY_REQUESTS", "throttled")
    assert answer.headers["Retry-After"] == "7"
    assert [answer.headers[name] for name in IDS] == [headers[name] for name in IDS]
    assert site.arrivals()["referrals"] == []
    assert site.post(message, headers).status_code == 200


def test_it_is_up_again_after_its_time(site: Site) -> None:
    site.behave("down", 0.3)
    assert site.send().status_code == 503
    assert site.arrivals()["behaviour"] == {"mode": "down", "seconds": 0.3}
    time.sleep(0.35)
    assert site.send().status_code == 200
    assert site.arrivals()["behaviour"]["mode"] == "normal"


def test_it_is_down_for_the_next_messages_only(site: Site) -> None:
    site.behave("down", next=2)
    assert [site.send().status_code for _ in range(3)] == [503, 503, 200]


def test_it_keeps_the_message_and_never_answers(site: Site) -> None:
    site.behave("never-answers", next=1)
    message, headers = golden.as_bytes(site.referral()), site.headers()
    url = f"{site.url}/FHIR/R4/$process-message"
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(url, content=message, headers=headers, timeout=0.3, trust_env=False)
    assert coded(site.post(message, headers)) == (409, "REC_CONFLICT", "duplicate")
    assert [one["code"] for one in site.arrivals()["arrivals"]] == ["never", "duplicate"]
    assert len(site.arrivals()["referrals"]) == 1


@pytest.mark.parametrize(
    ("mode", "mirrored", "body"), [("ids-not-mirrored", False, True), ("empty-answer", True, False)]
)
def test_it_keeps_the_message_and_spoils_the_answer(site: Site, mode: str, mirrored: bool, body: bool) -> None:
    site.behave(mode, next=1)
    message, headers = golden.as_bytes(site.referral()), site.headers()
    answer = site.post(message, headers)
    assert (answer.status_code, all(name in answer.headers for name in IDS), bool(answer.content)) == (
        *(200, mirrored),
        body,
    )
    again = site.post(message, headers)
    assert coded(again) == (409, "REC_CONFLICT", "duplicate")
    assert all(again.headers[name] == headers[name] for name in IDS)
    assert len(site.arrivals()["referrals"]) == 1


def test_only_the_chosen_message_is_answered_late(site: Site) -> None:
    site.behave("slow", 0.4, next=1)
    took = []
    for _ in range(2):
        started = time.monotonic()
        assert site.send().status_code == 200
        took.append(time.monotonic() - started)
    assert took[0] >= 0.4 > took[1]


# Choosing -------------------------------------------------------------------------------------------------------------
def test_several_may_be_queued_and_are_met_in_order(site: Site) -> None:
    for mode in ("reject", "refuse", "ask-for-more", "down"):
        site.behave(mode, next=1)
    assert [one["mode"] for one in site.arrivals()["queued"]] == ["reject", "refuse", "ask-for-more", "down"]
    assert [site.send().status_code for _ in range(5)] == [200, 422, 200, 503, 200]
    assert site.arrivals()["queued"] == []
    planned = [[one["kind"] for one in referral["answers"]] for referral in site.arrivals()["referrals"]]
    assert planned == [["rejected"], ["asked"], ["accepted", "booked", "letter"]]


def test_neither_a_repeat_nor_a_bad_message_uses_up_the_queue(site: Site) -> None:
    message, headers = golden.as_bytes(site.referral()), site.headers()
    assert site.post(message, headers).status_code == 200
    site.behave("reject", next=1)
    assert site.post(message, headers).status_code == 409
    assert site.post(b"{}", site.headers()).status_code == 400
    assert [one["mode"] for one in site.arrivals()["queued"]] == ["reject"]


def test_one_service_can_behave_differently(site: Site) -> None:
    site.behave("refuse", service="9000000202")
    assert site.send().status_code == 200
    other = golden.referral("9000000202", golden.HOSPITAL_CASE, "1.0.0")
    headers = golden.sent_with(site.token, "9000000202")
    assert site.post(golden.as_bytes(other), headers).status_code == 422
    site.behave("normal", service="9000000202")
    assert site.post(golden.as_bytes(other), headers).status_code == 200
    assert site.arrivals()["services"] == {}


def test_a_listed_referral_can_be_answered_otherwise(the_hospital: Site) -> None:
    the_hospital.send()
    referral = the_hospital.arrivals()["referrals"][0]["id"]
    the_hospital.behave("ask-for-more", referral=referral)
    assert kinds(the_hospital.practice.await_messages(1)) == ["on-hold"]
    states = [(one["kind"], one["state"]) for one in the_hospital.arrivals()["referrals"][0]["answers"]]
    assert states[:3] == [("accepted", "dropped"), ("booked", "dropped"), ("letter", "dropped")]
    the_hospital.behave("reject-unsigned", referral=referral)
    assert kinds(the_hospital.practice.await_messages(2)) == ["on-hold", "rejected"]
    for mode in ("accept", "slow"):
        answer = the_hospital.client.post(
            f"{the_hospital.url}/sandbox/behaviour", json={"mode": mode, "referral": referral}
        )
        assert answer.status_code == 400, "it has ended; and slow says nothing of later answers"


def test_the_button_to_reject_sends_a_planned_rejection_as_it_was_planned(the_hospital: Site) -> None:
    the_hospital.behave("reject-without-reason", next=1)
    the_hospital.send()
    assert the_hospital.act(the_hospital.arrivals()["referrals"][0]["id"], "rejected").status_code == 200
    (only,) = the_hospital.practice.await_messages(1)
    assert "statusReason" not in task_of(only.message)


def test_back_to_normal_forgets_what_is_queued(site: Site) -> None:
    site.behave("down", next=3)
    site.behave("normal")
    assert site.send().status_code == 200


def test_the_page_says_every_behaviour_in_words_and_its_forms_work(the_hospital: Site) -> None:
    the_hospital.send()
    post = the_hospital.client.post
    url = f"{the_hospital.url}/sandbox/behaviour"
    page = the_hospital.client.get(the_hospital.url).text
    assert [mode for mode in MODES.values() if mode.said not in page and not mode.expired] == []
    assert "<script" not in page
    form = {"mode": "reject", "next": "2", "service": "", "seconds": ""}
    answer = post(url, data=form, follow_redirects=True)
    assert (answer.status_code, answer.text.count("<li>It rejects, with the reason.</li>")) == (200, 2)
    form = {"mode": "slow", "next": "", "service": HEART_FAILURE, "seconds": "3"}
    answer = post(url, data=form, follow_redirects=True)
    assert "Heart failure clinic: it takes messages, but answers late (3 s until it answers)." in answer.text
    (referral,) = re.findall(r'name="referral" value="([0-9a-f-]+)"><label>Otherwise', answer.text)
    assert post(url, data={"mode": "reject", "referral": referral}).status_code == 303
    assert len(the_hospital.practice.await_messages(1)) == 1
