"""The sandbox PDS: what it answers, to whom, how often, and that its answers keep the published contract."""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from sandbox.pds import people
from sandbox.pds.__main__ import API_KEY, Running
from sandbox.tests import openapi
from sandbox.tests.practice import Practice, token_form

JANE, HODAN, DECEASED = "9991234578", "9998312140", "9998324157"
SCHEMAS = openapi.CONTRACT / "components" / "schemas"


@dataclass(slots=True)
class Pds:
    url: str
    practice: Practice
    key: RSAKey
    client: httpx.Client
    running: Running
    token: str = ""

    def get(self, path: str, **changed: str | None) -> httpx.Response:
        """GET below the FHIR base with good headers; keywords replace them (None leaves one out)."""
        headers: dict[str, str | None] = {
            "Authorization": f"Bearer {self.token}",
            "X-Request-ID": str(uuid.uuid4()),
            **{name.replace("_", "-"): value for name, value in changed.items()},
        }
        kept = {name: value for name, value in headers.items() if value is not None}
        return self.client.get(f"{self.url}/personal-demographics/FHIR/R4/{path}", headers=kept)

    def patient(self, nhs_number: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"Patient/{nhs_number}").json()
        return found

    def switch(self, what: str, **fields: object) -> int:
        return self.client.post(f"{self.url}/sandbox/{what}", json=fields).status_code

    def assertion(self, algorithm: str = "RS512", **changed: object) -> str:
        claims: dict[str, object] = {
            "iss": API_KEY,
            "sub": API_KEY,
            "aud": f"{self.url}/oauth2/token",
            "jti": str(uuid.uuid4()),
        }
        claims |= {"exp": int(time.time()) + 240} | changed
        return jwt.encode({"alg": algorithm, "kid": "pds-1"}, claims, self.key, [algorithm])

    def ask(self, assertion: str) -> httpx.Response:
        return self.client.post(f"{self.url}/oauth2/token", data=token_form(assertion))


KEY = RSAKey.generate_key(2048, {"kid": "pds-1", "use": "sig"})


@pytest.fixture
def pds(tmp_path: Path) -> Iterator[Pds]:
    practice = Practice(KEY)  # type: ignore[arg-type]
    practice.start()
    running = Running(port=0, directory=tmp_path, gpportal=practice.url)
    thread = threading.Thread(target=running.serve, args=(0.01,), daemon=True)
    thread.start()
    with httpx.Client(timeout=10, trust_env=False) as client:
        made = Pds(running.url, practice, KEY, client, running)
        made.token = made.ask(made.assertion()).json()["access_token"]
        yield made
    running.stop()
    thread.join(timeout=5)
    practice.stop()


def code(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()
    assert body["resourceType"] == "OperationOutcome"
    return answer.status_code, body["issue"][0]["details"]["coding"][0]["code"]


# Patients -------------------------------------------------------------------------------------------------------------
def test_a_patient_comes_with_its_version_and_the_request_id(pds: Pds) -> None:
    asked = str(uuid.uuid4())
    answer = pds.get(f"Patient/{JANE}", X_Request_ID=asked)
    assert (answer.status_code, answer.headers["X-Request-ID"], answer.headers["ETag"]) == (200, asked, 'W/"2"')
    assert answer.json()["id"] == JANE
    assert answer.json()["meta"] == {
        "versionId": "2",
        "security": [{"system": people.CONFIDENTIALITY, "code": "U", "display": "unrestricted"}],
    }


def test_of_a_restricted_patient_no_address_telecom_or_gp_is_given(pds: Pds) -> None:
    found = pds.patient(HODAN)
    assert found["meta"]["security"][0]["code"] == "R"
    assert not {"address", "telecom", "generalPractitioner", "managingOrganization", "contact"} & found.keys()


def test_a_superseded_number_gives_the_new_record(pds: Pds) -> None:
    old, new = people.RENUMBERED
    assert pds.patient(old)["id"] == new
    assert pds.patient(people.TWICE[0])["id"] == people.TWICE[1]


def test_who_has_died_has_a_formal_notice(pds: Pds) -> None:
    found = pds.patient(DECEASED)
    assert found["deceasedDateTime"]
    status = found["extension"][0]["extension"][0]["valueCodeableConcept"]["coding"][0]
    assert status["code"] == "2"


@pytest.mark.parametrize(
    ("path", "headers", "expected"),
    [
        ("Patient/9111231130", {}, (404, "RESOURCE_NOT_FOUND")),
        (f"Patient/{people.INVALID}", {}, (404, "INVALIDATED_RESOURCE")),
        ("Patient/9000000000", {}, (400, "INVALID_RESOURCE_ID")),
        (f"Patient/{JANE}", {"X_Request_ID": None}, (400, "MISSING_VALUE")),
        (f"Patient/{JANE}", {"X_Request_ID": "1234"}, (400, "INVALID_VALUE")),
        (f"Patient/{JANE}", {"Authorization": "Bearer no"}, (401, "ACCESS_DENIED")),
        (f"Patient/{JANE}", {"Authorization": None}, (401, "ACCESS_DENIED")),
        ("Patient", {}, (400, "UNSUPPORTED_SERVICE")),
        ("Patient?family=Smith", {}, (400, "MISSING_VALUE")),
        ("Patient?birthdate=eq1970-05-01", {}, (400, "INVALID_SEARCH_DATA")),
        ("Patient?family=Smith&birthdate=1-5-70", {}, (400, "INVALID_VALUE")),
        ("Patient?family=Smith&birthdate=eq1970-05-01&_max-results=2", {}, (400, "INVALID_VALUE")),
        ("Patient?family=Smith&birthdate=eq1970-05-01&shoe-size=4", {}, (400, "ADDITIONAL_PROPERTIES")),
    ],
)
def test_refusals(pds: Pds, path: str, headers: dict[str, str | None], expected: tuple[int, str]) -> None:
    assert code(pds.get(path, **headers)) == expected


# Searching ------------------------------------------------------------------------------------------------------------
def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200
    return [entry["resource"]["id"] for entry in answer.json().get("entry", [])]


@pytest.mark.parametrize(
    "query",
    [
        "family=Smith&birthdate=eq1970-05-01",
        "family=smith&given=jane&gender=female&birthdate=1970-05-01",
        "family=Sm*&given=Jane&birthdate=ge1970-04-30&birthdate=le1970-05-02",
        "family=Smyth&given=Jayne&birthdate=eq1970-05-01&_fuzzy-match=true",
        "family=Smith&birthdate=eq1970-05-01&address-postalcode=ZZ13JS&_exact-match=true",
    ],
)
def test_one_match_is_given(pds: Pds, query: str) -> None:
    assert ids(pds.get(f"Patient?{query}")) == [JANE]


@pytest.mark.parametrize(
    "query",
    [
        "family=Smyth&birthdate=eq1970-05-01",
        "family=Smith&birthdate=eq1970-05-02",
        "family=Smyth&birthdate=eq1970-05-01&_fuzzy-match=true&_exact-match=true",
    ],
)
def test_no_match_is_an_empty_bundle(pds: Pds, query: str) -> None:
    answer = pds.get(f"Patient?{query}")
    assert ids(answer) == []
    assert answer.json()["total"] == 0


def test_of_several_none_is_given(pds: Pds) -> None:
    assert pds.switch("people", nhs_number=JANE, act="double") == 200
    answer = pds.get("Patient?family=Smith&birthdate=eq1970-05-01")
    assert code(answer) == (200, "TOO_MANY_MATCHES")
    assert JANE not in answer.text


def test_a_restricted_patient_is_not_found_by_where_they_are(pds: Pds) -> None:
    who = "Patient?family=Warsame&birthdate=eq1990-08-25"
    assert ids(pds.get(who)) == [HODAN]
    held = people.register().people[HODAN]
    for place in (f"address-postalcode={held.postcode}", f"general-practitioner={people.PRACTICE}"):
        assert ids(pds.get(f"{who}&{place}")) == []


# Tokens, limits and switches ------------------------------------------------------------------------------------------
def test_only_rs512_signed_by_a_published_key_gets_a_token(pds: Pds) -> None:
    assert pds.ask(pds.assertion()).json()["expires_in"] == "600"
    used = pds.assertion()
    assert pds.ask(used).status_code == 200
    stranger = Pds(pds.url, pds.practice, RSAKey.generate_key(2048, {"kid": "pds-1"}), pds.client, pds.running)
    wrong = {
        "replayed": used,
        "RS384": pds.assertion("RS384"),
        "another key": stranger.assertion(),
        "exp": pds.assertion(exp=int(time.time()) + 900),
        "past": pds.assertion(exp=int(time.time()) - 60),
        "aud": pds.assertion(aud="https://elsewhere.example/token"),
        "iss": pds.assertion(iss="somebody"),
        "sub": pds.assertion(sub="somebody"),
        "jti": pds.assertion(jti=""),
        "ES384": pds.practice.assertion(f"{pds.url}/oauth2/token", key=ECKey.generate_key("P-384", {"kid": "pds-1"})),
    }
    assert {why: pds.ask(one).status_code for why, one in wrong.items()} == dict.fromkeys(wrong, 401)


def test_the_sixth_request_within_a_second_is_turned_away(pds: Pds) -> None:
    answers = [pds.get(f"Patient/{JANE}") for _ in range(9)]
    late = [one for one in answers if one.status_code == 429]
    assert [one.status_code for one in answers[:5]] == [200] * 5
    assert late
    assert all(code(one) == (429, "TOO_MANY_REQUESTS") and one.headers["Retry-After"] == "1" for one in late)
    time.sleep(1.1)
    assert pds.get(f"Patient/{JANE}").status_code == 200


@pytest.mark.parametrize(("mode", "expected"), [("down", 503), ("busy", 429)])
def test_it_can_be_switched(pds: Pds, mode: str, expected: int) -> None:
    assert pds.switch("behaviour", mode=mode) == 200
    assert pds.get(f"Patient/{JANE}").status_code == expected
    assert pds.switch("behaviour", mode="no such") == 400


def test_its_records_can_be_changed(pds: Pds) -> None:
    before = int(pds.patient(JANE)["meta"]["versionId"])
    pds.switch("people", nhs_number=JANE, act="restrict")
    found = pds.patient(JANE)
    assert (found["meta"]["versionId"], "address" in found) == (str(before + 1), False)
    pds.switch("people", nhs_number=JANE, act="unrestrict")
    pds.switch("people", nhs_number=JANE, act="dies")
    assert "address" in pds.patient(JANE)
    assert "deceasedDateTime" in pds.patient(JANE)
    pds.switch("people", nhs_number=JANE, act="invalidate")
    assert code(pds.get(f"Patient/{JANE}")) == (404, "INVALIDATED_RESOURCE")
    assert pds.switch("people", nhs_number="9000000009", act="dies") == 400


def test_page_and_log_name_nobody(pds: Pds, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        pds.get(f"Patient/{JANE}")
        page = pds.client.get(pds.url).text
        listed = pds.client.get(f"{pds.url}/sandbox/requests").text
    own = "\n".join(one.getMessage() for one in caplog.records if one.name.startswith("sandbox"))
    for text in (page, listed, own):
        assert JANE not in text
        assert "Smith" not in text
    assert "Patient/{id}" in page


# The published contract -----------------------------------------------------------------------------------------------
@openapi.present
@pytest.mark.parametrize("nhs_number", [JANE, HODAN, DECEASED, people.MOVED])
def test_patients_keep_the_published_contract(pds: Pds, nhs_number: str) -> None:
    assert openapi.faults(pds.patient(nhs_number), SCHEMAS / "Patient.json") == []


@openapi.present
def test_searches_and_refusals_keep_the_published_contract(pds: Pds) -> None:
    found = pds.get("Patient?family=Smith&birthdate=eq1970-05-01").json()
    assert openapi.faults(found, SCHEMAS / "PatientSearch.json") == []
    for path in ("Patient/9111231130", "Patient/9000000000", f"Patient/{people.INVALID}", "Patient?family=Smith"):
        assert openapi.faults(pds.get(path).json(), SCHEMAS / "OperationOutcome.json") == []


@openapi.present
def test_refusals_read_as_the_published_ones(pds: Pds) -> None:
    folder = openapi.PUBLISHED / "karate-tests/src/test/java/mocks/stubs/errorResponses"
    asked = {"RESOURCE_NOT_FOUND": "9111231130", "INVALIDATED_RESOURCE": people.INVALID, "INVALID_RESOURCE_ID": "123"}
    for name, nhs_number in asked.items():
        published = json.loads((folder / f"{name}.json").read_text())
        assert pds.patient(nhs_number) == published, name


@openapi.present
def test_the_contract_check_itself_finds_faults() -> None:
    published = json.loads((openapi.PUBLISHED / "sandbox/mocks/Patient.json").read_text())
    assert openapi.faults(published, SCHEMAS / "Patient.json") == []
    assert openapi.faults(published | {"gender": "none", "shoeSize": 4}, SCHEMAS / "Patient.json") != []
    assert openapi.faults(published | {"name": [{"given": "Jane"}]}, SCHEMAS / "Patient.json") != []
