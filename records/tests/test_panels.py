"""What each panel shows, and to whom."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.utils import timezone

from access.models import Organisation
from conftest import Person
from records import panels
from records.models import Patient
from records.tests.saying import file_letter, say

MakePatient = Callable[..., Patient]
pytestmark = pytest.mark.django_db
PENICILLIN = {"display": "Allergy to penicillin", "code": "91936005"}
NONE_KNOWN = {"display": "No known allergy", "code": "716186003"}


def tags(person: Person, patient: Patient) -> list[str]:
    return [alert.text for alert in panels.banner(person.actor, patient)["alerts"]]


# The banner: three states of allergies --------------------------------------------------------------------------------
def test_an_allergy_is_said_in_words(make_patient: MakePatient, gp: Person, riverside: Organisation) -> None:
    patient = make_patient()
    detail = {"reaction": "Anaphylaxis", "onset": "1998", "verification": "confirmed"}
    say(riverside, patient, "allergy", **PENICILLIN, detail=detail)
    assert tags(gp, patient) == ["Allergy: penicillin (anaphylaxis, 1998)"]


@pytest.mark.requirement("BARS-UI-2")
def test_no_known_allergies_is_said_with_its_date(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    say(riverside, patient, "allergy", **NONE_KNOWN, date_written="2026-11-02")
    assert tags(gp, patient) == ["No known allergies (recorded 2 Nov 2026)"]


def test_nothing_recorded_is_not_no_allergies(make_patient: MakePatient, gp: Person, riverside: Organisation) -> None:
    patient = make_patient()
    say(riverside, patient, "allergy", **PENICILLIN, status="entered-in-error")
    say(riverside, patient, "allergy", **PENICILLIN, detail={"verification": "refuted"})
    assert tags(gp, patient) == ["No allergies recorded"]


def test_another_source_that_knows_of_none_contradicts(
    make_patient: MakePatient, gp: Person, riverside: Organisation, infirmary: Organisation
) -> None:
    patient = make_patient()
    say(riverside, patient, "allergy", **PENICILLIN)
    say(infirmary, patient, "allergy", **NONE_KNOWN, date_written="2026-11-02")
    assert tags(gp, patient) == ["Allergy: penicillin", "Sources disagree on allergies"]
    (row,) = panels.allergies(gp.actor, patient)["rows"]
    assert row.differs == "Sources disagree: Northern Infirmary recorded no known allergies 2 Nov 2026"


def test_who_says_none_against_who_lists_one_is_said_at_the_top_whatever_else_differs(
    make_patient: MakePatient, gp: Person, riverside: Organisation, infirmary: Organisation, cityview: Organisation
) -> None:
    patient = make_patient()
    say(riverside, patient, "allergy", **PENICILLIN, detail={"reaction": "Rash"})
    say(cityview, patient, "allergy", **PENICILLIN, detail={"reaction": "Anaphylaxis"})
    say(infirmary, patient, "allergy", **NONE_KNOWN, date_written="2026-11-02")
    sentence = (
        "Northern Infirmary recorded no known allergies on 2 Nov 2026, "
        "but Riverside Surgery and Cityview Adult Social Care list penicillin."
    )
    panel = panels.allergies(gp.actor, patient)
    assert [" ".join(sorted(one.split())) for one in panel["contradicted"]] == [" ".join(sorted(sentence.split()))]
    (row,) = panel["rows"]
    assert "Rash" in row.differs
    assert row.differs.endswith("Northern Infirmary recorded no known allergies 2 Nov 2026")
    html = gp.client.get(f"/patients/{patient.pk}/panel/allergies/").content.decode()
    assert html.index("Northern Infirmary recorded no known allergies on") < html.index('<ul class="rows">')


def test_none_known_before_the_same_source_found_one_contradicts_nothing(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    say(riverside, patient, "allergy", **NONE_KNOWN, date=timezone.now() - dt.timedelta(days=9))
    say(riverside, patient, "allergy", **PENICILLIN)
    assert panels.allergies(gp.actor, patient)["contradicted"] == []
    say(riverside, patient, "allergy", **NONE_KNOWN, date=timezone.now(), date_written="2026-11-02")
    assert panels.allergies(gp.actor, patient)["contradicted"] == [
        "Riverside Surgery recorded no known allergies on 2 Nov 2026, but also lists penicillin."
    ]


def test_flags_stand_beside_the_name_but_not_the_key_safe(
    make_patient: MakePatient, gp: Person, riverside: Organisation, cityview: Organisation
) -> None:
    patient = make_patient()
    say(riverside, patient, "flag", "Large print", category=["Reasonable Adjustment"])
    say(cityview, patient, "flag", "Lives alone, key safe", category=["Additional Patient Information"])
    say(riverside, patient, "flag", "Old one", category=["Reasonable Adjustment"], status="inactive")
    assert tags(gp, patient) == ["No allergies recorded", "Reasonable adjustment: large print"]


def test_a_receptionists_banner_holds_nothing_clinical(
    make_patient: MakePatient, receptionist: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    say(riverside, patient, "allergy", **PENICILLIN)
    shown = panels.banner(receptionist.actor, patient, heading=True)
    assert shown["alerts"] == []
    assert shown["fresh"] == {}
    assert shown["refer"] is False


# Rows -----------------------------------------------------------------------------------------------------------------
def test_problems_count_what_is_past_and_keep_errors_out(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    say(riverside, patient, "problem", "Asthma", "195967001", detail={"onset": "2009-03"})
    say(riverside, patient, "problem", "Pneumonia", "233604007", status="resolved")
    say(riverside, patient, "problem", "Gout", "90560007", status="entered-in-error")
    shown = panels.problems(gp.actor, patient)
    assert [(row.what, row.when) for row in shown["rows"]] == [("Asthma", "2009-03")]
    assert shown["past"] == 1
    assert [row.what for row in panels.past_problems(gp.actor, patient)["rows"]] == ["Pneumonia"]


def test_disagreeing_medicines_come_first_and_name_both_doses(
    make_patient: MakePatient, gp: Person, riverside: Organisation, infirmary: Organisation
) -> None:
    patient = make_patient()
    say(riverside, patient, "medicine", "Amlodipine 5mg tablets", "319283006", detail={"directions": "Take one daily"})
    say(riverside, patient, "medicine", "Bisoprolol 2.5mg tablets", "318605000", detail={"dose": "2.5 mg"})
    say(infirmary, patient, "medicine", "Bisoprolol 5mg tablets", "318590006", detail={"dose": "5 mg"})
    shown = panels.medicines(gp.actor, patient)
    assert [row.what for row in shown["rows"]] == ["Bisoprolol", "Amlodipine"]
    assert shown["disagreements"] == 1
    assert "2.5 mg (GP" in shown["rows"][0].differs
    assert "5 mg (NI" in shown["rows"][0].differs
    assert shown["rows"][1].how == "5 mg tablets, take one daily"


def test_results_show_the_last_of_each_test_with_its_trend(
    make_patient: MakePatient, gp: Person, riverside: Organisation, infirmary: Organisation
) -> None:
    patient = make_patient()
    now = timezone.now()
    for days, value in ((400, "45"), (200, "51")):
        say(riverside, patient, "result", "HbA1c", "999791000000106", value=value, unit="mmol/mol",
            date=now - dt.timedelta(days=days))  # fmt: skip
    say(infirmary, patient, "result", "HbA1c", "999791000000106", value="58", unit="mmol/mol",
        detail={"high": "42"}, date=now - dt.timedelta(days=9))  # fmt: skip
    say(riverside, patient, "result", "HbA1c", "999791000000106", value="5800", unit="mmol/mol",
        status="entered-in-error")  # fmt: skip
    (trend,) = panels.results(gp.actor, patient)["trends"]
    assert (trend.value, trend.sign) == ("58", "hi")
    assert [p.said for p in trend.points] == ["45", "51", "58"]
    assert trend.latest.source.letters == "NI"


@pytest.mark.parametrize("kind", ["survey", "social-history"])
def test_surveys_and_social_history_are_no_results_of_the_one_screen_and_have_their_pages(
    make_patient: MakePatient, gp: Person, riverside: Organisation, kind: str
) -> None:
    patient = make_patient()
    row = say(riverside, patient, kind, "Fatigue score", "9", value="48", unit="points", status="final")
    shown = panels.results(gp.actor, patient)
    assert (shown["trends"], shown["all"]) == ([], 1)
    here = f"/patients/{patient.pk}"
    one = f"{here}/results/{row.pk}/"
    for address in (f"{here}/results/", f"{here}/timeline/?show=results", f"{here}/items/{row.pk}/"):
        assert one in gp.client.get(address).content.decode()
    assert "48" in gp.client.get(one).content.decode()
    assert f"{here}/results/" in gp.client.get(f"{here}/").content.decode()
    say(riverside, patient, "result", "HbA1c", value="58", unit="mmol/mol", status="final")
    assert [trend.name for trend in panels.results(gp.actor, patient)["trends"]] == ["HbA1c"]


def test_what_was_dispensed_or_given_is_no_current_medicine(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    say(riverside, patient, "dispensed", "Amoxicillin 500mg capsules", "27658006")
    assert panels.medicines(gp.actor, patient)["rows"] == []
    assert panels.past_medicines(gp.actor, patient)["rows"] == []


def test_figures_in_another_unit_are_not_drawn_in_one_line(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    now = timezone.now()
    say(riverside, patient, "result", "HbA1c", "1", value="7.1", unit="%", date=now - dt.timedelta(days=900))
    say(riverside, patient, "result", "HbA1c", "1", value="54", unit="mmol/mol", date=now)
    (trend,) = panels.results(gp.actor, patient)["trends"]
    assert [p.said for p in trend.points] == ["54"]


def test_of_one_day_the_abnormal_comes_first(make_patient: MakePatient, gp: Person, riverside: Organisation) -> None:
    patient = make_patient()
    day = timezone.now() - dt.timedelta(days=3)
    say(riverside, patient, "result", "Albumin", "1", value="40", date=day)
    say(riverside, patient, "result", "Urea", "2", value="10.2", date=day, detail={"interpretation": "H"})
    say(riverside, patient, "result", "Weight", "3", value="82", date=day + dt.timedelta(days=1))
    assert [t.latest.display for t in panels.results(gp.actor, patient)["trends"]] == ["Weight", "Urea", "Albumin"]


# What is new ----------------------------------------------------------------------------------------------------------
def test_letters_count_the_unread_that_came_as_messages(
    make_patient: MakePatient, gp: Person, infirmary: Organisation
) -> None:
    patient = make_patient()
    for number in range(7):
        file_letter(infirmary, patient, "<p>x</p>", message_id="" if number else "m1")
    shown = panels.letters(gp.actor, patient)
    assert (len(shown["letters"]), shown["all"], shown["unread"]) == (5, 7, 1)


def test_nothing_of_another_patient_is_shown(
    make_patient: MakePatient, gp: Person, riverside: Organisation, infirmary: Organisation
) -> None:
    patient, other = make_patient(), make_patient(nhs_number="9991234528")
    say(riverside, other, "problem", "Unmistakable")
    say(riverside, other, "medicine", "Unmistakable")
    say(riverside, other, "result", "Unmistakable", value="1")
    file_letter(infirmary, other, "<p>x</p>", title="Unmistakable")
    assert "Unmistakable" not in str(panels.everything(gp.actor, patient))
    assert "Unmistakable" in str(panels.everything(gp.actor, other))
