"""Social care takes the request of our own use case only, must say yes or no, and tells its outcome and a notice."""

import base64
import json
from collections.abc import Callable

import pytest

from sandbox import socialcare
from sandbox.bars.contents import dangling, resources
from sandbox.tests import golden
from sandbox.tests.conftest import CARE_NEEDS, Site
from sandbox.tests.test_door import coded


def test_a_request_is_accepted_then_its_outcome_and_a_notice_come(start: Callable[..., Site]) -> None:
    site = start(socialcare.PARTNER, seconds=0)
    assert site.send().status_code == 200
    accepted, outcome, notice = site.practice.await_messages(3)
    assert resources(accepted.message, "Task")[0]["status"] == "accepted"
    done = resources(outcome.message, "Task")[0]
    assert (done["status"], "two visits a day" in done["description"]) == ("completed", True)
    assert resources(outcome.message, "ServiceRequest")[0]["status"] == "completed"
    pointer = resources(notice.message, "DocumentReference")[0]
    assert pointer["description"] == "Care needs assessment: notice of assessment outcome"
    assert pointer["type"]["coding"][0]["code"] == "229059009"
    document = json.loads(base64.b64decode(resources(notice.message, "Binary")[0]["data"]))
    titles = [section["title"] for section in document["entry"][0]["resource"]["section"]]
    assert titles[0] == "Needs found"
    assert len(titles) == 5
    bundles = pytest.importorskip("fhir.resources.R4B.bundle")
    for one in (accepted.message, outcome.message, notice.message, document):
        bundles.Bundle.model_validate(one)
        assert list(dangling(one)) == []


def test_it_can_say_no_instead(social_care: Site) -> None:
    social_care.send()
    referral = social_care.arrivals()["referrals"][0]["id"]
    assert social_care.act(referral, "rejected").status_code == 200
    (only,) = social_care.practice.await_messages(1)
    task = resources(only.message, "Task")[0]
    assert (task["status"], task["owner"]["display"]) == ("rejected", "Mr Peter Adeyemi, Care needs assessment")
    assert "another council" in task["statusReason"]["text"]


@pytest.mark.parametrize("case", [golden.HOSPITAL_CASE, golden.PHARMACY_CASE])
def test_it_takes_no_other_use_case(social_care: Site, case: tuple[str, str, str]) -> None:
    answer = social_care.send(golden.referral(CARE_NEEDS, case, "1.0.0"))
    assert coded(answer) == (422, "REC_UNPROCESSABLE_ENTITY", "not-supported")
    assert social_care.arrivals()["referrals"] == []


def test_the_hospital_does_not_take_its(the_hospital: Site) -> None:
    answer = the_hospital.send(golden.referral(the_hospital.service, golden.SOCIAL_CARE_CASE, "1.0.0"))
    assert coded(answer) == (422, "REC_UNPROCESSABLE_ENTITY", "not-supported")
