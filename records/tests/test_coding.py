"""Words against codes: what a reader is told to check, and what is only another way to say the same."""

import pytest

from records.screen.coding import apart, remark


@pytest.mark.parametrize(
    ("text", "coded"),
    [
        ("Hay fever", "Myocardial infarction"),
        ("Penicillin", "Latex allergy"),
        ("Fractured wrist", "Asthma (disorder)"),
        ("Epilepsy", "Type 2 diabetes mellitus"),
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
