"""Every patient page, walked: none says where somebody is whom one source restricts, whatever older copies hold."""

import ast
import base64
import itertools
import json
import logging
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from access.models import Organisation
from conftest import Person
from exchange.fhir.systems import System
from records.models import Attachment, Letter, Patient, Relationship, Resource, ResourceVersion, Trace
from records.tests import taking
from tests.architecture.test_doors import ROUTES
from tests.architecture.test_house import ours

Json = dict[str, Any]
LABEL = {"security": [{"system": str(System.CONFIDENTIALITY), "code": "R", "display": "restricted"}]}
#: What must be seen nowhere: two homes, their postcodes, telephones, an e-mail, the GP and the surgery, a place.
SECRETS = (
    *("Unmistakable Cottage", "41 Unfindable Road", "ZZ9 8YX", "ZZ9 7YW", "07700 900911", "01632 960977"),
    *("hiding@unmistakable.example", "Dr Hidden Practitioner", "Unmistakable Surgery", "Unmistakable Day Centre"),
)
ROLES = ("gp", "nurse", "receptionist", "practice_manager", "social_worker")
#: Where stored texts are put together for reading, and where the rule itself stands.
MAY_READ_BODIES = ("bodies.py", "national.py", "restricted.py")
PATIENT_ROUTES = [route for route in ROUTES if "patient_id" in route and not route.startswith("fhir/")]


def home(line: str, postcode: str, phone: str) -> Json:
    return {
        "address": [{"use": "home", "line": [line], "city": "Nowhere", "postalCode": postcode}],
        "telecom": [
            {"system": "phone", "value": phone},
            {"system": "email", "value": "hiding@unmistakable.example"},
        ],
        "generalPractitioner": [{"display": "Dr Hidden Practitioner"}],
        "managingOrganization": {"display": "Unmistakable Surgery"},
        "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{line} {phone}</div>'},
    }


FIRST = home("Unmistakable Cottage", "ZZ9 8YX", "07700 900911")
SECOND = home("41 Unfindable Road", "ZZ9 7YW", "01632 960977")
NOTE = "Lives at 41 Unfindable Road, ZZ97YW, ring +44 7700 900911 or hiding@unmistakable.example."


def of_practice() -> list[Json]:
    """What the practice holds: the person, their sister at the same address, and words that repeat the address."""
    said = {"subject": {"reference": "Patient/p1"}}
    place = {"display": "Unmistakable Day Centre"}
    html = base64.b64encode(f"<p>{NOTE}</p>".encode()).decode()
    long = base64.b64encode(f"<p>{NOTE}</p>{'<p>Words.</p>' * 9000}".encode()).decode()
    return [
        taking.patient(**FIRST),
        {"resourceType": "RelatedPerson", "id": "s1", "patient": {"reference": "Patient/p1"},
         "name": [{"family": "Sister"}], **{key: SECOND[key] for key in ("address", "telecom")}},
        taking.condition(note=[{"text": NOTE}]),
        {"resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "HH"}, **said,
         "period": {"start": "2026-11-02"}, "serviceProvider": {"display": "Unmistakable Surgery"},
         "location": [{"location": place}], "text": {"status": "additional", "div": f"<div>{NOTE}</div>"}},
        {"resourceType": "Observation", "id": "o1", "status": "final", "code": {"text": "Home"}, **said,
         "effectiveDateTime": "2026-11-03", "valueString": NOTE, "note": [{"text": NOTE}]},
        {"resourceType": "Appointment", "id": "a1", "status": "booked", "start": f"{timezone.localdate()}T23:50:00Z",
         "end": f"{timezone.localdate()}T23:59:00Z", "description": NOTE, "participant": [
            {"actor": {"reference": "Patient/p1"}, "status": "accepted"},
            {"actor": {"type": "Location", "reference": "Location/l1", **place}, "status": "accepted"}]},
        {"resourceType": "Location", "id": "l1", "name": "Unmistakable Day Centre"},
        {"resourceType": "CarePlan", "id": "cp1", "status": "active", "intent": "plan", "title": "Care", **said,
         "description": NOTE, "activity": [{"detail": {"status": "in-progress", "description": NOTE,
                                                       "location": place}}]},
        {"resourceType": "CareTeam", "id": "ct1", "status": "active", "name": "Team", **said,
         "telecom": [{"system": "phone", "value": "01632 960977"}]},
        {"resourceType": "DocumentReference", "id": "d1", "status": "current", "description": "Short letter", **said,
         "date": "2026-11-04T09:00:00Z", "content": [{"attachment": {"contentType": "text/html", "data": html}}],
         "text": {"status": "additional", "div": f"<div>GP to do: visit. {NOTE}</div>"}},
        {"resourceType": "DocumentReference", "id": "d2", "status": "current", "description": "Long letter", **said,
         "date": "2026-11-05T09:00:00Z", "content": [{"attachment": {"contentType": "text/html", "data": long}}]},
    ]  # fmt: skip


@pytest.fixture
def hidden(tmp_path: Path, riverside: Organisation, infirmary: Organisation, cityview: Organisation) -> Patient:
    """Somebody the infirmary restricts after practice and hospital had told where they live, in several versions."""
    taking.take(taking.write(tmp_path / "gp1.ndjson", *of_practice()), riverside, riverside)
    taking.take(taking.write(tmp_path / "gp2.ndjson", taking.patient(**SECOND)), riverside, riverside)
    old = taking.patient("h1", **FIRST)
    taking.take(taking.write(tmp_path / "ni1.ndjson", old), infirmary)
    taking.take(taking.write(tmp_path / "sc.ndjson", taking.patient("c1", **SECOND)), cityview)
    person = Patient.objects.get()
    assert (person.address, person.phone) == ("41 Unfindable Road, Nowhere", "01632 960977")
    taking.take(taking.write(tmp_path / "ni2.ndjson", taking.patient("h1", meta=LABEL)), infirmary)
    Relationship.objects.create(
        patient=person, organisation=cityview, kind=Relationship.Kind.CASELOAD, since=timezone.now()
    )
    found = json.dumps(taking.patient("9991234578", family="Smythe", **SECOND))
    Trace.objects.create(
        patient=person, state=Trace.State.DOUBT, found=found, asked_by="PDS", asked_number="9991234578"
    )
    person.refresh_from_db()
    return person


def names(text: str) -> list[str]:
    """The secrets that stand in a text, however it spaces or escapes them."""
    plain = re.sub(r"[\s,]+|%20|\+|&#x27;", " ", text)
    packed = re.sub(r"[^0-9a-z]", "", text.casefold())
    found = [one for one in SECRETS if one.casefold() in plain.casefold()]
    return found + [
        one for one in SECRETS if re.sub(r"\W", "", one).casefold() in packed and any(map(str.isdigit, one))
    ]


def fillings(route: str, person: Patient) -> Iterator[str]:
    """The route with its parameters replaced, once for every id and kind that might stand there."""
    ids = [*Resource.objects.values_list("pk", flat=True), *Letter.objects.values_list("pk", flat=True)]
    kinds = sorted({*Resource.objects.values_list("kind", flat=True), *Resource.objects.values_list("type", flat=True)})
    parameters = re.findall(r"<(?:(\w+):)?(\w+)>", route)
    choices: list[list[object]] = []
    for sort, name in parameters:
        choices.append(
            [person.pk] if name == "patient_id" else [*ids] if sort == "uuid" else [1] if sort == "int" else [*kinds]
        )
    for values in itertools.product(*choices):
        yield "/" + re.sub(r"<[^>]+>", "{}", route).format(*values)


def test_the_copies_do_hold_what_is_to_be_hidden(hidden: Patient) -> None:
    """Else the walk below would prove nothing."""
    kept = "\n".join(
        [*Resource.objects.values_list("body", flat=True), *ResourceVersion.objects.values_list("body", flat=True)]
    )
    assert {one for one in SECRETS if one in kept} == set(SECRETS)
    assert ResourceVersion.objects.count() == 2
    assert Attachment.objects.count() == 1
    assert hidden.restricted
    drawn = json.dumps([*Resource.objects.filter(patient=hidden).values_list("display", "value", "detail")])
    assert names(drawn) == []
    assert drawn.count("[not shown]") > 5


@pytest.mark.parametrize("who", ROLES)
def test_no_page_says_where_a_restricted_person_is(
    who: str, hidden: Patient, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    """Every address with the patient in it, whole and as a part, under every id of theirs; and every page without."""
    settings.PDS_URL, settings.PDS_REFRESH_DAYS = "http://127.0.0.1:9", 0
    client = request.getfixturevalue(who).client
    with caplog.at_level(logging.DEBUG):
        for address in itertools.chain.from_iterable(fillings(route, hidden) for route in PATIENT_ROUTES):
            assert_names_nothing(client, address)
            if address.count("-") < 6:  # with one id only
                assert_names_nothing(client, address, {"HX-Request": "true"})
        settings.PDS_URL = ""
        for route in ROUTES:
            if "<" not in route and not route.startswith(("fhir/", "oauth2/")):
                assert_names_nothing(client, f"/{route}?patient={hidden.pk}&everyone=1")
    assert names(caplog.text) == []


def assert_names_nothing(client: Client, address: str, headers: dict[str, str] | None = None) -> None:
    response = client.get(address, headers=headers or {})
    assert response.status_code < 500, address
    assert names(b"".join(response).decode(errors="replace")) == [], address


def test_nobody_is_found_by_where_they_are(hidden: Patient, gp: Person) -> None:
    for asked in (*SECRETS, "ZZ97YW", "Unfindable", "07700900911"):
        html = gp.client.get("/patients/", {"q": asked}).content.decode()
        assert f"/patients/{hidden.pk}/" not in html, asked
    assert "SMITH" in gp.client.get("/patients/", {"q": "smith"}).content.decode()


def test_the_record_is_searched_without_them(hidden: Patient, gp: Person) -> None:
    """A search within the record that hits a hidden word would tell that it stands there."""
    for asked in ("Unmistakable", "Unfindable", "ZZ9", "900911"):
        part = {"HX-Request": "true"}
        html = gp.client.post(f"/patients/{hidden.pk}/search/", {"words": asked}, headers=part).content.decode()
        assert "Nothing here holds" in html
        assert "Short letter" not in html
        assert "Home visit" not in html


def test_when_nobody_restricts_them_any_longer_it_is_shown_again(
    hidden: Patient, tmp_path: Path, infirmary: Organisation, receptionist: Person
) -> None:
    taking.take(taking.write(tmp_path / "ni3.ndjson", taking.patient("h1", birthDate="1970-05-01")), infirmary)
    hidden.refresh_from_db()
    assert not hidden.restricted
    assert (hidden.address, hidden.postcode, hidden.phone) == ("41 Unfindable Road, Nowhere", "ZZ9 7YW", "01632 960977")
    assert "41 Unfindable Road" in receptionist.client.get(f"/patients/{hidden.pk}/").content.decode()
    assert Resource.objects.get(type="RelatedPerson").detail["phone"] == "01632 960977"
    assert NOTE in Resource.objects.get(type="Condition").detail["note"]


def test_what_comes_in_later_is_drawn_without_it_at_once(
    hidden: Patient, tmp_path: Path, riverside: Organisation, cityview: Organisation
) -> None:
    later = taking.condition("c2", note=[{"text": NOTE}])
    moved = taking.patient("c1", **home("7 Unheard Of Terrace", "ZZ9 6YV", "07700 900955"))
    taking.take(taking.write(tmp_path / "later.ndjson", later), riverside)
    new = taking.condition("c3", note=[{"text": "Moved to 7 Unheard Of Terrace"}])
    taking.take(taking.write(tmp_path / "new.ndjson", new), riverside)
    assert names(json.dumps(Resource.objects.get(source_key="c2").detail)) == []
    assert "Unheard" in Resource.objects.get(source_key="c3").detail["note"]  # nobody has said that it is an address
    taking.take(taking.write(tmp_path / "moved.ndjson", moved), cityview)
    assert Resource.objects.get(source_key="c3").detail["note"] == "Moved to [not shown]"
    hidden.refresh_from_db()
    assert (hidden.restricted, hidden.address, hidden.phone) == (True, "", "")


def test_bodies_are_read_in_one_place() -> None:
    """`records.bodies.full` gives what may be shown; a page that reads a stored text itself would show the rest."""
    offenders = []
    for path, tree in ours():
        if path.name in MAY_READ_BODIES or path.parts[:2] == ("records", "ingest"):
            continue
        reads = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "body")
        offenders += [f"{path}:{node.lineno}" for node in reads if path.parts[0] != "exchange"]
    assert offenders == []


def test_an_unknown_patient_is_not_walked_by_mistake(hidden: Patient, gp: Person) -> None:
    assert gp.client.get(f"/patients/{hidden.pk}/").status_code == 200
    assert gp.client.get(f"/patients/{uuid.uuid4()}/").status_code == 404
    assert len(PATIENT_ROUTES) > 15
