"""What several sources say, side by side: a table of cases, and that no claim is lost or put in another's mouth."""

from uuid import UUID

import pytest

from records.screen import grouping, wording
from records.tests.claiming import DAY, GP, LATER, NI, SC, SNOMED, claim, medicine


def test_the_same_code_of_two_sources_is_one_row_with_both_chips() -> None:
    (group,) = grouping.groups([claim(1, GP, "Asthma", "1"), claim(2, NI, "Asthma", "1", date=LATER)])
    assert [s.letters for s in group.sources] == ["GP", "NI"]
    assert group.lead.id == UUID(int=2)
    assert group.differs == ""


def test_the_same_words_without_a_code_stand_alone() -> None:
    found = grouping.groups([claim(1, GP, "Hearing loss"), claim(2, NI, "Hearing loss")])
    assert [[s.letters for s in group.sources] for group in found] == [["NI"], ["GP"]]


def test_the_same_code_in_two_systems_is_two_things() -> None:
    other = claim(2, NI, "Asthma", "1", code_system="http://loinc.org")
    assert len(grouping.groups([claim(1, GP, "Asthma", "1"), other])) == 2


def test_two_strengths_of_two_sources_are_one_row_that_disagrees() -> None:
    said = [
        medicine(1, GP, "Bisoprolol 2.5mg tablets", "318605000", "2.5 mg", date_written="2026-11-02"),
        medicine(2, NI, "Bisoprolol 5mg tablets", "318590006", "5 mg", date=LATER, date_written="2026-11-18"),
    ]
    (group,) = grouping.groups(said, grouping.medicines_differ)
    assert group.differs == "Sources disagree: 5 mg (NI, 18 Nov), 2.5 mg (GP, 2 Nov)"
    assert {c.id for c in group.claims} == {UUID(int=1), UUID(int=2)}


def test_two_strengths_that_one_source_gives_together_are_one_row_with_both() -> None:
    said = [
        medicine(1, GP, "Ramipril 2.5mg capsules", "318901006", "2.5 mg"),
        medicine(2, GP, "Ramipril 5mg capsules", "318902004", "5 mg"),
    ]
    (group,) = grouping.groups(said, grouping.medicines_differ)
    assert group.differs == ""
    assert {c.id for c in group.spoken} == {UUID(int=1), UUID(int=2)}


def test_thirteen_prescriptions_of_one_medicine_are_one_row() -> None:
    said = [medicine(n, GP, "Ramipril 5mg capsules", "318902004", "5 mg", status="completed") for n in range(12)]
    (group,) = grouping.groups([*said, medicine(12, GP, "Ramipril 5mg capsules", "318902004", "5 mg", date=LATER)])
    assert len(group.claims) == 13
    assert group.lead.id == UUID(int=12)


def test_strengths_of_which_one_is_given_by_both_disagree() -> None:
    said = [
        medicine(1, GP, "Ramipril 2.5mg capsules", "318901006", "2.5 mg", date_written="2026-11-02"),
        medicine(2, GP, "Ramipril 5mg capsules", "318902004", "5 mg", date_written="2026-11-02"),
        medicine(3, NI, "Ramipril 5mg capsules", "318902004", "5 mg", date_written="2026-11-02"),
    ]
    (group,) = grouping.groups(said, grouping.medicines_differ)
    assert group.differs.startswith("Sources disagree: ")
    assert "5 mg and 2.5 mg (GP" in group.differs or "2.5 mg and 5 mg (GP" in group.differs


def test_a_dose_is_not_held_against_a_strength() -> None:
    said = [
        medicine(1, GP, "Ramipril 5mg capsules", "318902004", "one capsule"),
        medicine(2, NI, "Ramipril 5mg capsules", "318902004", ""),
    ]
    (group,) = grouping.groups(said, grouping.medicines_differ)
    assert group.differs == ""


def test_whoever_gives_no_dose_hides_no_disagreement_of_the_others() -> None:
    said = [
        medicine(1, GP, "Ramipril 5mg capsules", "318902004", "5 mg"),
        medicine(2, NI, "Ramipril 5mg capsules", "318902004", "10 mg"),
        medicine(3, SC, "Ramipril 5mg capsules", "318902004", ""),
    ]
    (group,) = grouping.groups(said, grouping.medicines_differ)
    assert group.differs == "Sources disagree: 10 mg (NI, 2 Nov), 5 mg (GP, 2 Nov)"


def test_one_capsule_of_another_strength_disagrees() -> None:
    said = [
        medicine(1, GP, "Ramipril 2.5mg capsules", "318901006", "1 capsule"),
        medicine(2, NI, "Ramipril 5mg capsules", "318902004", "1 capsule"),
    ]
    (group,) = grouping.groups(said, grouping.medicines_differ)
    assert group.differs == "Sources disagree: 5 mg (NI, 2 Nov), 2.5 mg (GP, 2 Nov)"


def test_a_newer_entry_without_a_reaction_hides_none() -> None:
    said = [
        claim(1, GP, "Penicillin allergy", "91936005", kind="allergy", detail={"reaction": "Anaphylaxis"}),
        claim(2, NI, "Penicillin allergy", "91936005", kind="allergy", date=LATER, detail={}),
    ]
    (group,) = grouping.groups(said, grouping.allergies_differ)
    assert wording.allergy_alert(group.lead, group.claims) == "Allergy: penicillin (anaphylaxis)"
    assert group.differs == ""


def test_reactions_that_differ_are_both_shown_and_said_to_disagree() -> None:
    said = [
        claim(1, GP, "Penicillin allergy", "91936005", kind="allergy", detail={"reaction": "Anaphylaxis"}),
        claim(2, NI, "Penicillin allergy", "91936005", kind="allergy", date=LATER, detail={"reaction": "Rash"}),
    ]
    (group,) = grouping.groups(said, grouping.allergies_differ)
    assert wording.allergy_alert(group.lead, group.claims) == "Allergy: penicillin (rash; anaphylaxis)"
    assert group.differs == "Sources disagree: Rash (NI, 18 Nov), Anaphylaxis (GP, 2 Nov)"


def test_another_form_disagrees() -> None:
    said = [
        medicine(1, GP, "Ramipril 5mg capsules", "318902004", "5 mg", date_written="2026-11-02"),
        medicine(2, NI, "Ramipril 5mg tablets", "318902004", "5 mg", date_written="2026-11-02"),
    ]
    (group,) = grouping.groups(said, grouping.medicines_differ)
    assert "capsules (GP" in group.differs
    assert "tablets (NI" in group.differs


@pytest.mark.parametrize(
    ("gps", "theirs", "sentence"),
    [
        # Structured on both sides: the timing decides, however it is worded.
        (("once a day", "once daily"), ("twice a day", "1 tablet BD"),
         "Sources disagree: once a day (GP, 2 Nov), twice a day (NI, 2 Nov)"),
        (("once a day", "1 tablet once a day"), ("once a day", "OD with water"), ""),
        (("once a day", ""), ("once a day, at night", ""), ""),
        (("once a day, in the morning", ""), ("once a day, at night", ""),
         "Sources disagree: once a day, in the morning (GP, 2 Nov), once a day, at night (NI, 2 Nov)"),
        (("twice a day", ""), ("twice a day, when needed", ""),
         "Sources disagree: twice a day (GP, 2 Nov), twice a day, when needed (NI, 2 Nov)"),
        # Structured on one side, words on the other.
        (("once a day", ""), ("", "Take one each morning with food"), ""),
        (("once a day", ""), ("", "take one twice a day"),
         "Sources disagree: once a day (GP, 2 Nov), twice a day (NI, 2 Nov)"),
        (("once a day", ""), ("", "as directed"),
         "Directions differ: “once a day” (GP, 2 Nov), “as directed” (NI, 2 Nov)"),
        # How many at a time, where both say it; on some days only is not every day.
        (("once a day", "1 tablet once a day"), ("", "2 tablets once a day"),
         "Directions differ: “1 tablet once a day” (GP, 2 Nov), “2 tablets once a day” (NI, 2 Nov)"),
        (("once a day", "TWO tablets daily"), ("once a day", "one tablet daily"),
         "Directions differ: “TWO tablets daily” (GP, 2 Nov), “one tablet daily” (NI, 2 Nov)"),
        (("once a day", ""), ("", "once a day on Mondays"),
         "Directions differ: “once a day” (GP, 2 Nov), “once a day on Mondays” (NI, 2 Nov)"),
        (("once a week", ""), ("", "4 tablets once a week on Mondays"), ""),
        # Words on both sides: the same when understood to the last word.
        (("", "once daily"), ("", "1 tablet once a day"), ""),
        (("", "Take ONE daily."), ("", "take one  daily"), ""),
        (("", "take one daily"), ("", "take two daily"),
         "Directions differ: “take one daily” (GP, 2 Nov), “take two daily” (NI, 2 Nov)"),
        (("", "once daily"), ("", "twice daily"), "Sources disagree: once a day (GP, 2 Nov), twice a day (NI, 2 Nov)"),
        (("", "one daily before food"), ("", "one daily with food"),
         "Directions differ: “one daily before food” (GP, 2 Nov), “one daily with food” (NI, 2 Nov)"),
        (("", "one daily, then two daily"), ("", "one daily"),
         "Directions differ: “one daily, then two daily” (GP, 2 Nov), “one daily” (NI, 2 Nov)"),
        # Whoever leaves them out contradicts nobody.
        (("twice a day", ""), ("", ""), ""),
    ],
)  # fmt: skip
def test_how_often_it_is_taken_is_compared(gps: tuple[str, str], theirs: tuple[str, str], sentence: str) -> None:
    said = []
    for number, (source, (often, directions)) in enumerate(((GP, gps), (NI, theirs))):
        one = medicine(9 - number, source, "Ramipril 5mg capsules", "318902004", "5 mg", date_written="2026-11-02")
        one.detail.update({"often": often, "directions": directions})
        said.append(one)
    (group,) = grouping.groups(said, grouping.medicines_differ)
    assert group.differs == sentence


def test_another_dose_hides_no_other_directions() -> None:
    said = [
        medicine(1, GP, "Ramipril 5mg capsules", "318902004", "5 mg"),
        medicine(2, NI, "Ramipril 5mg capsules", "318902004", "10 mg"),
    ]
    said[0].detail["often"], said[1].detail["often"] = "twice a day", "once a day"
    (group,) = grouping.groups(said, grouping.medicines_differ)
    assert "10 mg (NI" in group.differs
    assert "once a day (NI" in group.differs


def test_one_in_two_entries_is_what_another_says_in_one() -> None:
    said = [medicine(n, s, "Ramipril 5mg capsules", "318902004", "5 mg") for n, s in enumerate((GP, GP, NI, NI))]
    for one, text in zip(
        said, ("one in the morning", "two at night", "two at night", "one in the morning"), strict=True
    ):
        one.detail["directions"] = text
    assert grouping.directions_differ(said) == ""
    assert grouping.directions_differ(said[:3]).startswith("Directions differ: “one in the morning” and “two at night”")


def test_a_dmd_code_is_the_snomed_code_of_the_same_number() -> None:
    said = [
        medicine(1, GP, "Newdrug 5mg tablets", "999000001", "5 mg", code_system="https://dmd.nhs.uk"),
        medicine(2, NI, "Newdrug 5mg tablets", "999000001", "5 mg"),
    ]
    (group,) = grouping.groups(said, grouping.medicines_differ)
    assert [s.letters for s in group.sources] == ["GP", "NI"]
    assert {c.code_system for c in group.claims} == {SNOMED, "https://dmd.nhs.uk"}  # each as its source gave it


def test_a_completed_course_does_not_stop_what_is_taken() -> None:
    said = [
        medicine(1, GP, "Prednisolone 5mg tablets", "325427002", "5 mg"),
        medicine(2, GP, "Prednisolone 5mg tablets", "325427002", "30 mg", date=LATER, status="completed"),
    ]
    (group,) = grouping.groups(said, grouping.medicines_differ)
    assert group.current
    assert grouping.stopped(group) == ""


def test_a_completed_course_does_not_hide_a_disagreement() -> None:
    said = [
        medicine(1, GP, "Prednisolone 5mg tablets", "325427002", "5 mg"),
        medicine(2, GP, "Prednisolone 5mg tablets", "325427002", "30 mg", date=LATER, status="completed"),
        medicine(3, NI, "Prednisolone 5mg tablets", "325427002", "10 mg"),
    ]
    (group,) = grouping.groups(said, grouping.medicines_differ)
    assert "10 mg (NI" in group.differs
    assert "5 mg (GP" in group.differs


def test_without_the_table_only_equal_codes_are_one() -> None:
    said = [medicine(1, GP, "Newdrug 5mg tablets", "1", "5 mg"), medicine(2, NI, "Newdrug 10mg tablets", "2", "10 mg")]
    assert len(grouping.groups(said, grouping.medicines_differ)) == 2


def test_what_one_source_stopped_does_not_hide_its_repeat() -> None:
    repeat = medicine(1, GP, "Ramipril 5mg capsules", "318902004", "5 mg", date=DAY)
    repeat.detail["course"] = "Repeat"
    acute = medicine(2, GP, "Ramipril 5mg capsules", "318902004", "5 mg", date=LATER, status="completed")
    acute.detail["course"] = "Acute"
    (group,) = grouping.groups([repeat, acute], grouping.medicines_differ)
    assert group.current
    assert group.stopped_by == ()


def test_two_medicines_whose_names_begin_alike_are_two_rows() -> None:
    said = [
        medicine(1, GP, "Co-codamol 8mg/500mg tablets", "1", "1 tablet"),
        medicine(2, NI, "Codeine 30mg tablets", "2", "30 mg"),
        medicine(3, NI, "Insulin glargine 100units/ml solution", "3", "18 unit"),
        medicine(4, GP, "Insulin lispro 100units/ml solution", "4", "8 unit"),
    ]
    assert len(grouping.groups(said, grouping.medicines_differ)) == 4


def test_the_same_dose_is_no_disagreement() -> None:
    said = [
        medicine(1, GP, "Metformin 500mg tablets", "325278007", "1000 mg"),
        medicine(2, NI, "Metformin 500mg tablets", "325278007", "1000  MG"),
    ]
    (group,) = grouping.groups(said, grouping.medicines_differ)
    assert group.differs == ""


def test_stopped_by_one_and_still_listed_by_another_is_said() -> None:
    said = [
        medicine(1, GP, "Naproxen 250mg tablets", "329806007", "250 mg"),
        claim(
            2,
            NI,
            "Naproxen 250mg tablets",
            "329806007",
            kind="medicine",
            status="stopped",
            date=LATER,
            date_written="2026-11-18",
            detail={"dose": "250 mg", "status_reason": "Heart failure"},
        ),
    ]
    (group,) = grouping.groups(said, grouping.medicines_differ)
    assert group.current
    assert group.lead.source is GP
    assert grouping.stopped(group) == (
        "Stopped by Northern Infirmary 18 Nov: Heart failure. Still listed by Riverside Surgery."
    )


def test_stopped_by_everyone_is_past() -> None:
    said = [
        medicine(1, GP, "Naproxen 250mg tablets", "9", "250 mg", status="completed"),
        medicine(2, NI, "Naproxen 250mg tablets", "9", "250 mg", status="stopped"),
    ]
    (group,) = grouping.groups(said, grouping.medicines_differ)
    assert not group.current
    assert grouping.stopped(group) == ""


def test_two_stages_of_one_disease_disagree() -> None:
    said = [
        claim(1, GP, "Chronic kidney disease stage 3A", "700378005", date_written="2024"),
        claim(2, NI, "Chronic kidney disease stage 3B", "700379002", date=LATER, date_written="2026-11"),
    ]
    (group,) = grouping.groups(said, grouping.problems_differ)
    assert group.differs == "Sources disagree: stage 3B (NI, Nov 2026), stage 3A (GP, 2024)"


def test_a_less_precise_code_does_not_join_the_stage() -> None:
    said = [
        claim(1, GP, "Chronic kidney disease", "709044004"),
        claim(2, NI, "Chronic kidney disease stage 3B", "700379002"),
    ]
    assert len(grouping.groups(said, grouping.problems_differ)) == 2


def test_over_for_one_and_active_for_another_disagree() -> None:
    said = [claim(1, GP, "Asthma", "1"), claim(2, NI, "Asthma", "1", status="resolved")]
    (group,) = grouping.groups(said, grouping.problems_differ)
    assert "active (GP" in group.differs
    assert "resolved (NI" in group.differs


@pytest.mark.parametrize(
    "wrong",
    [{"status": "entered-in-error"}, {"detail": {"verification": "entered-in-error"}}],
)
def test_entered_in_error_is_left_out(wrong: dict[str, object]) -> None:
    assert grouping.groups([claim(1, GP, "Asthma", "1", **wrong)]) == []


def test_refuted_alone_is_left_out_and_against_another_disagrees() -> None:
    no = claim(1, NI, "Allergy to penicillin", "91936005", kind="allergy", detail={"verification": "refuted"})
    yes = claim(2, GP, "Allergy to penicillin", "91936005", kind="allergy", detail={"verification": "confirmed"})
    assert grouping.groups([no], grouping.allergies_differ) == []
    (group,) = grouping.groups([no, yes], grouping.allergies_differ)
    assert group.current
    assert "refuted (NI" in group.differs
    assert "active (GP" in group.differs
