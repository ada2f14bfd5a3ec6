"""Who is who: joined only when number, birth date and family name agree; never dropped, never merged in silence."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.models import Organisation
from exchange.fhir.systems import System
from records.models import Finding, Patient, PatientLink, Relationship
from records.people.demographics import demographics
from records.people.names import close_up, fold, search_text
from records.tests.taking import FAILING_NUMBER, NUMBER, OTHER_NUMBER, condition, counts, patient, take, write

pytestmark = pytest.mark.django_db
RESTRICTED = {"security": [{"system": str(System.CONFIDENTIALITY), "code": "R"}]}
WHERE: dict[str, Any] = {
    "address": [{"line": ["1 High Street"], "city": "Harrowmere", "postalCode": "ZZ1 3JS"}],
    "telecom": [{"system": "phone", "value": "01632 960148"}],
    "generalPractitioner": [{"display": "Dr A Khan"}],
}


def kinds() -> list[str]:
    return sorted(Finding.objects.values_list("kind", flat=True))


@pytest.fixture
def both(tmp_path: Path, riverside: Organisation, infirmary: Organisation) -> Any:
    """Takes one Patient from the practice and one from the hospital."""

    def take_both(ours: dict[str, Any], theirs: dict[str, Any]) -> list[Patient]:
        assert take(write(tmp_path / "ours.json", ours), riverside, riverside).rejected == 0
        assert take(write(tmp_path / "theirs.json", theirs), infirmary).rejected == 0
        return list(Patient.objects.order_by("pk"))

    return take_both


def test_number_birth_date_and_name_agree(both: Any) -> None:
    (person,) = both(patient(family="Müller"), patient("h9", family="MULLER"))
    assert {one.basis for one in person.links.all()} == {PatientLink.Basis.FIRST, PatientLink.Basis.NHS_NUMBER}
    assert not Finding.objects.exists()


@pytest.mark.parametrize(
    "theirs",
    [
        patient("h9", family="Smythe"),
        patient("h9", born="1970-05-02"),
        patient("h9", born="1970-05"),
        patient("h9", born=""),
        patient("h9", name=[]) | {"name": [{"text": "somebody"}]},
    ],
)
def test_any_disagreement_keeps_two_people_and_says_so(both: Any, theirs: dict[str, Any]) -> None:
    people = both(patient(), theirs)
    assert len(people) == 2
    assert kinds() == [Finding.Kind.SAME_NUMBER]
    assert Finding.objects.get().about == str(PatientLink.objects.order_by("pk")[0].patient_id)


def test_a_partial_birth_date_on_both_sides_is_no_agreement(both: Any) -> None:
    assert len(both(patient(born="1970"), patient("h9", born="1970"))) == 2


def test_without_a_number_nobody_is_joined(both: Any) -> None:
    assert len(both(patient(number=""), patient("h9", number=""))) == 2
    assert not Finding.objects.exists()


@pytest.mark.requirement("BARS-TRAP-4")
def test_a_failing_number_is_flagged_and_never_matched_on(both: Any) -> None:
    people = both(patient(number=FAILING_NUMBER), patient("h9", number=FAILING_NUMBER))
    assert len(people) == 2
    assert {one.nhs_number_status for one in people} == {Patient.NhsNumber.FAILING}
    assert {one.nhs_number for one in people} == {FAILING_NUMBER}
    assert kinds() == [Finding.Kind.FAILING_NUMBER] * 2


def test_two_patients_of_one_source_are_two_people(tmp_path: Path, riverside: Organisation) -> None:
    file = write(tmp_path / "a.ndjson", patient(), patient("p2"), condition(of="Patient/p2"))
    assert counts(take(file, riverside)) == (3, 0, 0, 0)
    assert Patient.objects.count() == 2
    assert kinds() == [Finding.Kind.SAME_NUMBER]


def test_where_two_agree_nobody_is_chosen(
    tmp_path: Path, both: Any, infirmary: Organisation, hillside: Organisation
) -> None:
    take(write(tmp_path / "a.ndjson", patient(), patient("p2")), hillside)
    take(write(tmp_path / "b.json", patient("h9")), infirmary)
    assert Patient.objects.count() == 3
    assert PatientLink.objects.get(source=infirmary).basis == PatientLink.Basis.FIRST


def test_a_merged_person_is_not_joined_to(both: Any, tmp_path: Path, cityview: Organisation) -> None:
    (person,) = both(patient(), patient("h9"))
    kept = Patient.objects.create()
    Patient.objects.filter(pk=person.pk).update(merged_into=kept)
    take(write(tmp_path / "c.json", patient("s1")), cityview)
    assert Patient.objects.count() == 3


def test_a_spaced_number_is_the_same_number(both: Any) -> None:
    assert len(both(patient(), patient("h9", number="999 123 4578"))) == 1


# Which source leads ---------------------------------------------------------------------------------------------------
def test_the_practice_leads_even_when_the_hospital_spoke_first(
    tmp_path: Path, riverside: Organisation, infirmary: Organisation
) -> None:
    take(write(tmp_path / "h.json", patient("h9", gender="unknown", **WHERE)), infirmary)
    take(write(tmp_path / "p.json", patient(gender="female")), riverside, riverside)
    person = Patient.objects.get()
    assert (person.gender, person.address) == ("female", "")
    take(write(tmp_path / "h2.json", patient("h9", gender="other", **WHERE)), infirmary)
    assert Patient.objects.get().gender == "female"


def test_without_a_practice_the_first_source_leads(
    tmp_path: Path, infirmary: Organisation, cityview: Organisation
) -> None:
    take(write(tmp_path / "h.json", patient("h9", gender="female")), infirmary)
    take(write(tmp_path / "s.json", patient("s1", gender="male")), cityview)
    assert Patient.objects.get().gender == "female"
    take(write(tmp_path / "h2.json", patient("h9", gender="other")), infirmary)
    assert Patient.objects.get().gender == "other"


def test_registering_brings_within_reach_and_is_repeated_harmlessly(tmp_path: Path, riverside: Organisation) -> None:
    file = write(tmp_path / "a.json", patient())
    take(file, riverside)
    assert not Relationship.objects.exists()
    take(file, riverside, riverside)
    take(file, riverside, riverside)
    assert Relationship.objects.get().kind == Relationship.Kind.REGISTERED


# Restricted -----------------------------------------------------------------------------------------------------------
def test_of_a_restricted_person_no_address_phone_or_gp_is_drawn(tmp_path: Path, riverside: Organisation) -> None:
    take(write(tmp_path / "a.json", patient(meta=RESTRICTED, **WHERE)), riverside, riverside)
    person = Patient.objects.get()
    assert person.restricted
    assert (person.address, person.postcode, person.phone, person.usual_gp) == ("", "", "", "")
    assert "zz1" not in person.search_text


def test_becoming_restricted_takes_the_address_away(tmp_path: Path, riverside: Organisation) -> None:
    take(write(tmp_path / "a.json", patient(**WHERE)), riverside, riverside)
    person = Patient.objects.get()
    assert (person.address, person.postcode, person.phone, person.usual_gp) == (
        "1 High Street, Harrowmere",
        "ZZ1 3JS",
        "01632 960148",
        "Dr A Khan",
    )
    take(write(tmp_path / "b.json", patient(meta=RESTRICTED, **WHERE)), riverside, riverside)
    assert Patient.objects.get().address == ""


def test_what_another_source_restricts_is_restricted(both: Any, tmp_path: Path, riverside: Organisation) -> None:
    (person,) = both(patient(**WHERE), patient("h9", meta=RESTRICTED))
    assert (person.restricted, person.address, person.postcode) == (True, "", "")
    take(write(tmp_path / "again.json", patient(gender="female", **WHERE)), riverside, riverside)
    person.refresh_from_db()
    assert (person.gender, person.restricted, person.address, person.phone) == ("female", True, "", "")


# Demographics ---------------------------------------------------------------------------------------------------------
def test_names_in_use_come_before_old_ones() -> None:
    names = [
        {"use": "old", "family": "Brown"},
        {"use": "nickname", "given": ["Jo"]},
        {"use": "usual", "family": "Green"},
    ]
    assert demographics(patient() | {"name": names}).family == "Green"


def test_death_with_and_without_a_date() -> None:
    dated = demographics(patient(deceasedDateTime="2025-02-03T10:00:00Z"))
    assert (dated.deceased, str(dated.deceased_on)) == (True, "2025-02-03")
    assert demographics(patient(deceasedBoolean=True)).deceased
    assert not demographics(patient(deceasedBoolean=False)).deceased


def test_verification_is_told_from_presence() -> None:
    status = {"coding": [{"system": str(System.NHS_NUMBER_STATUS), "code": "01"}]}
    extension = [{"url": str(System.EXT_NHS_NUMBER_STATUS), "valueCodeableConcept": status}]
    verified = patient() | {"identifier": [{"system": str(System.NHS_NUMBER), "value": NUMBER, "extension": extension}]}
    assert demographics(verified).nhs_number_status == Patient.NhsNumber.VERIFIED
    assert demographics(patient(number=OTHER_NUMBER)).nhs_number_status == Patient.NhsNumber.PRESENT
    assert demographics(patient(number="")).nhs_number_status == Patient.NhsNumber.ABSENT


@pytest.mark.parametrize(
    ("written", "folded"),
    [("O'Brien", "o brien"), ("Nuñez", "nunez"), ("ŁUKASZ", "lukasz"), ("Smith-Jones", "smith jones")],
)
def test_names_are_folded(written: str, folded: str) -> None:
    assert fold(written) == folded
    assert fold(written.upper()) == folded


def test_compound_names_are_found_both_ways() -> None:
    assert (
        search_text(family="O'Brien", given="Mary-Ann", postcode="ZZ1 3JS") == "o brien obrien mary ann maryann zz13js"
    )


@given(st.text(max_size=40))
def test_folding_is_settled_after_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert close_up(close_up(text)) == close_up(text)
    assert fold(text).isascii()
