"""One resource told in lines: whole, and in words."""

from typing import Any

import pytest

from records.entries.telling import told


def test_directions_are_one_sentence_with_the_dose() -> None:
    dosage = {
        "text": "Take one each morning",
        "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
        "doseAndRate": [{"doseQuantity": {"value": 5, "unit": "mg"}}],
    }
    request = {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "dosageInstruction": [dosage],
    }
    assert [(line.label, line.text) for line in told(request, lambda reference: ("", ""))] == [
        ("Status", "active"),
        ("Directions", "Take one each morning (5 mg each time)"),
    ]


@pytest.mark.parametrize(
    ("resource", "lines"),
    [
        ({"resourceType": "Condition", "code": {"text": "Gout"}}, [("Problem", "Gout")]),
        ({"resourceType": "Condition", "code": {"coding": [{"display": "Sprain of ankle (disorder)"}]}},
         [("Problem", "Sprain of ankle")]),
        ({"resourceType": "Encounter", "class": {"system": "urn:x", "code": "AMB"}},
         [("Class", "Seen in clinic or surgery")]),
        ({"resourceType": "Encounter", "encounter": {"display": "Ward"}}, [("During", "Ward")]),
        ({"resourceType": "MedicationRequest", "authoredOn": "2026-11-01", "requester": {"display": "Dr A Khan"}},
         [("Prescribed", "1 Nov 2026"), ("Prescribed by", "Dr A Khan")]),
        ({"resourceType": "ServiceRequest", "requester": {"display": "Dr A Khan"}}, [("Asked for by", "Dr A Khan")]),
        ({"resourceType": "Immunization", "lotNumber": "R04X"}, [("Batch number", "R04X")]),
        ({"resourceType": "Observation", "valueQuantity": {"value": 7, "unit": "10*9/L"}}, [("Value", "7 ×10⁹/L")]),
        ({"resourceType": "Observation", "valueQuantity": {"value": 18.836804407399075, "unit": "kg/m2"}},
         [("Value", "18.84 kg/m² (sent as 18.836804407399075)")]),
        ({"resourceType": "FamilyMemberHistory", "condition": [{"onsetAge": {"value": 64, "unit": "year"}}]},
         [("Condition", "64 years")]),
        ({"resourceType": "Appointment", "participant": [
            {"actor": {"display": "Dr A Khan"}, "required": "required", "status": "accepted"},
            {"actor": {"display": "J Smith"}, "status": "needs-action"}]},
         [("With", "Dr A Khan\nJ Smith (needs action)")]),
        ({"resourceType": "CarePlan", "activity": [{"detail": {"code": {"text": "Rest"}, "status": "completed"}}]},
         [("Activity", ""), ("What", "Rest"), ("Status", "completed")]),
        ({"resourceType": "CarePlan", "activity": [{"detail": {"scheduledTiming": {"repeat": {
            "frequency": 1, "period": 1, "periodUnit": "d", "dayOfWeek": ["mon", "fri"]}}}}]},
         [("Activity", "once a day, on Monday, Friday")]),
        ({"resourceType": "CarePlan", "activity": [{"detail": {"scheduledTiming": {"repeat": {
            "count": 3, "period": 1, "periodUnit": "d"}}}}]},
         [("Activity", ""), ("Count", "3"), ("When", "1"), ("Period unit", "d")]),
        ({"resourceType": "Appointment", "extension": [
            {"url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-BookingOrganization",
             "valueReference": {"display": "Riverside"}}]},
         [("Booking organisation", "Riverside")]),
        ({"resourceType": "Patient", "extension": [
            {"url": "http://synthetichealth.github.io/disability-adjusted-life-years", "valueDecimal": 16}]},
         [("Disability adjusted life years", "16")]),
        ({"resourceType": "Claim", "total": {"value": 140.5, "currency": "USD"}}, [("Total", "140.5 USD")]),
    ],
)  # fmt: skip
def test_fields_and_values_are_a_clinicians_words(resource: dict[str, Any], lines: list[tuple[str, str]]) -> None:
    said = [(line.label, line.text) for line in told(resource, lambda r: (str(r.get("display", "")), ""))]
    assert said == lines


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("2026-07-01T23:30:00Z", "2 Jul 2026, 00:30"),
        ("2026-07-01T09:15:00+01:00", "1 Jul 2026, 09:15"),
        ("2026-01-05T09:15:00Z", "5 Jan 2026, 09:15"),
        ("2026-07-01T00:00:00Z", "1 Jul 2026"),
        ("2026-07-01T00:00:00+01:00", "1 Jul 2026"),
        ("2026-07-01", "1 Jul 2026"),
        ("2026-07", "Jul 2026"),
    ],
)
def test_times_are_londons_like_their_days(written: str, text: str) -> None:
    resource = {"resourceType": "MedicationRequest", "authoredOn": written}
    assert [line.text for line in told(resource, lambda reference: ("", ""))] == [text]
