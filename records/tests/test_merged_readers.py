"""Everything that reads a patient's rows, for somebody who was joined: no row was rewritten, and nothing is lost."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from access.models import Organisation
from conftest import Person
from records import panels, reach
from records.letters import incoming
from records.letters.correspondence import to_read
from records.looking import moment
from records.looking.actions import mark_seen
from records.models import Finding, Patient, Resource
from records.people.actions import merge
from records.people.whose import whose
from records.screen.news import MOST, MOST_OF_EACH
from records.tests import letters, saying

pytestmark = pytest.mark.django_db
Two = tuple[Patient, Patient]


@pytest.fixture
def two(make_patient: Callable[..., Patient], gp: Person) -> Two:
    """One registered here without an NHS number, and one known only elsewhere who was joined to them."""
    kept = make_patient(nhs_number="", nhs_number_status=Patient.NhsNumber.ABSENT)
    other = make_patient(registered_at=None, nhs_number=letters.NHS_NUMBER)
    merge(kept=kept, other=other, reason="Rang her", by=gp.actor)
    return Patient.objects.get(pk=kept.pk), other


def test_their_letters_are_listed_opened_and_read(two: Two, infirmary: Organisation, gp: Person) -> None:
    kept, other = two
    letter = saying.file_letter(infirmary, other, "<p>She was seen.</p>")
    assert list(reach.letters(gp.actor, kept)) == [letter]
    assert to_read(gp.actor, 10)[0] == [letter]
    page = gp.client.get(f"/patients/{kept.pk}/letters/{letter.pk}/")
    assert "She was seen." in page.content.decode()
    assert to_read(gp.actor, 10)[1] == 0


def test_their_bookings_are_todays_and_lead_to_the_kept(two: Two, riverside: Organisation, gp: Person) -> None:
    kept, other = two
    later = timezone.localtime().replace(hour=23, minute=59)
    saying.say(
        riverside, other, "appointment", "Review", status="booked", date=later, detail={"practitioner": gp.user.name}
    )
    home = gp.client.get("/").content.decode()
    assert f"/patients/{kept.pk}/" in home
    assert f"/patients/{other.pk}/" not in home


def test_what_is_new_of_them_stands_beside_todays_booking(
    two: Two, make_patient: Callable[..., Patient], riverside: Organisation, infirmary: Organisation, gp: Person
) -> None:
    """Under whichever id it is stored and whoever's time it was booked in; nobody else's stands there."""
    kept, other = two
    later = timezone.localtime().replace(hour=23, minute=59)
    booked: dict[str, Any] = {"status": "booked", "date": later, "detail": {"practitioner": gp.user.name}}
    saying.say(riverside, kept, "appointment", "Review", **booked)
    saying.say(infirmary, other, "problem", "Gout")
    saying.say(riverside, make_patient(family="Else"), "problem", "Eczema")
    home = gp.client.get("/").content.decode()
    assert "Gout" in home
    assert "Eczema" not in home
    mark_seen(patient=kept, drawn=moment(), by=gp.actor)
    assert "Nothing since you looked" in gp.client.get("/").content.decode()
    saying.say(infirmary, other, "allergy", "Penicillin allergy")
    home = gp.client.get("/").content.decode()
    assert "Allergy: penicillin" in home
    assert "Gout" not in home


def test_a_flood_of_one_patient_hides_nothing_of_another(
    make_patient: Callable[..., Patient], riverside: Organisation, gp: Person
) -> None:
    long, short = make_patient(family="Long"), make_patient(family="Short", nhs_number="9991234528")
    later = timezone.localtime().replace(hour=23, minute=59)
    booked: dict[str, Any] = {"status": "booked", "date": later, "detail": {"practitioner": gp.user.name}}
    for one in (long, short):
        saying.say(riverside, one, "appointment", "Review", **booked)
    for number in range(MOST + 1):
        saying.say(riverside, long, "encounter", f"Visit {number}", date=timezone.now() - dt.timedelta(hours=1))
    saying.say(riverside, short, "problem", "Gout", date=timezone.now() - dt.timedelta(days=9))
    home = gp.client.get("/").content.decode()
    assert "Gout" in home
    assert f"and more than {MOST_OF_EACH - 2} more" in home


def test_what_was_found_of_them_stays_on_the_list(two: Two, infirmary: Organisation, gp: Person) -> None:
    row = saying.say(infirmary, two[1], "problem")
    finding = Finding.objects.create(kind=Finding.Kind.OTHER_PATIENT, resource=row, patient=two[1])
    assert list(reach.findings(gp.actor)) == [finding]


def test_every_panel_shows_both(two: Two, riverside: Organisation, infirmary: Organisation, gp: Person) -> None:
    kept, other = two
    saying.say(riverside, kept, "problem", "Asthma", code="1")
    saying.say(infirmary, other, "problem", "Gout", code="2")
    assert {row.what for row in panels.problems(gp.actor, kept)["rows"]} == {"Asthma", "Gout"}


def test_a_letter_with_the_number_of_the_joined_finds_the_kept(two: Two) -> None:
    read: Any = incoming.read(letters.letter(letters.patient()))
    assert whose(read.about, "letter") == two[0]


def test_the_joined_alone_is_nobodys_patient(two: Two, gp: Person, stranger: Person) -> None:
    assert list(reach.patients(gp.actor)) == [two[0]]
    assert not reach.resources(stranger.actor, two[0]).exists()
    assert not Resource.objects.filter(patient=two[0]).exists()
