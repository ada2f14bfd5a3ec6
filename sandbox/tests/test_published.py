"""The published GP-to-pharmacy messages are taken as they are; each with one MUST removed is refused, naming it."""

import json
import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest

from sandbox import pharmacy
from sandbox.bars.check import check_referral
from sandbox.bars.contents import resources
from sandbox.bars.names import DOS_SERVICE, Json
from sandbox.bars.outcomes import Refused
from sandbox.bars.rules import LEFT_OUT, RULES
from sandbox.partner import Offered
from sandbox.tests import golden, published
from sandbox.tests.conftest import Site

DESTINATION = "111111111"
#: What no test can take away, since it is not asked for; rules.LEFT_OUT says why of each.
LEFT_OUT_ROWS = (
    *("CarePlan.period", "CarePlan.period.start"),
    *("AllergyIntolerance.category.code", "AllergyIntolerance.category.code.coding"),
)
REMOVALS = list(published.removals())


@pytest.fixture
def site(start: Callable[..., Site]) -> Site:
    service = {DESTINATION: Offered(DESTINATION, "The service of the published examples")}
    return start(replace(pharmacy.PARTNER, services=service))


def patient_words(message: Json) -> set[str]:
    """What must never come back in a refusal."""
    patient = resources(message, "Patient")[0]
    address = patient["address"][0]
    words = {patient["identifier"][0]["value"], patient["birthDate"], address["postalCode"], address["text"]}
    words |= {patient["name"][0]["family"], *(t["value"] for c in patient["contact"] for t in c["telecom"])}
    return words | {resources(message, "Condition")[0]["code"]["text"]}


@published.present
@pytest.mark.parametrize("name", published.EXAMPLES)
def test_a_published_message_is_taken(site: Site, name: str) -> None:
    message = published.example(name)
    answer = site.post(golden.as_bytes(message), golden.sent_with(site.token, DESTINATION))
    assert (answer.status_code, answer.json()["resourceType"]) == (200, "Bundle")
    assert [one["bundle_id"] for one in site.arrivals()["referrals"]] == [message["id"]]


@published.present
def test_every_published_must_is_enforced_or_left_out_with_a_reason() -> None:
    enforced = {rule.path for rule in RULES}
    assert [path for path in published.must_rows() if path not in enforced and path not in LEFT_OUT] == []
    assert len(published.must_rows()) > 180


@published.present
def test_every_published_must_is_taken_away_somewhere_or_said_to_be_left_out() -> None:
    """Each row is proved by a message that is taken with it and refused without it: published, or our own rich one."""
    proved = {path for _, path, _ in REMOVALS} | set(GOLDEN_REMOVALS)
    assert [path for path in published.must_rows() if path not in proved] == list(LEFT_OUT_ROWS)


@published.present
@pytest.mark.parametrize("name", published.EXAMPLES)
def test_a_published_message_without_one_must_is_refused(site: Site, name: str) -> None:
    """Over HTTP, row by row on one running pharmacy; a failure names every row that went wrong."""
    message = published.example(name)
    secret = patient_words(message)
    wrong = []
    cases = [(path, place) for example, path, place in REMOVALS if example == name]
    for path, place in cases:
        cut = published.without(message, path, place)
        answer = site.post(golden.as_bytes(cut), golden.sent_with(site.token, DESTINATION))
        issues = answer.json().get("issue", [])
        codes = {issue["details"]["coding"][0]["code"] for issue in issues}
        told = [expression for issue in issues for expression in issue.get("expression", [])]
        good = answer.status_code in (400, 422) and all(code.startswith("REC_") for code in codes) and path in told
        if not good or any(word in answer.text for word in secret):
            wrong.append((path, place, answer.status_code, told))
    assert wrong == []
    assert len(cases) > 150
    assert site.arrivals()["referrals"] == []


GOLDEN_REMOVALS = sorted(
    {
        rule.path
        for rule in RULES
        for case in [golden.rich("9000000301", golden.PHARMACY_CASE, "1.1.0")]
        if published.holders(case, rule.path)
    }
)


def test_our_own_message_with_everything_is_taken_and_valid(the_pharmacy: Site) -> None:
    rich = golden.rich(the_pharmacy.service, golden.PHARMACY_CASE, the_pharmacy.partner.version)
    pytest.importorskip("fhir.resources.R4B.bundle").Bundle.model_validate(rich)
    assert the_pharmacy.send(rich).status_code == 200


@pytest.mark.requirement("BARS-SEND-9")
def test_our_own_message_without_one_must_is_refused(the_pharmacy: Site) -> None:
    """The same with our own small message, so that the rules are proved without the published examples."""
    assert len(GOLDEN_REMOVALS) > 190
    wrong = []
    for path in GOLDEN_REMOVALS:
        rich = golden.rich(the_pharmacy.service, golden.PHARMACY_CASE, the_pharmacy.partner.version)
        cut = published.without(rich, path, 0)
        answer = the_pharmacy.send(cut)
        told = [e for issue in answer.json().get("issue", []) for e in issue.get("expression", [])]
        if answer.status_code not in (400, 422) or path not in told or "Quillfeather" in answer.text:
            wrong.append((path, answer.status_code, told))
    assert wrong == []
    assert the_pharmacy.arrivals()["referrals"] == []


@pytest.mark.parametrize(
    ("change", "status", "code", "expression"),
    [
        (lambda m: m["meta"].update(versionId="9.9"), 422, "not-supported", "Bundle.meta.versionId"),
        (lambda m: m["meta"].pop("versionId"), 400, "invariant", "Bundle.meta.versionId"),
        (lambda m: header(m)["eventCoding"].update(code="booking-request"), 400, "invariant", "eventCoding.code"),
        (lambda m: destination(m).update(endpoint=f"{DOS_SERVICE}|1"), 422, "not-supported", "destination.endpoint"),
        (lambda m: use_case(m).update(code="a1t1"), 422, "not-supported", "ServiceRequest.category.coding"),
        (lambda m: request(m)["category"][0]["coding"].pop(), 400, "required", "ServiceRequest.category.coding"),
        (lambda m: request(m).update(status="revoked"), 400, "invariant", "ServiceRequest.status"),
        (lambda m: reason(m).update(code="update"), 400, "invariant", "ServiceRequest.status"),
        (lambda m: request(m)["subject"].update(reference=f"urn:uuid:{uuid.uuid4()}"), 400, "invariant", "subject"),
        (lambda m: request(m)["subject"].update(reference="Patient/1"), 400, "invariant", "subject.reference"),
        (lambda m: request(m).update(subject=["x"]), 400, "structure", "ServiceRequest.subject"),
        (lambda m: m["entry"].append(m["entry"][1]), 400, "invariant", "ServiceRequest"),
        (lambda m: m["entry"].reverse(), 400, "structure", "MessageHeader"),
        (lambda m: patient(m)["contact"].append(patient(m)["contact"][0]), 400, "invariant", "Patient.contact"),
        (lambda m: phone(m).update(system="email"), 400, "required", "Patient.contact.telecom.system"),
        (lambda m: m.update(entry="nonsense"), 400, "required", "Bundle.entry"),
        (lambda m: m.update(type="collection"), 400, "value", "Bundle.type"),
    ],
)
def test_a_message_that_does_not_fit_is_refused(
    the_pharmacy: Site, change: Callable[[Json], object], status: int, code: str, expression: str
) -> None:
    message = the_pharmacy.referral()
    change(message)
    answer = the_pharmacy.send(message)
    issues = answer.json()["issue"]
    assert answer.status_code == status
    assert any(i["code"] == code and expression in i["expression"][0] for i in issues), json.dumps(issues)
    assert the_pharmacy.arrivals()["referrals"] == []


def header(message: Json) -> Json:
    return resources(message, "MessageHeader")[0]


def destination(message: Json) -> Json:
    found: Json = header(message)["destination"][0]
    return found


def request(message: Json) -> Json:
    return resources(message, "ServiceRequest")[0]


def use_case(message: Json) -> Json:
    found: Json = request(message)["category"][0]["coding"][1]
    return found


def reason(message: Json) -> Json:
    found: Json = header(message)["reason"]["coding"][0]
    return found


def patient(message: Json) -> Json:
    return resources(message, "Patient")[0]


def phone(message: Json) -> Json:
    found: Json = patient(message)["contact"][0]["telecom"][0]
    return found


@published.present
@pytest.mark.parametrize(("name", "path", "place"), REMOVALS, ids=lambda value: str(value))
def test_each_published_must_is_missed(name: str, path: str, place: int) -> None:
    cut = published.cut_out(published.example(name), path, place)
    accepts = replace(pharmacy.PARTNER.accepts(), services={DESTINATION})
    with pytest.raises(Refused) as refusal:
        check_referral(cut, accepts, DESTINATION)
    assert path in [issue.expression for issue in refusal.value.issues]
