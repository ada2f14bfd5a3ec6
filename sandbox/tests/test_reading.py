"""What a partner lets others read: by token and scope, page by page, as it was written; and how it can misbehave."""

import json
from pathlib import Path

import httpx
import pytest

from sandbox.bars.names import NHS_NUMBER, Json
from sandbox.records import FIRST_FILE, Records
from sandbox.tests.conftest import Site
from sandbox.tests.practice import token_form

JANE, BOB = "9991234578", "9990000018"


def patient(record_id: str, number: str) -> Json:
    return {
        "resourceType": "Patient",
        "id": record_id,
        "identifier": [{"system": NHS_NUMBER, "value": number}],
        "name": [{"family": "Smith"}],
    }


def weight(record_id: str, whose: str, value: str = "70.50") -> str:
    about = {"resourceType": "Observation", "id": record_id, "subject": {"reference": f"Patient/{whose}"}}
    text = json.dumps(about | {"performer": [{"reference": "Organization/o1"}]})
    return f'{text[:-1]}, "valueQuantity": {{"value": {value}}}}}'


LINES = [
    json.dumps({"resourceType": "Organization", "id": "o1", "name": "Northern Infirmary"}),
    json.dumps(patient("p1", JANE)),
    json.dumps(patient("p2", BOB)),
    *(weight(f"w{number}", "p1") for number in range(5)),
    weight("b1", "p2"),
]


class Reader:
    """Reads from a partner with a token that may."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.token = self.token_for("system/*.rs")

    def token_for(self, scope: str) -> str:
        form = token_form(self.site.practice.assertion(f"{self.site.url}/oauth2/token"), scope=scope)
        granted: Json = self.site.client.post(f"{self.site.url}/oauth2/token", data=form).json()
        return str(granted.get("access_token", ""))

    def get(self, path: str, token: str | None = None, **headers: str) -> httpx.Response:
        url = path if path.startswith("http") else f"{self.site.url}/FHIR/R4{path}"
        bearer = {"Authorization": f"Bearer {self.token if token is None else token}"}
        return self.site.client.get(url, headers=bearer | {k.replace("_", "-"): v for k, v in headers.items()})

    def pages(self, path: str) -> list[Json]:
        found = [self.get(path).json()]
        while link := next((one["url"] for one in found[-1]["link"] if one["relation"] == "next"), None):
            found.append(self.get(link).json())
        return found


@pytest.fixture
def reader(the_hospital: Site) -> Reader:
    answer = the_hospital.client.post(f"{the_hospital.url}/sandbox/records", content="\n".join(LINES))
    assert answer.status_code == 303
    return Reader(the_hospital)


def ids(pages: list[Json]) -> list[str]:
    return [one["resource"]["id"] for page in pages for one in page.get("entry", [])]


def test_reading_needs_a_token_with_the_scope(reader: Reader) -> None:
    assert reader.get("/Patient/p1", token="nobody-gave-this").status_code == 401
    assert reader.get("/Patient/p1", token=reader.token_for("bars.write")).status_code == 401
    assert reader.token_for("patient/*.rs") == ""
    assert reader.get("/Patient/p1").status_code == 200


def test_a_reading_token_sends_no_messages(reader: Reader) -> None:
    site = reader.site
    message = json.dumps(site.referral()).encode()
    assert site.post(message, site.headers(Authorization=f"Bearer {reader.token}")).status_code == 401


def test_a_patient_is_found_by_number_and_only_by_the_whole_of_it(reader: Reader) -> None:
    assert ids([reader.get(f"/Patient?identifier={NHS_NUMBER}|{JANE}").json()]) == ["p1"]
    assert ids([reader.get(f"/Patient?identifier={JANE}").json()]) == ["p1"]
    for nobody in (f"{NHS_NUMBER}|999123457", "%25", f"{NHS_NUMBER}|9990000000"):
        assert reader.get(f"/Patient?identifier={nobody}").json()["total"] == 0


def test_everything_comes_page_by_page_and_once(reader: Reader) -> None:
    pages = reader.pages("/Patient/p1/$everything?_count=3")
    assert [len(page["entry"]) for page in pages] == [3, 3, 1]
    assert ids(pages) == ["p1", "w0", "w1", "w2", "w3", "w4", "o1"]
    assert {page["total"] for page in pages} == {7}


def test_numbers_come_as_they_were_written(reader: Reader) -> None:
    assert '"value": 70.50' in reader.get("/Observation/w0").text
    assert '"value": 70.50' in reader.get("/Patient/p1/$everything").text


def test_only_what_changed_since(reader: Reader) -> None:
    assert ids(reader.pages("/Patient/p1/$everything?_since=2099-01-01T00:00:00Z")) == []
    assert len(ids(reader.pages("/Patient/p1/$everything?_since=2020-01-01T00:00:00Z"))) == 7
    assert ids(reader.pages("/Observation?patient=p1&_lastUpdated=ge2099-01-01T00:00:00Z")) == []
    assert len(ids(reader.pages("/Observation?patient=Patient/p1&_count=2"))) == 5
    assert reader.get("/Observation?patient=p1&_lastUpdated=ge-yesterday").status_code == 400


@pytest.mark.parametrize("path", ["/Observation/w0", "/Observation?patient=p1", "/Patient/p1/$everything"])
def test_what_did_not_change_is_not_sent_again(reader: Reader, path: str) -> None:
    tag = reader.get(path).headers["ETag"]
    again = reader.get(path, If_None_Match=tag)
    assert (again.status_code, again.content) == (304, b"")
    reader.site.client.post(f"{reader.site.url}/sandbox/records", content=weight("w0", "p1", "71.0"))
    assert reader.get(path, If_None_Match=tag).status_code == 200


def test_the_statement_says_what_is_offered(reader: Reader) -> None:
    def offered() -> tuple[set[str], bool]:
        resources = reader.get("/metadata").json()["rest"][0]["resource"]
        whole = any("operation" in one for one in resources)
        return {one["type"] for one in resources}, whole

    assert offered() == ({"Patient", "Observation", "ServiceRequest"}, True)
    reader.site.behave("no-everything")
    assert offered() == ({"Patient", "Observation", "ServiceRequest"}, False)
    assert reader.get("/Patient/p1/$everything").status_code == 405


def test_it_can_be_busy_or_down(reader: Reader) -> None:
    reader.site.behave("busy")
    answer = reader.get("/Patient/p1")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "20")
    assert reader.site.send().status_code == 200, "messages are still taken"
    reader.site.behave("down")
    assert reader.get("/Patient/p1").status_code == 503


def test_it_can_break_off_mix_patients_up_and_warn(reader: Reader) -> None:
    first = "/Patient/p1/$everything?_count=3"
    reader.site.behave("breaks-off")
    following = next(one["url"] for one in reader.get(first).json()["link"] if one["relation"] == "next")
    assert reader.get(following).status_code == 500
    reader.site.behave("other-patient")
    assert "b1" in ids([reader.get(first).json()])
    reader.site.behave("warns")
    assert reader.get(first).json()["entry"][-1]["search"] == {"mode": "outcome"}


def test_a_result_can_be_added_on_the_page_and_only_for_somebody_known(reader: Reader) -> None:
    url = f"{reader.site.url}/sandbox/result"
    assert reader.site.client.post(url, data={"nhs_number": "999 123 4578", "value": "5.90"}).status_code == 303
    assert '"value":5.90' in reader.get("/Observation?patient=p1").text
    for wrong in ({"nhs_number": "9990000000", "value": "5.9"}, {"nhs_number": JANE, "value": "lots"}):
        assert reader.site.client.post(url, data=wrong).status_code == 400
    page = reader.site.client.get(reader.site.url).text
    assert "10 resources about 2 patients" in page
    assert JANE not in page


def test_it_reads_its_first_records_once(tmp_path: Path) -> None:
    (tmp_path / FIRST_FILE).write_text("\n".join(LINES), encoding="utf-8")
    first = Records(tmp_path)
    assert first.count() == (2, 9)
    first.load([weight("w9", "p1")])
    first.close()
    again = Records(tmp_path)
    assert again.count() == (2, 10)
    again.close()


def test_the_pharmacy_offers_nothing_to_read_but_what_was_sent(the_pharmacy: Site) -> None:
    reader = Reader(the_pharmacy)
    assert reader.get("/Patient/p1").status_code == 404
    assert [one["type"] for one in reader.get("/metadata").json()["rest"][0]["resource"]] == ["ServiceRequest"]
    assert the_pharmacy.client.post(f"{the_pharmacy.url}/sandbox/records", content=LINES[0]).status_code == 400
