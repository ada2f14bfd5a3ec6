"""What is valid FHIR R4 and what is not; an independent validator agrees."""

import copy
import json
from typing import Any

import pytest

from exchange.fhir import numbers, validate

OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"text": "HbA1c"},
    "subject": {"reference": "Patient/p1"},
    "effectiveDateTime": "2026-05-01",
    "component": [{"code": {"text": "part"}, "valueQuantity": {"value": 51, "unit": "mmol/mol"}}],
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The observation with one element set, by a path such as component.0.code."""
    made = copy.deepcopy(OBSERVATION)
    node: Any = made
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in steps:
        node = node[step]
    node[last] = value
    return made


def expressions(resource: Any) -> list[str]:
    return [issue.expression for issue in validate.check(resource)]


def test_a_valid_resource_has_no_issue() -> None:
    assert validate.check(OBSERVATION) == []
    assert validate.check(json.dumps(OBSERVATION)) == []
    assert validate.check(json.dumps(OBSERVATION).encode()) == []


@pytest.mark.parametrize(
    ("path", "value", "code", "expression"),
    [
        ("status", "banana", "code-invalid", "Observation.status"),
        ("status", None, "structure", "Observation.status"),
        ("category", [], "structure", "Observation.category"),
        ("category", [None], "structure", "Observation.category[0]"),
        ("code", {}, "structure", "Observation.code"),
        ("code", {"text": ""}, "invalid", "Observation.code.text"),
        ("effectiveDateTime", "2026-13-01", "value", "Observation.effectiveDateTime"),
        ("component.0.valueQuantity.value", "51", "value", "Observation.component[0].valueQuantity.value"),
        ("component.0.valueQuantity.value", True, "value", "Observation.component[0].valueQuantity.value"),
        (
            "component.0.valueQuantity.comparator",
            "<<",
            "code-invalid",
            "Observation.component[0].valueQuantity.comparator",
        ),
        ("component.0.valueQuantity.surprise", 1, "structure", "Observation.component[0].valueQuantity.surprise"),
        ("code", {"coding": [{"system": "x y", "code": "1"}]}, "value", "Observation.code.coding[0].system"),
        ("subject", {"reference": "Banana/1"}, "value", "Observation.subject.reference"),
        ("subject", {"reference": "Medication/1"}, "value", None),
        ("subject", {"reference": "Practice/1"}, "value", "Observation.subject.reference"),
        ("subject", {"reference": "Patient/"}, "value", "Observation.subject.reference"),
        ("subject", {"reference": "urn:uuid:not-one"}, "value", "Observation.subject.reference"),
        ("subject", {"reference": "Slot/1"}, "value", "Observation.subject.reference"),
        ("encounter", {"reference": "Patient/1"}, "value", "Observation.encounter.reference"),
        ("subject", {"reference": "Patient/1", "type": "Group"}, "value", "Observation.subject.type"),
        ("subject", "Patient/1", "structure", "Observation.subject"),
        ("contained", [{"resourceType": "Nonsense"}], "structure", "Observation.contained[0].resourceType"),
        ("contained", [{"resourceType": "Patient", "gender": "f"}], "code-invalid", "Observation.contained[0].gender"),
        ("contained", [5], "structure", "Observation.contained[0]"),
    ],
)
def test_what_the_models_let_through_is_found(path: str, value: Any, code: str, expression: str | None) -> None:
    issues = validate.check(changed(path, value))
    if expression is None:  # R4B, which the models know, allows more here than R4 does
        assert issues == []
    else:
        assert (code, expression) in {(issue.code, issue.expression) for issue in issues}


def test_a_missing_element_is_named() -> None:
    assert expressions({"resourceType": "Observation", "code": {"text": "x"}}) == ["Observation.status"]
    assert validate.check({"resourceType": "Observation", "status": "final"})[0].code == "required"


@pytest.mark.parametrize("reference", ["Patient/a", "Patient/a/_history/2", "#in", "https://x.example/fhir/Patient/1"])
def test_references_that_can_be_followed_pass(reference: str) -> None:
    assert validate.check(changed("subject", {"reference": reference})) == []


def test_conditional_references_and_urns_pass() -> None:
    for reference in (
        "Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9991234578",
        "urn:uuid:6f2a1c1e-7a43-5f0e-9b1d-2f0d6a4c7e90",
    ):
        assert validate.check(changed("subject", {"reference": reference})) == []


def test_null_keeps_the_place_of_a_name_with_only_an_extension() -> None:
    given = {"extension": [{"url": "https://example.org/own", "valueString": "initial"}]}
    patient = {"resourceType": "Patient", "name": [{"given": ["Ann", None], "_given": [None, given]}]}
    assert validate.check(patient) == []
    patient["name"] = [{"given": ["Ann", None]}]
    assert expressions(patient) == ["Patient.name[0].given[1]"]


def test_script_in_a_narrative_is_no_reason_to_lose_a_record() -> None:
    div = '<div xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></div>'
    assert validate.check(OBSERVATION | {"text": {"status": "generated", "div": div}}) == []


@pytest.mark.parametrize("broken", ["", "[]", "5", "{", '{"resourceType":"Nope"}', b"\xff\xfe", '{"a":NaN}', "{}"])
def test_what_is_no_resource_is_said_to_be_none(broken: str | bytes) -> None:
    assert len(validate.check(broken)) == 1


def test_deep_nesting_is_refused_and_not_fallen_over() -> None:
    deep = "[" * 100_000 + "]" * 100_000
    assert validate.check(deep)
    nested: dict[str, Any] = {"url": "https://example.org/x", "valueString": "x"}
    for _ in range(3000):
        nested = {"url": "https://example.org/x", "extension": [nested]}
    assert validate.check({"resourceType": "Patient", "extension": [nested]})


def test_no_issue_carries_a_value() -> None:
    secret = "9991234578 Smith"
    hostile = {"resourceType": "Patient", "gender": secret, secret: 1, "birthDate": secret, "name": [{"given": secret}]}
    issues = validate.check(hostile)
    assert len(issues) >= 4
    assert secret not in repr(issues)
    assert "Smith" not in repr(issues)


def test_at_most_fifty_issues_are_given() -> None:
    assert len(validate.check(OBSERVATION | {"category": [None] * 1000})) == 50


def test_numbers_as_written_are_numbers() -> None:
    text = '{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":142.50}}'
    read = numbers.loads(text)
    assert validate.check(read) == []
    assert validate.check(text) == []
