"""The directory on screen: the manager keeps it, clinicians choose favourites, others change nothing."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from access.models import AuditEvent, Organisation
from conftest import Person
from exchange.models import Favourite, Service
from exchange.tests.directory.test_taking_in import bundle

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic(infirmary: Organisation) -> Service:
    return Service.objects.create(
        organisation=infirmary, service_id="9000000201", name="Heart failure clinic", use_case="gp-to-hospital"
    )


def details(**changed: Any) -> dict[str, Any]:
    usual = {"name": "Heart failure clinic", "accepts_urgent": "on", "active": "on"}
    return usual | changed


def test_the_manager_corrects_a_service(clinic: Service, practice_manager: Person) -> None:
    address = f"/settings/services/{clinic.service_id}/"
    assert b"Heart failure clinic" in practice_manager.client.get(address).content
    answer = practice_manager.client.post(
        address, details(waiting_weeks="9", waiting_said_on="2026-11-20", from_age="18", sex="")
    )
    assert answer.status_code == 302
    clinic.refresh_from_db()
    assert (clinic.waiting_weeks, clinic.from_age, clinic.to_age) == (9, 18, None)
    assert {"waiting_weeks", "from_age", "waiting_said_on"} == set(clinic.by_hand)
    assert AuditEvent.objects.filter(action="changed service").count() == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "Enter the name of the service"),
        ({"from_age": "60", "to_age": "20"}, "The oldest age must not be below the youngest"),
        ({"from_age": "-1"}, "The youngest age must be 0 or more"),
        ({"to_age": "many"}, "The oldest age must be a whole number"),
        ({"waiting_weeks": "9"}, "Enter the date on which you were told"),
        ({"waiting_weeks": "9", "waiting_said_on": "soon"}, "Enter a real date"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_changes(
    wrong: dict[str, str], said: str, clinic: Service, practice_manager: Person
) -> None:
    answer = practice_manager.client.post(f"/settings/services/{clinic.service_id}/", details(**wrong))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    before = Service.objects.values().get()
    clinic.refresh_from_db()
    assert (clinic.name, clinic.by_hand, before["waiting_weeks"]) == ("Heart failure clinic", [], None)
    assert not AuditEvent.objects.filter(action="changed service").exists()


def test_a_file_is_taken_in_and_odd_files_are_named(infirmary: Organisation, practice_manager: Person) -> None:
    def post(content: bytes) -> Any:
        file = SimpleUploadedFile("services.json", content, content_type="application/json")
        return practice_manager.client.post("/settings/services/file/", {"file": file}, follow=True)

    page = post(json.dumps(bundle()).encode()).content.decode()
    assert Service.objects.get().name == "Falls clinic"
    assert "1 new, 0 brought up to date" in page
    assert "their system is not connected" in page
    for content, said in (
        (b"{", "Nothing was taken in"),
        (b"", "The file is empty"),
        (b'{"resourceType": "Patient"}', "There is no service in this file"),
        (b'"text"', "There is no service in this file"),
    ):
        answer = post(content)
        assert answer.status_code == 422
        assert said in answer.content.decode()
    assert Service.objects.count() == 1


def test_only_the_manager_keeps_the_directory(clinic: Service, gp: Person, receptionist: Person) -> None:
    for person in (gp, receptionist):
        for address in ("/settings/services/", f"/settings/services/{clinic.service_id}/"):
            assert person.client.get(address).status_code == 403
        assert person.client.post(f"/settings/services/{clinic.service_id}/", details(name="x")).status_code == 403
    clinic.refresh_from_db()
    assert clinic.name == "Heart failure clinic"


def test_favourites_are_the_practices_own(
    clinic: Service, gp: Person, nurse: Person, stranger: Person, receptionist: Person
) -> None:
    address = f"/settings/services/{clinic.service_id}/favourite/"
    assert receptionist.client.post(address, {"wanted": "1"}).status_code == 403
    assert not Favourite.objects.exists()
    answer = gp.client.post(address, {"wanted": "1", "back": "/referrals/"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/referrals/")
    nurse.client.post(address, {"wanted": "1"})
    assert Favourite.objects.get().practice_id == gp.actor.organisation_id
    stranger.client.post(address, {"wanted": "0"})
    assert Favourite.objects.count() == 1
    gp.client.post(address, {"wanted": "0"})
    assert not Favourite.objects.exists()
    assert AuditEvent.objects.filter(action__contains="favourite").count() == 2


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"])
def test_one_is_never_led_elsewhere(back: str, clinic: Service, gp: Person) -> None:
    answer = gp.client.post(f"/settings/services/{clinic.service_id}/favourite/", {"wanted": "1", "back": back})
    assert answer.headers["Location"] == "/"
