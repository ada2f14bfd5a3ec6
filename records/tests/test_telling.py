"""One resource told in lines: whole, and in words."""

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
