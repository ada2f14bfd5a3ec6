"""What joining two records would do, told before anybody decides."""

import re
from collections.abc import Callable

import pytest

from access.models import Organisation
from conftest import Person
from records import kinds
from records.entries.words import KINDS
from records.models import Patient
from records.screen.joined import preview
from records.tests.saying import file_letter, say

pytestmark = pytest.mark.django_db
MakePatient = Callable[..., Patient]
#: Every kind of entry that the table of kinds draws.
DRAWN = {drawn.kind for drawn in kinds.TABLE.values() if isinstance(drawn.kind, str)} | {*kinds.RESULTS, "other"}


@pytest.fixture
def two(make_patient: MakePatient) -> tuple[Patient, Patient]:
    return make_patient(), make_patient(nhs_number="", nhs_number_status="absent")


def page(two: tuple[Patient, Patient], by: Person) -> str:
    html = by.client.get(f"/patients/{two[0].pk}/merge/{two[1].pk}/").content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


@pytest.mark.parametrize("kind", sorted(DRAWN - {"administrative"}))
def test_every_kind_of_entry_is_counted(
    kind: str, two: tuple[Patient, Patient], riverside: Organisation, gp: Person
) -> None:
    for _ in range(2):
        _say(riverside, two[1], kind)
    counted = [side.counts for side in preview(gp.actor, *two).sides]
    assert counted == [(), (f"{KINDS[kind].several.lower()} 2",)]
    assert counted[1][0] in page(two, gp)


def _say(source: Organisation, patient: Patient, kind: str) -> None:
    row = say(source, patient, "problem", "Something")
    row.kind = kind
    row.save()


def test_letters_filed_are_counted_and_what_runs_the_practice_is_not(
    two: tuple[Patient, Patient], riverside: Organisation, infirmary: Organisation, gp: Person
) -> None:
    file_letter(infirmary, two[0], "<p>Seen</p>")
    _say(riverside, two[0], "administrative")
    assert preview(gp.actor, *two).sides[0].counts == ("letters and documents 1",)


def test_who_holds_most_is_offered_first(
    make_patient: MakePatient, riverside: Organisation, infirmary: Organisation, gp: Person
) -> None:
    two = [make_patient(nhs_number="", nhs_number_status="absent") for _ in range(2)]
    for kind in ("problem", "medicine"):
        say(riverside, two[0], kind, "Something")
    for _ in range(5):
        say(riverside, two[1], "problem", "Something")
    found = preview(gp.actor, *two)
    assert [one for one, _ in found.may_be_kept] == [str(two[1].pk), str(two[0].pk)]


def test_what_only_the_other_record_holds_is_named(
    two: tuple[Patient, Patient], riverside: Organisation, infirmary: Organisation, gp: Person
) -> None:
    kept, other = two
    say(riverside, kept, "problem", "Asthma", "195967001")
    say(infirmary, other, "problem", "Asthma", "195967001")
    say(infirmary, other, "allergy", "Allergy to penicillin", "91936005")
    say(infirmary, other, "medicine", "Warfarin 3mg tablets", "319735007")
    found = {name: (brings, new) for name, brings, new in preview(gp.actor, kept, other).clinical}
    assert found == {"Allergies": (("Penicillin",), ()), "Medicines": (("Warfarin",), ())}
    told = page(two, gp)
    assert "Allergies the other record brings: Penicillin" in told
    assert "Medicines the other record brings: Warfarin" in told
    assert "Problems the other record brings" not in told


def test_a_disagreement_that_arises_only_when_both_stand_together_is_named(
    two: tuple[Patient, Patient], riverside: Organisation, infirmary: Organisation, gp: Person
) -> None:
    kept, other = two
    say(riverside, kept, "medicine", "Bisoprolol 2.5mg tablets", "318605000", detail={"dose": "2.5 mg"})
    say(infirmary, other, "medicine", "Bisoprolol 5mg tablets", "318590006", detail={"dose": "5 mg"})
    ((name, _, new),) = preview(gp.actor, kept, other).clinical
    assert name == "Medicines"
    assert len(new) == 1
    assert "2.5 mg" in new[0]
    assert "5 mg" in new[0]
    assert "New disagreement: Bisoprolol" in page(two, gp)


def test_a_third_dose_beside_two_that_differ_already_is_named(
    two: tuple[Patient, Patient], riverside: Organisation, infirmary: Organisation, gp: Person
) -> None:
    kept, other = two
    say(riverside, kept, "medicine", "Bisoprolol 2.5mg tablets", "318605000", detail={"dose": "2.5 mg"})
    say(infirmary, kept, "medicine", "Bisoprolol 5mg tablets", "318590006", detail={"dose": "5 mg"})
    say(infirmary, other, "medicine", "Bisoprolol 10mg tablets", "318591005", detail={"dose": "10 mg"})
    ((name, brings, _),) = preview(gp.actor, kept, other).clinical
    assert (name, brings) == ("Medicines", ("Bisoprolol 10mg tablets, 10 mg",))


def test_who_does_not_read_records_is_told_counts_and_nothing_clinical(
    two: tuple[Patient, Patient], infirmary: Organisation, practice_manager: Person
) -> None:
    say(infirmary, two[1], "allergy", "Allergy to penicillin", "91936005")
    assert preview(practice_manager.actor, *two).clinical == ()
    told = page(two, practice_manager)
    assert "allergies 1" in told
    assert "penicillin" not in told.lower()


def test_looking_changes_nothing(two: tuple[Patient, Patient], infirmary: Organisation, gp: Person) -> None:
    say(infirmary, two[1], "allergy", "Allergy to penicillin", "91936005")
    before = list(Patient.objects.order_by("pk").values())
    page(two, gp)
    assert list(Patient.objects.order_by("pk").values()) == before
