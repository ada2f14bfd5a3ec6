"""A record as awkward as valid FHIR R4 allows: what a careful page must show, say is odd, and not lose."""

import base64
from collections.abc import Iterator
from typing import Any, Final

from records.tests.taking import NUMBER, Json

LONG_NAME: Final = "Wolfeschlegelsteinhausenbergerdorff" * 6
RIGHT_TO_LEFT: Final = "אברהם"
EMOJI: Final = "👩🏽‍⚕️"
LONG_TEXT: Final = 2 * 1024 * 1024
MANY: Final = 10_000
_SNOMED: Final = "http://snomed.info/sct"
_OBSERVED: Final = {"system": "http://loinc.org", "code": "718-7", "display": "Haemoglobin"}
_ABOUT: Final = {"subject": {"reference": "Patient/awkward"}}


def patient() -> Json:
    """No birth date, a name of more than 200 characters, text from right to left, a picture."""
    return {
        "resourceType": "Patient",
        "id": "awkward",
        "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": NUMBER}],
        "name": [{"use": "official", "family": LONG_NAME, "given": [RIGHT_TO_LEFT, EMOJI]}],
    }


def resources() -> Iterator[Json]:
    """Everything about the patient but the many results, each with an id of its own."""
    for number, made in enumerate(_made()):
        yield {"id": f"a{number}", **made}


def many_results() -> Iterator[Json]:
    """Ten thousand results of one test."""
    for number in range(MANY):
        yield {
            "resourceType": "Observation",
            "id": f"many{number}",
            "status": "final",
            "code": {"coding": [_OBSERVED]},
            "effectiveDateTime": f"{1990 + number % 36}-{1 + number % 12:02}-{1 + number % 28:02}",
            "valueQuantity": {"value": 90 + number % 60, "unit": "g/L", "code": "g/L"},
            **_ABOUT,
        }


def _made() -> Iterator[Json]:
    yield from _dates()
    yield from _observations()
    yield from _references()
    yield from _texts()
    yield from _rare()


def _dates() -> Iterator[Json]:
    for onset in ("2014", "2014-05", "2014-05-03", "2031-01-01", "2014-05-03T23:59:60Z"):
        yield _condition(f"Onset {onset}", onsetDateTime=onset)
    yield _condition("Onset in words", onsetString="when the war ended")
    yield _condition("Without any date")


def _observations() -> Iterator[Json]:
    absent = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "unknown"}]}
    weight = {"value": 70, "unit": "kg"}
    yield _observation("Weight and no weight", valueQuantity=weight, dataAbsentReason=absent)
    yield _observation("Nothing at all")
    parts: list[Json] = [
        {"code": {"coding": [{"system": "http://loinc.org"}]}, "valueQuantity": weight},
        {"code": {"text": "Named part"}, "valueString": "seen"},
        {"code": {"text": "Part without value"}, "dataAbsentReason": absent},
    ]
    yield _observation("Parts without codes", component=parts)
    yield _observation("Below the limit", valueQuantity={"value": 5, "comparator": "<", "unit": "mg/L"})
    yield _observation("Very exact", valueQuantity={"value": 142.50, "unit": "mg/L"})
    yield _observation(f"Words {RIGHT_TO_LEFT}", valueString=f"{RIGHT_TO_LEFT} {EMOJI} " * 50)
    yield _observation("A ratio", valueRatio={"numerator": {"value": 1}, "denominator": {"value": 128}})
    yield _observation(
        "Sampled", valueSampledData={"origin": {"value": 0}, "period": 1, "dimensions": 1, "data": "1 2"}
    )


def _references() -> Iterator[Json]:
    yield _observation("Broken references", valueString="x", encounter={"reference": "Encounter/nowhere"}) | {
        "performer": [{"reference": "Practitioner/nobody"}, {"reference": "#nothing"}],
        "hasMember": [{"reference": "Observation/nowhere"}],
    }
    loop: Json = {"resourceType": "Medication", "id": "m", "ingredient": [{"itemReference": {"reference": "#m"}}]}
    yield {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "contained": [loop],
        "medicationReference": {"reference": "#m"},
        **_ABOUT,
    }
    yield {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "code": {"text": "Report of itself"},
        "result": [{"reference": "Observation/a7"}, {"reference": "Observation/nowhere"}],
        **_ABOUT,
    }


def _texts() -> Iterator[Json]:
    long_text = "A long story. " * (LONG_TEXT // 14)
    div = f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{long_text}</p></div>'
    yield _condition("Two megabytes of narrative") | {"text": {"status": "additional", "div": div}}
    letter = base64.b64encode(f"<h1>Long letter</h1><p>{long_text}</p>".encode()).decode()
    yield _letter("Two megabytes of letter", contentType="text/html", data=letter)
    yield _letter("Not base64", contentType="text/plain", data="AAAA")
    yield _letter("Says PDF but is not", contentType="application/pdf", data=base64.b64encode(b"<script>").decode())
    yield _letter("Held elsewhere", contentType="text/html", url="https://elsewhere.example/letter.html")
    yield {
        "resourceType": "AllergyIntolerance",
        "patient": {"reference": "Patient/awkward"},
        "code": {"text": f"{RIGHT_TO_LEFT} {EMOJI}"},
    }
    yield _condition("<script>alert(1)</script> & \"quotes\" 'too'")


def _rare() -> Iterator[Json]:
    yield {"resourceType": "Basic", "code": {"text": "Something unheard of"}, **_ABOUT}
    yield {"resourceType": "RiskAssessment", "status": "final", "code": {"text": "A rare type"}, **_ABOUT}
    item: Json = {"linkId": "end", "text": "The last question", "answer": [{"valueString": "the last answer"}]}
    for level in range(20):
        item = {"linkId": f"level{level}", "text": f"Level {level}", "item": [item]}
    yield {"resourceType": "QuestionnaireResponse", "status": "completed", "item": [item], **_ABOUT}
    yield _condition("Taken back", verificationStatus=_coded("condition-ver-status", "entered-in-error"))


def _coded(system: str, code: str) -> Json:
    return {"coding": [{"system": f"http://terminology.hl7.org/CodeSystem/{system}", "code": code}]}


def _condition(name: str, **more: Any) -> Json:
    return {"resourceType": "Condition", "code": {"text": name}, **_ABOUT, **more}


def _observation(name: str, **more: Any) -> Json:
    made = {"resourceType": "Observation", "status": "final", "code": {"text": name}, **_ABOUT}
    return {**made, "effectiveDateTime": "2026-03-01", **more}


def _letter(name: str, **attachment: Any) -> Json:
    made = {"resourceType": "DocumentReference", "status": "current", "description": name, **_ABOUT}
    return {**made, "date": "2026-03-01T09:00:00Z", "content": [{"attachment": attachment}]}
