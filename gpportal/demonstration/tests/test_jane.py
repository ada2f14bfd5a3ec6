"""Jane Smith is what the design pictures show."""

from typing import Any

from gpportal.demonstration.tests.conftest import Practice

GP, NI, SC = "rs-0001", "ni-204107", "cv-10303"


def _texts(rows: list[dict[str, Any]], element: str = "code") -> set[str]:
    return {row[element]["text"] for row in rows}


def test_banner(practice: Practice) -> None:
    patient = practice.chart(GP, "Patient")[0]
    assert patient["name"][0] == {"use": "official", "family": "Smith", "given": ["Jane"], "prefix": ["Mrs"]}
    assert (patient["birthDate"], patient["gender"]) == ("1970-05-01", "female")
    assert patient["identifier"][0]["value"] == "9991234578"
    assert patient["telecom"][0]["value"] == "01632 960148"
    assert patient["generalPractitioner"][0]["display"] == "Dr A Khan"
    allergy = practice.chart(GP, "AllergyIntolerance")[0]
    assert allergy["reaction"][0]["manifestation"][0]["text"] == "Anaphylactic reaction"
    assert allergy["onsetDateTime"] == "1998"
    assert _texts(practice.chart(GP, "Flag")) == {"Large print", "ReSPECT form"}


def test_problems_six_active_from_three_sources_and_eleven_past(practice: Practice) -> None:
    ours = practice.chart(GP, "Condition")
    active = [row for row in ours if row["clinicalStatus"]["coding"][0]["code"] == "active"]
    assert len(active) == 4
    assert len(ours) - len(active) == 11
    assert _texts(practice.chart(NI, "Condition")) == {
        "Heart failure with reduced ejection fraction",
        "Type 2 diabetes mellitus",
        "Chronic kidney disease stage 3B",
    }
    assert "Chronic kidney disease stage 3A" in _texts(active)
    assert _texts(practice.chart(SC, "Condition")) == {"Falls"}


def test_medicines_seven_current_with_their_disagreements_and_fourteen_past(practice: Practice) -> None:
    ours = practice.chart(GP, "MedicationRequest")
    active = {row["medicationCodeableConcept"]["text"] for row in ours if row["status"] == "active"}
    theirs = {row["medicationCodeableConcept"]["text"]: row for row in practice.chart(NI, "MedicationRequest")}
    assert len(ours) - len(active) == 14
    assert {name.split()[0] for name in active | set(theirs)} == {
        "Bisoprolol",
        "Metformin",
        "Ramipril",
        "Atorvastatin",
        "Furosemide",
        "Naproxen",
        "Paracetamol",
    }
    assert "Bisoprolol 2.5mg tablets" in active
    assert theirs["Bisoprolol 5mg tablets"]["authoredOn"] == "2026-11-18"
    assert "Naproxen 250mg tablets" in active
    assert theirs["Naproxen 250mg tablets"]["status"] == "stopped"
    assert theirs["Naproxen 250mg tablets"]["statusReason"]["text"] == "Heart failure"


def test_results_two_hundred_and_twelve_with_the_latest_as_pictured(practice: Practice) -> None:
    rows = [row for patient in (GP, NI) for row in practice.chart(patient, "Observation")]
    results = [row for row in rows if row["category"][0]["coding"][0]["code"] in ("laboratory", "vital-signs")]
    assert len(results) == 212
    latest = {}
    for row in sorted(results, key=lambda row: str(row["effectiveDateTime"])):
        latest[row["code"]["text"]] = (row["effectiveDateTime"][:10], str(row.get("valueQuantity", {}).get("value")))
    assert latest["HbA1c"] == ("2026-11-14", "58")
    assert latest["eGFR"] == ("2026-11-14", "44")
    assert latest["Potassium"] == ("2026-11-14", "4.7")
    assert latest["NT-proBNP"] == ("2026-11-12", "1840")
    pressure = max(
        (row for row in results if row["code"]["text"] == "Blood pressure"),
        key=lambda row: str(row["effectiveDateTime"]),
    )
    assert [str(part["valueQuantity"]["value"]) for part in pressure["component"]] == ["132", "78"]
    assert pressure["effectiveDateTime"].startswith("2026-11-18")


def test_letters_forty_one_with_what_the_gp_is_to_do(practice: Practice) -> None:
    rows = [row for patient in (GP, NI, SC) for row in practice.chart(patient, "DocumentReference")]
    newest = sorted(rows, key=lambda row: str(row["date"]), reverse=True)
    assert len(rows) == 41
    assert [(row["description"], row["date"][:10]) for row in newest[:3]] == [
        ("Discharge summary, cardiology", "2026-11-18"),
        ("Diabetic eye screening", "2026-09-03"),
        ("Care needs assessment", "2026-08-20"),
    ]
    assert "GP to do: repeat U&amp;E in 1 week; stop naproxen" in newest[0]["text"]["div"]


def test_hospital_stay_and_clinic_booked(practice: Practice) -> None:
    stay = practice.chart(NI, "Encounter")[0]
    assert (stay["period"]["start"][:10], stay["period"]["end"][:10]) == ("2026-11-14", "2026-11-18")
    booked = [row for row in practice.of("Appointment", "RZZ01") if row["status"] == "booked"]
    assert [(row["start"], row["participant"][1]["actor"]["display"]) for row in booked] == [
        ("2026-12-08T10:20:00+00:00", "Clinic 4, Northern Infirmary")
    ]
    team = practice.chart(NI, "CareTeam")[0]
    assert (team["telecom"][0]["value"], team["note"][0]["text"]) == ("01632 960331", "Monday to Friday, 9 to 5")


def test_social_care_as_the_care_worker_sees_it(practice: Practice) -> None:
    plan = practice.chart(SC, "CarePlan")[0]
    assert plan["status"] == "on-hold"
    assert plan["description"] == "Two visits a day, paused 14 Nov (in hospital), restart not confirmed"
    assert practice.chart(SC, "CareTeam")[0]["telecom"][0]["value"] == "01632 960221"
    assert practice.chart(SC, "RelatedPerson")[0]["telecom"][0]["value"] == "01632 960402"
    assert {"use": "nickname", "given": ["Janie"]} in practice.chart(SC, "Patient")[0]["name"]
    assert "Lives alone, ground floor, key safe" in _texts(practice.chart(SC, "Flag"))
