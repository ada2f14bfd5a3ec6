"""What is drawn out of each type of resource for screens and searches."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.fhir import numbers
from exchange.fhir.systems import System
from records import kinds, requesting
from records.dates import day, moment
from records.drawing import Json, words
from records.ingest.naming import Names

SNOMED = "http://snomed.info/sct"


def drawn(**resource: Any) -> kinds.Columns:
    read: Json = numbers.loads(numbers.dumps(resource))
    return kinds.draw(read, Names().within(read))


def concept(code: str, text: str) -> Json:
    return {"coding": [{"system": SNOMED, "code": code, "display": text}]}


def test_a_problem() -> None:
    columns = drawn(
        resourceType="Condition",
        clinicalStatus={"coding": [{"code": "active"}]},
        verificationStatus={"coding": [{"code": "confirmed"}]},
        code=concept("195967001", "Asthma"),
        onsetDateTime="2014",
    )
    assert (columns.kind, columns.code, columns.code_system) == ("problem", "195967001", SNOMED)
    assert (columns.display, columns.status, columns.date_written) == ("Asthma", "active", "2014")
    assert str(columns.date) == "2014-01-01 00:00:00+00:00"
    assert columns.detail == {"clinical": "active", "verification": "confirmed", "onset": "2014"}
    assert columns.tokens == [f"code={SNOMED}|195967001"]


@pytest.mark.parametrize("type_", ["Condition", "AllergyIntolerance"])
def test_entered_in_error_comes_before_any_other_status(type_: str) -> None:
    columns = drawn(resourceType=type_, verificationStatus={"coding": [{"code": "entered-in-error"}]})
    assert columns.status == "entered-in-error"


def test_an_allergy() -> None:
    columns = drawn(
        resourceType="AllergyIntolerance",
        clinicalStatus={"coding": [{"code": "active"}]},
        code={"text": "Penicillin"},
        reaction=[{"manifestation": [{"text": "Rash"}, {"text": "Wheeze"}], "severity": "moderate"}],
        onsetDateTime="1998",
    )
    assert (columns.kind, columns.display, columns.code, columns.status) == ("allergy", "Penicillin", "", "active")
    assert columns.detail == {"reaction": "Rash, Wheeze", "severity": "moderate", "clinical": "active", "onset": "1998"}


def test_a_medicine() -> None:
    columns = drawn(
        resourceType="MedicationRequest",
        status="active",
        intent="order",
        medicationCodeableConcept={"text": "Bisoprolol 2.5 mg tablets"},
        authoredOn="2026-11-01",
        dosageInstruction=[
            {
                "text": "One each morning",
                "doseAndRate": [{"doseQuantity": {"value": numbers.Number("2.50"), "unit": "mg"}}],
            }
        ],
    )
    assert (columns.kind, columns.display, columns.status) == ("medicine", "Bisoprolol 2.5 mg tablets", "active")
    assert columns.detail == {
        "dose": "2.50 mg",
        "directions": "One each morning",
        "intent": "order",
        "authored": "2026-11-01",
    }


def test_a_medicine_that_is_contained() -> None:
    columns = drawn(
        resourceType="MedicationStatement",
        status="active",
        contained=[{"resourceType": "Medication", "id": "m", "code": {"text": "Aspirin 75 mg"}}],
        medicationReference={"reference": "#m"},
    )
    assert columns.display == "Aspirin 75 mg"


def test_a_result_as_written() -> None:
    columns = drawn(
        resourceType="Observation",
        status="final",
        code={"text": "Ferritin"},
        valueQuantity={"value": numbers.Number("142.50"), "unit": "ug/L", "comparator": "<"},
        referenceRange=[{"low": {"value": 15}, "high": {"value": numbers.Number("300.0")}}],
        interpretation=[{"coding": [{"code": "N"}]}],
        effectiveDateTime="2026-07-01T09:30:00+01:00",
    )
    assert (columns.kind, columns.value, columns.unit) == ("result", "142.50", "ug/L")
    assert str(columns.date) == "2026-07-01 08:30:00+00:00"
    assert columns.detail == {"low": "15", "high": "300.0", "interpretation": "N", "comparator": "<"}


def test_a_blood_pressure_is_read_as_a_pair() -> None:
    parts = [
        {"code": {"text": name}, "valueQuantity": {"value": value, "unit": "mmHg"}}
        for name, value in (("Systolic", 138), ("Diastolic", 82))
    ]
    columns = drawn(
        resourceType="Observation",
        status="final",
        category=[{"coding": [{"code": "vital-signs", "display": "Vital Signs"}]}],
        code={"text": "Blood pressure"},
        component=parts,
    )
    assert (columns.kind, columns.value, columns.unit, columns.category) == ("vital", "138/82", "mmHg", ["Vital Signs"])
    assert [one["value"] for one in columns.detail["components"]] == ["138", "82"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"valueString": "Ex-smoker"}, "Ex-smoker"),
        ({"valueCodeableConcept": {"text": "Ex-smoker"}}, "Ex-smoker"),
        ({"valueBoolean": False}, "no"),
        ({"valueInteger": 0}, "0"),
        ({"valueRange": {"low": {"value": 1}, "high": {"value": 3}}}, "1 to 3"),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 128}}}, "1 / 128"),
        ({}, ""),
    ],
)
def test_values_of_every_kind(value: Json, said: str) -> None:
    assert drawn(resourceType="Observation", status="final", code={"text": "x"}, **value).value == said


@pytest.mark.parametrize(
    ("categories", "kind"),
    [
        (["social-history"], "social-history"),
        (["survey"], "survey"),
        (["survey", "vital-signs"], "vital"),
        (["survey", "laboratory"], "result"),
        (["exam"], "result"),
        ([], "result"),
    ],
)
def test_the_kind_of_an_observation_is_its_category(categories: list[str], kind: str) -> None:
    said = [{"coding": [{"code": one}]} for one in categories]
    assert drawn(resourceType="Observation", status="final", category=said, code={"text": "x"}).kind == kind


def test_a_medicine_handed_out_is_no_current_medicine() -> None:
    handed = drawn(
        resourceType="MedicationDispense",
        status="completed",
        medicationCodeableConcept={"text": "Amoxicillin 500 mg capsules"},
        quantity={"value": 21, "unit": "capsule"},
        daysSupply={"value": 7, "unit": "days"},
        whenHandedOver="2026-11-02",
        performer=[{"actor": {"display": "High Street Pharmacy"}}],
    )
    assert (handed.kind, handed.display, handed.date_written) == (
        "dispensed",
        "Amoxicillin 500 mg capsules",
        "2026-11-02",
    )
    assert handed.detail == {"quantity": "21 capsule", "supply": "7 days", "performer": "High Street Pharmacy"}
    given = drawn(
        resourceType="MedicationAdministration",
        status="not-done",
        medicationCodeableConcept={"text": "Adrenaline"},
        dosage={"text": "Once", "dose": {"value": 500, "unit": "microgram"}},
        statusReason=[{"text": "Declined"}],
    )
    assert (given.kind, given.status) == ("dispensed", "not-done")
    assert given.detail == {"dose": "500 microgram", "directions": "Once", "status_reason": "Declined"}


def test_a_request_and_a_task() -> None:
    asked = drawn(
        resourceType="ServiceRequest",
        status="active",
        intent="order",
        priority="urgent",
        category=[{"text": "Referral"}],
        reasonCode=[{"text": "Knee pain"}],
        performer=[{"display": "Physiotherapy"}],
        occurrencePeriod={"start": "2026-12-01"},
    )
    assert (asked.kind, asked.display, asked.code, asked.date_written) == ("request", "Referral", "", "2026-12-01")
    assert asked.detail == {
        "intent": "order",
        "priority": "urgent",
        "reason": "Knee pain",
        "performer": "Physiotherapy",
        "wanted": "2026-12-01",
    }
    task = drawn(resourceType="Task", status="requested", description="Ring about the scan", owner={"display": "Sam"})
    assert (task.kind, task.display, task.detail) == ("task", "Ring about the scan", {"owner": "Sam"})


def test_the_answers_to_a_form_are_drawn_in_its_order_through_groups_and_answers() -> None:
    columns = drawn(
        resourceType="QuestionnaireResponse",
        status="completed",
        questionnaire="#q",
        contained=[{"resourceType": "Questionnaire", "id": "q", "title": "Before your operation"}],
        item=[
            {
                "linkId": "1",
                "text": "Health",
                "item": [
                    {
                        "linkId": "1.1",
                        "text": "Do you smoke?",
                        "answer": [
                            {"valueBoolean": True, "item": [{"linkId": "a", "text": "How many?",
                                                             "answer": [{"valueInteger": 5}]}]}
                        ],
                    },
                    {"linkId": "1.2", "text": "Not answered"},
                ],
            },
            {
                "linkId": "2",
                "text": "Help at home",
                "answer": [{"valueCoding": {"code": "s", "display": "Stairs"}}, {"valueString": "Bath"}],
            },
            {"linkId": "3", "answer": [{"valueQuantity": {"value": numbers.Number("1.80"), "unit": "m"}}]},
        ],
    )  # fmt: skip
    assert (columns.kind, columns.display) == ("form", "Before your operation")
    assert [(one["question"], one["answer"]) for one in columns.detail["answers"]] == [
        ("Do you smoke?", "yes"),
        ("How many?", "5"),
        ("Help at home", "Stairs, Bath"),
        ("3", "1.80 m"),
    ]


def test_a_form_is_named_by_the_display_beside_its_address() -> None:
    named = {"extension": [{"url": System.EXT_DISPLAY, "valueString": "Falls"}]}
    found = drawn(resourceType="QuestionnaireResponse", status="completed", questionnaire="x", _questionnaire=named)
    assert found.display == "Falls"


def test_questions_within_questions_without_end_are_drawn() -> None:
    item: Json = {"text": "Last", "answer": [{"valueString": "yes"}]}
    for _ in range(3000):
        item = {"item": [item]}
    found = requesting.form({"item": [item]}, Names())
    assert found["answers"] == [{"question": "Last", "answer": "yes"}]


def test_a_message_and_a_consent() -> None:
    said = drawn(
        resourceType="Communication",
        status="completed",
        topic={"text": "Ambulance"},
        sender={"display": "999"},
        payload=[{"contentString": "Patient in distress."}, {"contentAttachment": {"title": "ECG"}}],
        sent="2026-11-02",
    )
    assert (said.kind, said.display) == ("message", "Ambulance")
    assert said.detail == {"text": "Patient in distress.\nECG", "sender": "999"}
    agreed = drawn(
        resourceType="Consent",
        status="active",
        scope={"text": "Privacy"},
        category=[{"text": "Sharing for care"}],
        provision={"type": "deny", "actor": [{"reference": {"display": "The Infirmary"}}]},
        dateTime="2026-11-02",
    )
    assert (agreed.kind, agreed.display) == ("consent", "Sharing for care")
    assert agreed.detail == {"decision": "deny", "about": "Sharing for care", "actors": "The Infirmary"}


def test_an_appointment_and_its_subject() -> None:
    resource: Json = {
        "resourceType": "Appointment",
        "status": "booked",
        "start": "2026-11-23T08:50:00Z",
        "description": "Review",
        "participant": [
            {"actor": {"reference": "Practitioner/1", "display": "Dr A Khan"}},
            {"actor": {"reference": "Patient/2"}},
        ],
    }
    columns = drawn(**resource)
    assert (columns.kind, columns.display, columns.detail["practitioner"]) == ("appointment", "Review", "Dr A Khan")
    assert kinds.subject(resource) == ("participant[1].actor", {"reference": "Patient/2"})


def test_an_encounter_carries_its_note() -> None:
    columns = drawn(
        resourceType="Encounter",
        status="finished",
        **{"class": {"code": "AMB", "display": "ambulatory"}},
        type=[{"text": "Consultation"}],
        period={"start": "2026-11-03T10:00:00Z"},
        text={"status": "generated", "div": "<div><p>Knee &amp; hip.</p><p>Advice.</p></div>"},
    )
    assert (columns.display, columns.detail["class"]) == ("Consultation", "ambulatory")
    assert columns.detail["note"] == "Knee & hip.\nAdvice."


def test_a_care_plan_and_a_care_team() -> None:
    plan = drawn(
        resourceType="CarePlan",
        status="on-hold",
        intent="plan",
        title="Two visits a day",
        activity=[{"detail": {"status": "on-hold", "description": "Breakfast", "scheduledString": "Morning"}}],
    )
    assert plan.display == "Two visits a day"
    assert plan.detail["activities"] == [{"text": "Breakfast", "when": "Morning", "status": "on-hold"}]
    team = drawn(
        resourceType="CareTeam",
        name="Heart failure nurses",
        telecom=[{"system": "phone", "value": "01632 960331"}],
        participant=[{"member": {"display": "S Mbeki"}, "role": [{"text": "Nurse"}]}],
    )
    assert team.detail == {"participants": [{"name": "S Mbeki", "role": "Nurse"}], "phone": "01632 960331"}


def test_an_unknown_type_is_kept_with_its_words() -> None:
    columns = drawn(resourceType="DetectedIssue", status="final", code={"text": "Interaction"})
    assert (columns.kind, columns.display, columns.status) == ("other", "Interaction", "final")


def test_identifiers_become_tokens_and_long_texts_are_cut() -> None:
    columns = drawn(
        resourceType="Condition",
        identifier=[{"system": "https://x.example", "value": "77"}, {"value": "y" * 300}],
        code={"text": "z" * 1000},
        meta={"security": [{"code": "R"}]},
    )
    assert columns.tokens == ["identifier=https://x.example|77"]
    assert len(columns.display) == 400
    assert columns.security == ["R"]


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2014", "2014-01-01 00:00:00+00:00"),
        ("2014-07", "2014-06-30 23:00:00+00:00"),
        ("2014-07-01", "2014-06-30 23:00:00+00:00"),
        ("2014-07-01T10:00:00Z", "2014-07-01 10:00:00+00:00"),
        ("2014-07-01T10:00:00.1234567+05:00", "2014-07-01 05:00:00.123456+00:00"),
    ],
)
def test_dates_begin_in_london(written: str, utc: str) -> None:
    assert str(moment(written)) == utc


def test_what_is_no_date_is_none() -> None:
    assert moment("0001-01-01T00:00:00+14:00") is None
    assert moment("yesterday") is None
    assert (day("2014"), day(None), day("2014-02-30"), str(day("2014-02-28"))) == (None, None, None, "2014-02-28")


@given(st.dates(), st.sampled_from([4, 7, 10]))
def test_every_date_has_its_moment(value: Any, length: int) -> None:
    found = moment(value.isoformat()[:length])
    assert found is None or abs(found.year - value.year) <= 1
    assert (found is None) == (value.year < 2 and found is None)


def test_a_chosen_coding_is_worded_first() -> None:
    codes = [{"code": "1", "display": "first"}, {"code": "2", "display": "chosen", "userSelected": True}]
    assert words({"coding": codes}) == "chosen"
    assert words({"coding": [{"code": "1"}]}) == "1"
    assert words(None) == ""
