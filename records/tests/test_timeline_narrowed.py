"""The timeline narrowed by kind, source and period."""

import datetime as dt

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from access.models import Organisation
from conftest import Person
from records.screen.held import Held
from records.screen.narrowing import NarrowingForm
from records.tests.saying import say
from records.tests.timelines import MakePatient, days_ago, shown

pytestmark = pytest.mark.django_db


def test_filters_combine_and_stand_in_the_address(
    make_patient: MakePatient, gp: Person, riverside: Organisation, infirmary: Organisation
) -> None:
    patient = make_patient()
    wanted = say(infirmary, patient, "letter", "New letter", date=days_ago(10))
    say(infirmary, patient, "letter", "Old letter", date=days_ago(900))
    say(riverside, patient, "letter", "Own letter", date=days_ago(10))
    say(infirmary, patient, "encounter", "Clinic", date=days_ago(10))
    address = f"/patients/{patient.pk}/timeline/?show=letters&source={infirmary.pk}&period=year"
    html = gp.client.get(address).content.decode()
    assert shown(html) == [wanted.pk]
    assert f"?show=results&amp;source={infirmary.pk}&amp;period=year" in html


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        ("5/3/2024", "5/3/2024", [1]),
        ("March 2024", "", [0, 1]),
        ("", "5 Mar 24", [1, 2]),
        ("2023", "2023", [2]),
        ("04-03-2024", "06-03-2024", [1]),
    ],
)
def test_days_are_typed_as_people_write_them_and_ends_are_included(
    since: str, until: str, found: list[int], make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    days = [(2024, 3, 7), (2024, 3, 5), (2023, 12, 31)]
    made = [
        say(riverside, patient, "encounter", "x", date=dt.datetime(*day, 23, tzinfo=dt.UTC)).pk  # late in the day
        for day in days
    ]
    html = gp.client.get(f"/patients/{patient.pk}/timeline/", {"since": since, "until": until}).content.decode()
    assert shown(html) == [made[n] for n in found]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"since": "31/2/2024"}, "From must be a date"),
        ({"until": "soon"}, "To must be a date"),
        ({"since": "2024", "until": "2023"}, "To must not lie before From"),
        ({"since": "5 May 2024 or so"}, "From must be a date"),
    ],
)
def test_a_wrong_date_is_named_and_nothing_typed_is_lost(
    asked: dict[str, str], words: str, make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    made = say(riverside, patient, "letter", "Letter")
    answer = gp.client.get(f"/patients/{patient.pk}/timeline/", {"show": "letters", **asked})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert words in html
    assert all(f'value="{typed}"' in html for typed in asked.values())
    assert '<option value="letters" selected>' in html
    assert made.pk in shown(html)


@pytest.mark.parametrize(
    "asked", ["show=%3Cscript%3E", "source=999999", "source=x", "period=z", "show=&source=&period="]
)
def test_what_is_not_offered_counts_as_not_asked(
    asked: str, make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    made = say(riverside, patient, "encounter", "Visit")
    answer = gp.client.get(f"/patients/{patient.pk}/timeline/?{asked}")
    assert answer.status_code == 200
    assert shown(answer.content.decode()) == [made.pk]
    assert "<script>" not in answer.content.decode()


@given(st.text(max_size=30), st.text(max_size=30))
def test_whatever_is_typed_as_a_date_is_read_or_refused(since: str, until: str) -> None:
    asked = QueryDict(mutable=True)
    asked.update({"since": since, "until": until, "period": "dates"})
    held = Held.__new__(Held)
    held.__dict__["heard"] = []
    form = NarrowingForm(held, asked)
    narrowed = form.narrowed
    if form.is_valid():
        assert not (narrowed.since and narrowed.until) or narrowed.since <= narrowed.until
        assert narrowed.within() is not None
    else:
        assert set(form.errors) <= {"since", "until"}


def test_what_a_period_leaves_out_for_want_of_a_date_is_said(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    undated = say(riverside, patient, "problem", "Undated", date=None)
    say(riverside, patient, "encounter", "Visit")
    html = gp.client.get(f"/patients/{patient.pk}/timeline/?period=year").content.decode()
    assert "1 without a date is not among them" in html
    assert undated.pk not in shown(html)
    assert shown(gp.client.get(f"/patients/{patient.pk}/timeline/?period=undated").content.decode()) == [undated.pk]
