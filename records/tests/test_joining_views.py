"""The pages on who a patient is: details by source, joining, parting, and settling what was found."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from access.models import AuditEvent, Organisation
from conftest import Person
from records.models import DuplicateSuggestion, Finding, Merge, Patient
from records.people.actions import merge, undo_merge
from records.tests import taking
from tests.architecture.test_doors import ROUTES, filled

pytestmark = pytest.mark.django_db
REASON = {"reason": "Rang her"}


@pytest.fixture
def take(tmp_path: Path) -> Callable[..., Patient]:
    def taken(key: str, source: Organisation, **said: Any) -> Patient:
        practice = source if source.kind == Organisation.Kind.PRACTICE else None
        taking.take(taking.write(tmp_path / f"{key}.ndjson", taking.patient(key, **said)), source, practice)
        return Patient.objects.get(links__source_key=key)

    return taken


@pytest.fixture
def two(take: Callable[..., Patient], riverside: Organisation) -> tuple[Patient, Patient]:
    """Two registered here who may be one: the second without a number."""
    return take("a", riverside), take("b", riverside, number="", address=[{"line": ["1 Mill Lane"]}])


@pytest.fixture
def far(take: Callable[..., Patient], riverside: Organisation, infirmary: Organisation) -> tuple[Patient, Patient]:
    """One registered here, and one whom only the hospital knows."""
    return take("a", riverside), take("h", infirmary, born="1970-01-05")


def url(one: Patient, other: Patient) -> str:
    return f"/patients/{one.pk}/merge/{other.pk}/"


@pytest.mark.parametrize("who", ["gp", "nurse", "receptionist", "practice_manager"])
def test_everyone_at_the_practice_reads_the_details(who: str, far: tuple[Patient, Patient], gp: Person,
                                                    request: pytest.FixtureRequest) -> None:  # fmt: skip
    merge(kept=far[0], other=far[1], reason="Rang her", by=gp.actor)
    person: Person = request.getfixturevalue(who)
    page = person.client.get(f"/patients/{far[0].pk}/details/")
    html = page.content.decode()
    assert page.status_code == 200
    assert "Date of birth differs: Riverside Surgery 1 May 1970, Northern Infirmary 5 Jan 1970" in html
    assert AuditEvent.objects.filter(action="opened details by source", actor_name=person.user.name).count() == 1
    screen = person.client.get(f"/patients/{far[0].pk}/").content.decode()
    assert "Sources disagree on date of birth" in screen


def test_pairs_are_listed_compared_and_joined(two: tuple[Patient, Patient], gp: Person) -> None:
    kept, other = two
    html = gp.client.get("/patients/to-check/").content.decode()
    assert "May be one person" in html
    page = gp.client.get(url(kept, other))
    assert page.status_code == 200
    assert "Likely one person" in page.content.decode()
    assert "None" not in re.findall(r"<textarea[^>]*>(.*?)</textarea>", page.content.decode(), re.DOTALL)[0]
    assert AuditEvent.objects.filter(action="compared records").count() == 2
    refused = gp.client.post(url(kept, other), {"act": "join", "kept": str(kept.pk), "reason": ""})
    assert refused.status_code == 422
    assert not Merge.objects.exists()
    done = gp.client.post(url(kept, other), {"act": "join", "kept": str(other.pk), **REASON})
    assert done.headers["Location"] == f"/patients/{other.pk}/details/"
    kept.refresh_from_db()
    assert kept.merged_into == other
    assert "May be one person" not in gp.client.get("/patients/to-check/").content.decode()


def test_not_the_same_is_decided_on_the_same_page(two: tuple[Patient, Patient], practice_manager: Person) -> None:
    kept, other = two
    practice_manager.client.post(url(kept, other), {"act": "not-same", **REASON})
    assert DuplicateSuggestion.objects.get().state == DuplicateSuggestion.State.NOT_SAME
    assert not Merge.objects.exists()


@pytest.mark.parametrize("who", ["nurse", "receptionist", "stranger", "social_worker"])
def test_who_may_not_join_cannot(who: str, two: tuple[Patient, Patient], request: pytest.FixtureRequest) -> None:
    person: Person = request.getfixturevalue(who)
    for answer in (person.client.get(url(*two)), person.client.post(url(*two), {"act": "join", **REASON})):
        assert answer.status_code in (403, 404)
    assert not Merge.objects.exists()
    assert not AuditEvent.objects.filter(action="compared records").exists()


def test_somebody_registered_nowhere_may_be_compared_only_when_suggested(
    far: tuple[Patient, Patient],
    take: Callable[..., Patient],
    infirmary: Organisation,
    hillside: Organisation,
    gp: Person,
) -> None:
    mine, theirs = far
    html = gp.client.get(url(mine, theirs)).content.decode()
    assert "registered nowhere" in html
    assert "Which record leads" not in html
    unlike = take("u", infirmary, number="", family="Brown", born="1980-01-01")
    registered = take("r", hillside, born="1970-01-05", number="")
    for other in (unlike, registered):
        assert gp.client.get(url(mine, other)).status_code == 404
        assert gp.client.post(url(mine, other), {"act": "join", **REASON}).status_code == 404
    assert gp.client.get(url(theirs, mine)).status_code == 404
    assert not Merge.objects.exists()


def test_two_verified_numbers_stop_it_on_the_page(two: tuple[Patient, Patient], gp: Person) -> None:
    kept, other = two
    Patient.objects.filter(pk=kept.pk).update(nhs_number_status="verified")
    Patient.objects.filter(pk=other.pk).update(nhs_number_status="verified", nhs_number=taking.OTHER_NUMBER)
    assert "Cannot be joined" in gp.client.get(url(kept, other)).content.decode()
    answer = gp.client.post(url(kept, other), {"act": "join", **REASON})
    assert answer.status_code == 422
    assert "Both NHS numbers are verified" in answer.content.decode()
    assert not Merge.objects.exists()


def test_parting_lists_who_saw_it_and_tells_them_once(two: tuple[Patient, Patient], gp: Person, nurse: Person) -> None:
    kept, other = two
    joined = merge(kept=kept, other=other, reason="Rang her", by=gp.actor)
    nurse.client.get(f"/patients/{kept.pk}/")
    page = gp.client.get(f"/patients/{kept.pk}/merges/{joined.pk}/").content.decode()
    assert "Bev Hughes" in page
    assert "opened record" in page
    assert gp.client.post(f"/patients/{kept.pk}/merges/{joined.pk}/", {"reason": ""}).status_code == 422
    done = gp.client.post(f"/patients/{kept.pk}/merges/{joined.pk}/", REASON, follow=True)
    assert "Bev Hughes" in done.content.decode()
    other.refresh_from_db()
    assert other.merged_into_id is None
    nurses = nurse.client
    told = nurses.get(f"/patients/{other.pk}/").content.decode()
    assert "was joined with another person&#39;s" in told
    for again in (kept, other):
        assert "was joined with another" not in nurses.get(f"/patients/{again.pk}/").content.decode()


def test_a_merge_of_others_is_not_opened(two: tuple[Patient, Patient], gp: Person, make_patient: Callable[..., Patient],
                                         stranger: Person) -> None:  # fmt: skip
    joined = merge(kept=two[0], other=two[1], reason="Rang her", by=gp.actor)
    elsewhere = make_patient(given="Ann")
    assert gp.client.get(f"/patients/{elsewhere.pk}/merges/{joined.pk}/").status_code == 404
    assert stranger.client.get(f"/patients/{two[0].pk}/merges/{joined.pk}/").status_code == 404


def test_a_finding_is_settled_with_a_reason(
    take: Callable[..., Patient], riverside: Organisation, gp: Person, receptionist: Person, stranger: Person
) -> None:
    take("f", riverside, number=taking.FAILING_NUMBER)
    found = Finding.objects.get()
    address = f"/patients/to-check/{found.pk}/"
    assert receptionist.client.post(address, REASON).status_code == 403
    assert stranger.client.post(address, REASON).status_code == 404
    assert gp.client.get(address).status_code == 200
    assert gp.client.post(address, {"reason": " "}).status_code == 422
    assert Finding.objects.get().settled_at is None
    assert gp.client.post(address, REASON).headers["Location"] == "/patients/to-check/"
    found.refresh_from_db()
    assert (found.settled_by, found.why) == ("Dr A Khan", "Rang her")
    take("f", riverside, number=taking.FAILING_NUMBER, gender="female")
    assert Finding.objects.get().settled_at is not None
    assert "Nothing to check" in gp.client.get("/patients/to-check/").content.decode()


@pytest.mark.parametrize(
    "route", [r for r in ROUTES if r.startswith("patients/<uuid:patient_id>/") and r.count("<") == 1]
)
def test_the_old_address_leads_to_the_kept_patient(route: str, two: tuple[Patient, Patient], gp: Person) -> None:
    kept, other = two
    merge(kept=kept, other=other, reason="Rang her", by=gp.actor)
    old = gp.client.get(filled(route, {"patient_id": other.pk}), follow=True)
    new = gp.client.get(filled(route, {"patient_id": kept.pk}), follow=True)
    assert old.status_code == new.status_code
    assert str(other.pk) not in old.content.decode(errors="replace")


def test_undone_twice_is_refused_in_words(two: tuple[Patient, Patient], gp: Person) -> None:
    joined = merge(kept=two[0], other=two[1], reason="Rang her", by=gp.actor)
    undo_merge(merge=joined, reason="Two people", by=gp.actor)
    answer = gp.client.post(f"/patients/{two[0].pk}/merges/{joined.pk}/", REASON)
    assert answer.status_code == 422
    assert "This was undone already." in answer.content.decode()
