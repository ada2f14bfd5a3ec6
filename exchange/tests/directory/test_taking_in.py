"""Services from elsewhere: what is said is taken in, what a hand changed is kept, what cannot be used is named."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from access.models import AuditEvent, Organisation
from conftest import Person
from exchange.directory import actions
from exchange.directory.reading import NotUsable, Offered, offered
from exchange.fhir.bundles import BundleError
from exchange.fhir.systems import System
from exchange.models import Service

pytestmark = pytest.mark.django_db
EXAMPLES = Path(__file__).resolve().parents[4] / "shared" / "data" / "bars" / "api-examples-1.4.0"
PUBLISHED = EXAMPLES / "HealthcareService"
ELEMENTS = ["identifier", "providedBy", "specialty", "location", "telecom", "name", "active"]


def bundle() -> dict[str, Any]:
    service = {
        "resourceType": "HealthcareService",
        "id": "s",
        "identifier": [{"system": str(System.SERVICE_ID), "value": "9000000901"}],
        "active": True,
        "providedBy": {"reference": "urn:uuid:o"},
        "name": "Falls clinic",
        "specialty": [{"coding": [{"display": "Geriatric medicine"}]}],
        "location": [{"reference": "Location/l"}],
        "telecom": [{"system": "email", "value": "x@y.example"}, {"system": "phone", "value": "01632 960901"}],
    }
    organisation = {
        "resourceType": "Organization",
        "id": "o",
        "identifier": [{"system": str(System.ODS), "value": "RZZ01"}],
        "name": "Northern Infirmary",
    }
    place = {
        "resourceType": "Location",
        "id": "l",
        "address": {"line": ["Clinic 9", "High Street"], "city": "Riverside", "postalCode": "ZZ1 1AA"},
        "position": {"latitude": 54.5, "longitude": -1.5},
    }
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"fullUrl": "urn:uuid:s", "resource": service},
            {"fullUrl": "urn:uuid:o", "resource": organisation},
            {"fullUrl": "urn:uuid:l", "resource": place},
        ],
    }


def usable(found: dict[str, Any]) -> list[Offered]:
    return [one for one in offered(found) if isinstance(one, Offered)]


def test_a_service_is_taken_in_with_who_runs_it_and_where(infirmary: Organisation, practice_manager: Person) -> None:
    taken = actions.take_in(offers=usable(bundle()), by=practice_manager.actor)
    assert (taken.new, taken.changed, taken.unchanged, taken.kept) == (1, 0, 0, 0)
    one = Service.objects.get()
    assert (one.organisation, one.name, one.specialty) == (infirmary, "Falls clinic", "Geriatric medicine")
    assert (one.place, one.latitude, one.phone) == ("Clinic 9, High Street, Riverside, ZZ1 1AA", 54.5, "01632 960901")
    again = actions.take_in(offers=usable(bundle()), by=practice_manager.actor)
    assert (again.new, again.unchanged) == (0, 1)
    assert Service.objects.count() == 1
    assert AuditEvent.objects.filter(action="took in services").count() == 2


def test_what_a_hand_changed_outlives_the_next_file(infirmary: Organisation, practice_manager: Person) -> None:
    actions.take_in(offers=usable(bundle()), by=practice_manager.actor)
    actions.change(service=Service.objects.get(), said={"phone": "01632 960999"}, by=practice_manager.actor)
    newer = bundle()
    newer["entry"][0]["resource"] |= {"name": "Falls and balance clinic", "active": False}
    taken = actions.take_in(offers=usable(newer), by=practice_manager.actor)
    one = Service.objects.get()
    assert (taken.changed, taken.kept) == (1, 1)
    assert (one.phone, one.name, one.active) == ("01632 960999", "Falls and balance clinic", False)


@pytest.mark.parametrize(
    ("without", "why"),
    [
        ("identifier", "“Falls clinic” has no service id"),
        ("name", "The service 9000000901 has no name"),
        ("providedBy", "“Falls clinic” does not say by ODS code which organisation runs it"),
    ],
)
def test_what_cannot_be_used_is_named_with_why(without: str, why: str) -> None:
    found = bundle()
    del found["entry"][0]["resource"][without]
    (told,) = offered(found)
    assert isinstance(told, NotUsable)
    assert str(told).startswith(why)


def test_if_one_cannot_be_stored_none_is(infirmary: Organisation, practice_manager: Person) -> None:
    good = usable(bundle())[0]
    bad = Offered("9000000902", "RZZ01", "", {"name": None})
    with pytest.raises(Exception, match="null value"):
        actions.take_in(offers=[good, bad], by=practice_manager.actor)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(name=st.sampled_from(ELEMENTS), odd=junk)
def test_odd_elements_are_read_or_named_and_never_raise(name: str, odd: Any) -> None:
    found = bundle()
    found["entry"][0]["resource"][name] = odd
    assert all(isinstance(one, Offered | NotUsable) for one in offered(found))


@given(where=st.sampled_from(["address", "position"]), odd=junk)
def test_odd_places_are_left_out(where: str, odd: Any) -> None:
    found = bundle()
    found["entry"][2]["resource"][where] = odd
    assert len(usable(found)) == 1


def test_what_is_no_bundle_is_told(tmp_path: Path) -> None:
    with pytest.raises(BundleError):
        list(offered({"resourceType": "Bundle", "type": "nonsense"}))
    file = tmp_path / "services.json"
    for content in ("[", "[]", '{"resourceType": "Bundle", "type": "nonsense"}'):
        file.write_text(content)
        with pytest.raises(CommandError, match="Nothing was taken in"):
            call_command("take_in_services", str(file))
    assert not Service.objects.exists()


def test_the_command_takes_in_and_names_what_it_leaves_out(
    tmp_path: Path, infirmary: Organisation, capsys: pytest.CaptureFixture[str]
) -> None:
    found = bundle()
    nameless = copy.deepcopy(found["entry"][0])
    del nameless["resource"]["name"]
    found["entry"].append(nameless)
    file = tmp_path / "services.json"
    file.write_text(json.dumps(found))
    call_command("take_in_services", str(file))
    told = capsys.readouterr()
    assert "new 1 changed 0 unchanged 0" in told.out
    assert "has no name" in told.err


@pytest.mark.skipif(not PUBLISHED.exists(), reason="no ../shared/data")
def test_the_published_example_is_taken_in() -> None:
    found = json.loads((PUBLISHED / "success_HealthcareService_Atomic.json").read_text())
    (one,) = usable(found)
    assert (one.service_id, one.ods_code, one.said["name"]) == ("111111111", "R778", "Example Healthcare Service")
