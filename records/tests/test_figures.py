"""What is drawn out of an Observation, and what the screen says of it: signs, limits, ranges, absence, parts."""

from typing import Any
from uuid import uuid4

import pytest

from exchange.fhir import numbers
from records import kinds
from records.drawing import Json
from records.ingest.naming import Names
from records.screen import figures
from records.screen.claims import Claim, Source
from records.screen.trends import value_said

UCUM = "http://unitsofmeasure.org"


def drawn(**observation: Any) -> kinds.Columns:
    resource = {"resourceType": "Observation", "status": "final", "code": {"text": "Test"}} | observation
    read: Json = numbers.loads(numbers.dumps(resource))
    return kinds.draw(read, Names().within(read))


def claim(value: str = "", unit: str = "", status: str = "final", **detail: Any) -> Claim:
    source = Source(1, "GP", "Riverside")
    return Claim(
        uuid4(), "Observation", "result", source, display="Test", value=value, unit=unit, status=status, detail=detail
    )


def read(**observation: Any) -> Claim:
    columns = drawn(**observation)
    return claim(columns.value, columns.unit, columns.status, **columns.detail)


def quantity(value: str, unit: str = "", **more: Any) -> Json:
    return {"value": numbers.Number(value)} | ({"unit": unit} if unit else {}) | more


# The sign -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("value", "detail", "sign"),
    [
        # what the source marked comes first
        ("5", {"interpretation": "H"}, "hi"),
        ("5", {"interpretation": "HH"}, "hi"),
        ("5", {"interpretation": ">"}, "hi"),
        ("5", {"interpretation": "L"}, "lo"),
        ("5", {"interpretation": "LL"}, "lo"),
        ("5", {"interpretation": "A"}, "odd"),
        ("99", {"interpretation": "N", "high": "42"}, ""),
        ("99", {"interpretation": "POS", "high": "42"}, ""),
        # else its own range
        ("43", {"high": "42"}, "hi"),
        ("42", {"high": "42"}, ""),
        ("42.0", {"high": "42"}, ""),
        ("3.4", {"low": "3.5", "high": "5.3"}, "lo"),
        ("3.5", {"low": "3.5", "high": "5.3"}, ""),
        ("7", {}, ""),
        ("seven", {"low": "1", "high": "2"}, ""),
        ("-2", {"low": "-1"}, "lo"),
        # a limit only where it is certain
        ("5", {"comparator": "<", "low": "10"}, "lo"),
        ("10", {"comparator": "<", "low": "10"}, "lo"),
        ("10", {"comparator": "<=", "low": "10"}, ""),
        ("5", {"comparator": "<", "low": "3"}, ""),
        ("200", {"comparator": "<", "high": "100"}, ""),
        ("200", {"comparator": ">", "high": "100"}, "hi"),
        ("100", {"comparator": ">", "high": "100"}, "hi"),
        ("90", {"comparator": ">", "low": "60"}, ""),
        ("30", {"comparator": ">", "low": "60"}, ""),
        ("<5", {"low": "10"}, "lo"),
        (">200", {"high": "100"}, "hi"),
        # of parts: theirs; two that differ are abnormal
        ("150/80", {"components": [{"value": "150", "high": "140"}, {"value": "80", "high": "90"}]}, "hi"),
        ("150/40", {"components": [{"value": "150", "high": "140"}, {"value": "40", "low": "50"}]}, "odd"),
        ("120/70", {"components": [{"value": "120"}, {"value": "70", "interpretation": "N"}]}, ""),
    ],
)
def test_the_sign(value: str, detail: Json, sign: str) -> None:
    assert figures.sign(claim(value, **detail)) == sign


@pytest.mark.parametrize(
    ("interpretation", "word"),
    [("H", "high"), ("HH", "critically high"), ("LL", "critically low"), ("A", "abnormal"), ("R", "resistant"),
     ("POS", "positive"), ("ND", "not detected"), ("N", "")],
)  # fmt: skip
def test_a_sign_has_a_word(interpretation: str, word: str) -> None:
    assert figures.sign_in_words(claim("1", interpretation=interpretation)) == word


@pytest.mark.parametrize(
    ("given", "code", "marked"),
    [
        ([{"coding": [{"code": "H"}]}], "H", ""),
        ([{"coding": [{"code": "local"}, {"code": "LL"}]}], "LL", ""),
        ([{"text": "HI - Above high reference limit"}], "H", "Above high reference limit"),
        ([{"text": "PA - Potentially abnormal"}], "A", "Potentially abnormal"),
        ([{"text": "Seen by the duty doctor"}], "", "Seen by the duty doctor"),
    ],
)
def test_what_the_source_marked(given: Json, code: str, marked: str) -> None:
    detail = drawn(valueQuantity=quantity("1"), interpretation=given).detail
    assert (detail.get("interpretation", ""), detail.get("marked", "")) == (code, marked)


# Reference ranges -----------------------------------------------------------------------------------------------------
NORMAL = {"type": {"coding": [{"code": "normal"}]}}


@pytest.mark.parametrize(
    ("ranges", "low", "high", "said"),
    [
        ([{"low": quantity("3.50"), "high": quantity("5.3")}], "3.50", "5.3", ""),
        ([{"high": quantity("42")}], "", "42", ""),
        ([{"text": "negative"}], "", "", "negative"),
        (
            [{"low": quantity("0", "ng/L"), "high": quantity("160", "ng/L"), "type": {"text": "Low"}},
             {"low": quantity("200", "ng/L"), "type": {"text": "Normal"}}],
            "200", "", "Low: 0 to 160 ng/L",
        ),
        ([{"low": quantity("1")}, {"high": quantity("9")}], "", "", "from 1; up to 9"),
        ([{"low": quantity("60"), "age": {"low": quantity("18", "a")}}], "", "", "from 60 (aged 18 and over)"),
        ([{"low": quantity("12"), "appliesTo": [{"text": "women"}]}], "", "", "from 12 (women)"),
        ([{"low": quantity("1", "g/dL"), "high": quantity("2", "g/dL")} | NORMAL], "10", "20", ""),
        ([{"low": quantity("1", "mmol/L")}], "", "", "from 1 mmol/L"),
    ],
)  # fmt: skip
def test_which_range_counts(ranges: list[Json], low: str, high: str, said: str) -> None:
    unit = "ng/L" if len(ranges) == 2 and "type" in ranges[0] else "g/L"
    detail = drawn(valueQuantity=quantity("15", unit), referenceRange=ranges).detail
    assert (detail.get("low", ""), detail.get("high", ""), detail.get("range", "")) == (low, high, said)


# Values that are no plain figure --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("observation", "said"),
    [
        ({"valueQuantity": quantity("5", "mg/L", comparator="<")}, "<5"),
        ({"valueRange": {"low": quantity("1", "g"), "high": quantity("3", "g")}}, "1 to 3"),
        ({"valueRange": {"high": quantity("3", "g")}}, "up to 3"),
        ({"valueRatio": {"numerator": quantity("1", comparator=">"), "denominator": quantity("64")}}, "> 1 / 64"),
        ({"valueCodeableConcept": {"text": "Not detected"}}, "Not detected"),
        ({"valueSampledData": {"origin": {"value": 0}, "period": 1, "dimensions": 1, "data": "1 2 3 E"}},
         "A recording of 4 values is kept, and not drawn"),
        ({"valuePeriod": {"start": "2026-01-01"}}, "2026-01-01 to ?"),
        ({"dataAbsentReason": {"text": "Asked but declined"}}, "No value: asked but declined"),
        ({}, "No value was sent"),
        ({"hasMember": [{"reference": "Observation/1"}, {"reference": "Observation/2"}]}, "2 results"),
    ],
)  # fmt: skip
def test_every_value_is_said(observation: Json, said: str) -> None:
    assert value_said(read(**observation)) == said


def test_a_value_and_a_reason_for_none_are_both_said() -> None:
    odd = read(valueQuantity=quantity("5"), dataAbsentReason={"text": "Unknown"})
    assert value_said(odd) == "5"
    assert figures.absent_said(odd) == "Odd: a value, and a reason why there is none (unknown)"


def test_a_long_text_is_kept_whole() -> None:
    text = "No growth. " * 300
    columns = drawn(valueString=text)
    assert len(columns.value) == 400
    assert columns.detail["text"] == text


def test_parts_are_listed_each_with_what_it_says() -> None:
    panel = read(
        component=[
            {"code": {"text": "Systolic"}, "valueQuantity": quantity("138", "mmHg"),
             "interpretation": [{"text": "x", "coding": [{"code": "H"}]}]},
            {"code": {}, "valueQuantity": quantity("5", "mmHg", comparator="<")},
            {"code": {"text": "Refused"}, "dataAbsentReason": {"text": "refused"}},
            {"code": {"text": "Empty"}},
        ]
    )  # fmt: skip
    assert [(p.name, p.value, p.unit, p.word) for p in figures.parts(panel)] == [
        ("Systolic", "138", "mmHg", "high"),
        ("Unnamed part", "<5", "mmHg", ""),
        ("Refused", "refused", "", ""),
        ("Empty", "no value was sent", "", ""),
    ]
    assert panel.value == ""
    assert value_said(panel) == "4 parts"


def test_only_two_plain_figures_are_a_pair() -> None:
    def of(*values: Json) -> str:
        return drawn(component=[{"code": {"text": "x"}, **value} for value in values]).value

    assert of({"valueQuantity": quantity("138", "mmHg")}, {"valueQuantity": quantity("82", "mmHg")}) == "138/82"
    assert (
        of({"valueQuantity": quantity("138", "mmHg", comparator=">")}, {"valueQuantity": quantity("82", "mmHg")}) == ""
    )
    assert of({"valueString": "left"}, {"valueString": "right"}) == ""


def test_a_unit_that_contradicts_its_code_is_said() -> None:
    odd = read(valueQuantity=quantity("5", "mg/L", system=UCUM, code="g/L"))
    assert figures.unit_remark(odd) == "The unit is written mg/L and coded g/L"
    assert figures.unit_read(odd.unit, odd.detail["ucum"]) == "mg/L"
    plain = read(valueQuantity=quantity("5", "millimoles per litre", system=UCUM, code="mmol/L"))
    assert figures.unit_remark(plain) == ""
    assert figures.unit_read(plain.unit, plain.detail["ucum"]) == "mmol/L"


def test_a_report_names_its_results_in_order() -> None:
    resource: Json = {
        "resourceType": "DiagnosticReport",
        "status": "partial",
        "code": {"text": "Full blood count"},
        "result": [{"reference": "Observation/2"}, {"reference": "Observation/1"}, {"display": "lost"}],
        "conclusionCode": [{"text": "Anaemia"}],
        "presentedForm": [{"contentType": "application/pdf"}],
    }
    columns = kinds.draw(resource, Names().within(resource))
    assert columns.detail["results"] == ["Observation/2", "Observation/1"]
    assert (columns.detail["conclusion"], columns.detail["files"]) == ("Anaemia", ["application/pdf"])
