"""Words against codes: what a reader is told to check, and what is only another way to say the same."""

import pytest

from records.screen.coding import apart, remark
from records.screen.rows import doubt
from records.tests.claiming import GP, claim


@pytest.mark.parametrize(
    ("text", "coded"),
    [
        ("Hay fever", "Myocardial infarction"),
        ("Penicillin", "Latex allergy"),
        ("Fractured wrist", "Asthma (disorder)"),
        ("Epilepsy", "Type 2 diabetes mellitus"),
        ("Nut allergy", "Allergy to bee venom"),
        ("Sodium", "Serum potassium level"),
        ("Serum sodium level", "Serum potassium level"),
        ("Influenza vaccine", "Pneumococcal vaccine"),
        ("Newdrug 5mg tablets", "Olddrug 5mg tablets"),
        ("ALT", "Serum alkaline phosphatase level"),
    ],
)
def test_words_about_something_else_stand_beside_the_codes_name(text: str, coded: str) -> None:
    assert apart(text, coded)
    assert remark(text, coded) == f"Coded as {coded}"


@pytest.mark.parametrize(
    ("text", "coded"),
    [
        ("asthma", "Asthma (disorder)"),
        ("COPD", "Chronic obstructive pulmonary disease"),
        ("MI 2014", "Myocardial infarction"),
        ("Diarrhoea", "Diarrhea (finding)"),
        ("Anaemia, iron deficiency", "Iron deficiency anemia"),
        ("T2DM", "Type 2 diabetes mellitus"),
        ("High blood pressure reading", "Elevated blood pressure"),
        ("Haemoglobin", "Hemoglobin [Mass/volume] in Blood"),
        ("", "Asthma"),
        ("Asthma", ""),
        ("Hypertensive disorder", "Hypertension"),
        ("喘息", ""),
        ("eGFR", "Estimated glomerular filtration rate using creatinine equation"),
        ("HbA1c", "Haemoglobin A1c level - IFCC standardised"),
        ("HbA1c", "Hemoglobin A1c/Hemoglobin.total in Blood"),
        ("ALT", "Serum alanine aminotransferase level"),
        ("hsCRP", "C reactive protein [Mass/volume] in Serum or Plasma by High sensitivity method"),
        ("ReSPECT form, 2026", "Has Recommended Summary Plan for Emergency Care and Treatment"),
        ("Penicillin allergy", "Allergy to penicillin"),
        ("Type II diabetes", "Diabetes mellitus type 2"),
        ("CKD stage 3", "Chronic kidney disease stage 3A"),
        ("Pain in left and right knee", "Pain of right knee"),
    ],
)
def test_another_wording_is_not(text: str, coded: str) -> None:
    assert not apart(text, coded)
    assert remark(text, coded) == ""


def test_two_different_medicines_are_to_be_checked() -> None:
    assert "check which is meant" in remark("Methotrexate 10mg", "Bisoprolol 10mg tablets")
    assert remark("Bisoprolol", "Bisoprolol 10mg tablets") == ""


def test_a_code_lost_in_transfer_is_no_contradiction() -> None:
    assert remark("Septrin", "Transfer-degraded drug allergy") == (
        "Its code was lost in transfer: the words are what was meant"
    )


@pytest.mark.parametrize(
    ("text", "coded"),
    [
        ("Type 1 diabetes mellitus", "Diabetes mellitus type 2"),
        ("CKD stage 3", "Chronic kidney disease stage 4"),
        ("Fracture of left wrist", "Fracture of right wrist"),
        ("NYHA class II", "New York Heart Association class 3"),
    ],
)
def test_another_type_stage_or_side_is_to_be_checked(text: str, coded: str) -> None:
    assert remark(text, coded) == f"Written as {text}, coded as {coded}: check which is meant"
    assert remark(coded, text) == f"Written as {coded}, coded as {text}: check which is meant"


def test_the_title_of_a_letter_is_not_held_against_what_sort_it_is() -> None:
    coded = {"coded_as": "Outpatient letter"}
    assert doubt(claim(1, GP, "Leg ulcer clinic", "1", kind="letter", detail=coded)) == ""
    assert doubt(claim(1, GP, "Leg ulcer", "1", detail=coded)) == "Coded as Outpatient letter"
