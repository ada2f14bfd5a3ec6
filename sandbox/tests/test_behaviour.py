"""The switches and the page: down, refuse, slow; forms work without JavaScript, and only from this machine."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from sandbox.tests import golden
from sandbox.tests.conftest import Site


def test_down_answers_503_keeps_nothing_and_takes_the_retry(the_hospital: Site) -> None:
    message, headers = golden.as_bytes(the_hospital.referral()), the_hospital.headers()
    the_hospital.behave("down")
    answer = the_hospital.post(message, headers)
    assert answer.status_code == 503
    assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == "REC_UNAVAILABLE"
    assert answer.headers["X-Request-Id"] == headers["X-Request-Id"]
    assert the_hospital.arrivals()["referrals"] == []
    the_hospital.behave("normal")
    assert the_hospital.post(message, headers).status_code == 200
    assert [one["status"] for one in the_hospital.arrivals()["arrivals"]] == [503, 200]


def test_refuse_answers_422_and_keeps_nothing(the_hospital: Site) -> None:
    the_hospital.behave("refuse")
    answer = the_hospital.send()
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (422, "business-rule")
    assert the_hospital.arrivals()["referrals"] == []


def test_slow_keeps_the_message_first_so_that_an_impatient_sender_meets_a_duplicate(the_hospital: Site) -> None:
    the_hospital.behave("slow", 30)
    message, headers = golden.as_bytes(the_hospital.referral()), the_hospital.headers()
    url = f"{the_hospital.url}/FHIR/R4/$process-message"
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(url, content=message, headers=headers, timeout=0.3, trust_env=False)
    assert the_hospital.post(message, headers).status_code == 409
    assert len(the_hospital.arrivals()["referrals"]) == 1


def test_leaving_slow_ends_the_wait(the_hospital: Site) -> None:
    the_hospital.behave("slow", 30)
    started = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(the_hospital.send)
        time.sleep(0.2)
        assert not waiting.done()
        the_hospital.client.post(f"{the_hospital.url}/sandbox/behaviour", json={"mode": "normal"})
        assert waiting.result(timeout=5).status_code == 200
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "wrong",
    [
        *({"mode": "odd"}, {}, {"mode": "slow", "seconds": 9999}, {"mode": "slow", "seconds": "x"}, []),
        *({"mode": "reject", "next": -1}, {"mode": "reject", "next": 1001}, {"mode": "reject", "next": "many"}),
        {"mode": "certificate-expired"},
        *({"mode": "reject", "service": "9000000999"}, {"mode": "reject", "referral": "unknown"}),
    ],
)
def test_an_unknown_behaviour_changes_nothing(the_hospital: Site, wrong: object) -> None:
    answer = the_hospital.client.post(f"{the_hospital.url}/sandbox/behaviour", json=wrong)
    assert answer.status_code == 400
    assert the_hospital.arrivals()["queued"] == []
    assert the_hospital.arrivals()["behaviour"] == {"mode": "normal", "seconds": 0.0}


@pytest.mark.parametrize("headers", [{"Origin": "https://elsewhere.example"}, {"Host": "elsewhere.example:80"}])
def test_another_sites_page_cannot_switch_it(the_hospital: Site, headers: dict[str, str]) -> None:
    answer = the_hospital.client.post(f"{the_hospital.url}/sandbox/behaviour", data={"mode": "down"}, headers=headers)
    assert answer.status_code == 403
    assert the_hospital.arrivals()["behaviour"]["mode"] == "normal"


def test_the_page_shows_what_came_and_its_buttons_work(the_hospital: Site) -> None:
    the_hospital.send()
    home = the_hospital.client.get(the_hospital.url).text
    assert all(said in home for said in ("Heart failure clinic", "Answer now: accept", "Send letter", "takes messages"))
    answer = the_hospital.client.post(
        f"{the_hospital.url}/sandbox/behaviour", data={"mode": "down", "seconds": "0"}, follow_redirects=True
    )
    assert (answer.status_code, "answers 503 to every message" in answer.text) == (200, True)
    referral = the_hospital.arrivals()["referrals"][0]["id"]
    form = {"referral": referral, "kind": "accepted"}
    answer = the_hospital.client.post(f"{the_hospital.url}/sandbox/answer", data=form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert len(the_hospital.practice.await_messages(1)) == 1
