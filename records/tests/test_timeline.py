"""The timeline: by date and page, narrowed, nothing lost, nobody else's."""

import datetime as dt
import re
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from access.models import AuditEvent, Organisation
from conftest import Person
from records.entries import listing
from records.models import Patient, Resource
from records.screen import timeline
from records.screen.held import Held
from records.screen.narrowing import TABS, Narrowed, NarrowingForm
from records.screen.news import of_one
from records.search import keeping
from records.tests.saying import say

MakePatient = Callable[..., Patient]
pytestmark = pytest.mark.django_db
NOW = timezone.now()
NOBODY = "00000000-0000-4000-8000-000000000000"


def days_ago(days: float) -> dt.datetime:
    return NOW - dt.timedelta(days=days)


def many(source: Organisation, patient: Patient, number: int, **more: object) -> list[Resource]:
    """So many consultations, one a day, and some of the same moment."""
    return Resource.objects.bulk_create(
        Resource(
            **{
                "id": uuid4(),
                "source": source,
                "patient": patient,
                "type": "Encounter",
                "kind": "encounter",
                "source_key": f"many-{patient.pk}-{n}",
                "sha256": "",
                "body": "{}",
                "display": f"Visit {n}",
                "status": "finished",
                "date": days_ago(n // 3 + 1),
            }
            | more
        )
        for n in range(number)
    )


def shown(html: str) -> list[UUID]:
    return [UUID(found) for found in re.findall(r'id="item-([0-9a-f-]{36})"', html)]


def walked(person: Person, address: str, rel: str = "next") -> list[list[UUID]]:
    """The entries of each page from an address on, by its links, as without scripts."""
    pages = []
    while address:
        html = person.client.get(address).content.decode()
        pages.append(shown(html))
        found = re.search(rf'rel="{rel}"\s+href="([^"]+)"', html)
        address = found[1].replace("&amp;", "&") if found else ""
    return pages


# Pages ----------------------------------------------------------------------------------------------------------------
def test_every_entry_stands_on_exactly_one_page_and_the_way_back_is_the_same(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    made = {one.pk for one in many(riverside, patient, 130)}
    made.add(say(riverside, patient, "problem", "Asthma", date=None).pk)
    made.add(say(riverside, patient, "encounter", "Long ago", date=days_ago(9000), date_written="2002").pk)
    pages = walked(gp, f"/patients/{patient.pk}/timeline/")
    flat = [pk for page in pages for pk in page]
    assert len(pages) == 3
    assert len(flat) == len(set(flat))
    assert set(flat) == made
    last = f"/patients/{patient.pk}/timeline/?after={pages[1][-1]}"
    back = walked(gp, last, rel="prev")
    assert [pk for page in reversed(back) for pk in page][-len(pages[2]) :] == pages[2]
    assert set(pages[0]) | set(pages[1]) == {pk for page in back[1:] for pk in page}


def test_a_part_for_scrolling_is_no_page_and_says_how_many_came(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    many(riverside, patient, 70)
    address = f"/patients/{patient.pk}/timeline/"
    first = shown(gp.client.get(address).content.decode())
    before = AuditEvent.objects.count()
    part = gp.client.get(address, {"after": str(first[-1])}, headers={"HX-Request": "true"}).content.decode()
    assert len(shown(part)) == 20
    assert not set(shown(part)) & set(first)
    assert "20 more entries loaded" in part
    assert "<html" not in part
    assert AuditEvent.objects.count() == before == 1


def test_the_cost_of_a_page_does_not_depend_on_its_depth(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    many(riverside, patient, 400)
    held = Held(gp.actor, patient)
    at, costs = timeline.Cursor(), []
    while True:
        with CaptureQueriesContext(connection) as queries:
            page = timeline.page_of(held, Narrowed(), at, 50)
        costs.append(len(queries))
        assert not any(" OFFSET " in one["sql"] for one in queries)
        if page.older is None:
            break
        at = timeline.Cursor("after", page.older)
    assert len(costs) == 8
    assert max(costs[1:]) <= 3


def test_a_link_to_an_entry_opens_the_page_that_begins_with_it(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    made = many(riverside, patient, 90)
    page = gp.client.get(f"/patients/{patient.pk}/timeline/", {"at": str(made[75].pk)}).content.decode()
    assert made[75].pk in shown(page)
    assert 'rel="prev"' in page


def test_a_search_is_paged_like_the_timeline(make_patient: MakePatient, gp: Person, riverside: Organisation) -> None:
    patient = make_patient()
    made = {one.pk for one in many(riverside, patient, 120)} | {
        say(riverside, patient, "problem", "Visit", date=None).pk
    }
    say(riverside, patient, "encounter", "Elsewhere")
    keeping.again(Resource.objects.filter(patient=patient))
    client = gp.client
    client.post(f"/patients/{patient.pk}/search/", {"words": "visit"})
    pages, address = [], f"/patients/{patient.pk}/search/"
    while address:
        html = client.get(address).content.decode()
        pages.append(shown(html))
        found = re.search(r'rel="next"\s+href="([^"]+)"', html)
        address = found[1].replace("&amp;", "&") if found else ""
    assert [len(page) for page in pages] == [50, 50, 21]
    assert {pk for page in pages for pk in page} == made
    back = client.get(f"/patients/{patient.pk}/search/?before={pages[2][0]}").content.decode()
    assert shown(back) == pages[1]


@pytest.mark.parametrize("cursor", ["after=x", f"after={NOBODY}", "before=", f"at={NOBODY}", "page=2", "after=%00"])
def test_an_entry_that_is_not_there_begins_at_the_newest(
    cursor: str, make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    made = say(riverside, patient, "encounter", "Consultation")
    page = gp.client.get(f"/patients/{patient.pk}/timeline/?{cursor}")
    assert page.status_code == 200
    assert shown(page.content.decode()) == [made.pk]


def test_an_entry_of_another_patient_is_no_place_to_begin_from(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient, other = make_patient(), make_patient(nhs_number="9991234528")
    mine = say(riverside, patient, "encounter", "Mine")
    theirs = say(riverside, other, "encounter", "Theirs", date=days_ago(100))
    page = gp.client.get(f"/patients/{patient.pk}/timeline/", {"after": str(theirs.pk)}).content.decode()
    assert shown(page) == [mine.pk]
    assert "Theirs" not in page


# Nothing is lost ------------------------------------------------------------------------------------------------------
def test_what_lies_ahead_and_what_has_no_date_stand_in_sections_of_their_own(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    say(riverside, patient, "appointment", "Review", status="booked", date=days_ago(-20))
    say(riverside, patient, "problem", "Undated", date=None)
    say(riverside, patient, "encounter", "Visit", date=dt.datetime(2025, 3, 5, 12, tzinfo=dt.UTC))
    say(riverside, patient, "problem", "Vague", date=dt.datetime(2014, 1, 1, tzinfo=dt.UTC), date_written="2014")
    html = gp.client.get(f"/patients/{patient.pk}/timeline/").content.decode()
    order = ["In the future: 1 entry", "Review", "March 2025", "Visit", "2014, month not known", "Vague", "No date"]
    places = [html.index(words) for words in [*order, "Undated"]]
    assert places == sorted(places)


def test_what_was_taken_back_is_counted_and_shown_on_demand_with_its_word(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    say(riverside, patient, "problem", "Wrong person", status="entered-in-error")
    address = f"/patients/{patient.pk}/timeline/"
    html = gp.client.get(address).content.decode()
    assert "Wrong person" not in html
    assert "1 taken back or cancelled is left out" in html
    html = gp.client.get(address, {"taken_back": "on"}).content.decode()
    assert "Wrong person" in html
    assert "Entered in error" in html


KEPT = ["dispensed", "request", "task", "form", "message", "consent", "survey", "social-history"]
SAID = [
    ("dispensed", "Amoxicillin", {"quantity": "21 capsule"}, "Medicine dispensed", ": Amoxicillin, 21 capsule"),
    ("request", "Physiotherapy", {"reason": "Knee pain"}, "Request", ": Physiotherapy, Knee pain"),
    ("task", "Ring", {"owner": "Sam"}, "Task", ": Ring, for Sam"),
    ("form", "", {"answers": [{"question": "Smokes?", "answer": "yes"}]}, "Answers to a form", ": Smokes?: yes"),
    ("message", "", {"text": "In\ndistress", "sender": "999"}, "Message", ": from 999, In distress"),
    ("consent", "Sharing", {"decision": "deny"}, "Consent", ": Sharing, denied"),
]


@pytest.mark.parametrize(("kind", "display", "detail", "what", "rest"), SAID, ids=[one[0] for one in SAID])
def test_what_is_asked_given_and_agreed_is_told_in_words_on_timeline_list_and_news(
    make_patient: MakePatient,
    gp: Person,
    riverside: Organisation,
    kind: str,
    display: str,
    detail: dict[str, object],
    what: str,
    rest: str,
) -> None:
    patient = make_patient()
    say(riverside, patient, kind, display, detail=detail)
    held = Held(gp.actor, patient)
    page = timeline.page_of(held, Narrowed(), timeline.Cursor(), 50)
    assert [(e.what, e.rest) for s in page.sections for e in s.entries] == [(what, rest)]
    (told,) = of_one(held).items
    assert f"{told.what}{told.how}" == what + (rest if display else rest.replace(": ", ", ", 1))
    (entry,) = listing.page(held, kind, 1)["entries"]
    assert rest.removeprefix(f": {display}, ").removeprefix(": ") == entry.rest


def test_what_is_not_done_says_so(make_patient: MakePatient, gp: Person, riverside: Organisation) -> None:
    patient = make_patient()
    say(riverside, patient, "dispensed", "Adrenaline", status="not-done", type="MedicationAdministration")
    html = gp.client.get(f"/patients/{patient.pk}/timeline/?show=medicines").content.decode()
    assert "Medicine given" in html
    assert "Adrenaline, not done" in html


def test_every_kind_that_is_stored_is_shown_under_everything(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    kinds = ["problem", "medicine", "allergy", "result", "letter", "encounter", "flag", "careplan", "careteam", "goal"]
    made = {say(riverside, patient, kind, f"A {kind}").pk for kind in [*kinds, "contact", "appointment"]}
    made |= {say(riverside, patient, kind, f"A {kind}").pk for kind in KEPT}
    assert set(shown(gp.client.get(f"/patients/{patient.pk}/timeline/").content.decode())) == made


def test_every_entry_is_under_a_kind_of_its_own(make_patient: MakePatient, gp: Person, riverside: Organisation) -> None:
    patient = make_patient()
    kinds = [
        "problem",
        "medicine",
        "allergy",
        "result",
        "letter",
        "encounter",
        "flag",
        "careplan",
        "contact",
        *KEPT,
    ]
    made = {say(riverside, patient, kind, kind).pk for kind in kinds}
    held = Held(gp.actor, patient)
    found: set[UUID] = set()
    for tab in TABS:
        if tab:
            page = timeline.page_of(held, Narrowed(show=tab), timeline.Cursor(), 50)
            found |= {c.id for s in page.sections for e in s.entries for c in e.claims}
    assert found == made


def test_many_results_of_one_day_are_one_line_that_holds_each_of_them(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    made = [say(riverside, patient, "result", f"Test {n}", value=str(n), unit="g", date=days_ago(3)) for n in range(5)]
    html = gp.client.get(f"/patients/{patient.pk}/timeline/").content.decode()
    assert "5 results" in html
    assert set(shown(html)) == {one.pk for one in made}


def test_a_result_without_a_value_says_why(make_patient: MakePatient, gp: Person, riverside: Organisation) -> None:
    patient = make_patient()
    say(riverside, patient, "result", "Potassium", detail={"absent": "Sample haemolysed"})
    say(riverside, patient, "result", "Sodium", date=days_ago(2))
    html = gp.client.get(f"/patients/{patient.pk}/timeline/?show=results").content.decode()
    assert "no value: sample haemolysed" in html
    assert "no value given" in html


def test_one_admission_said_by_two_sources_is_one_line_with_both(
    make_patient: MakePatient, gp: Person, riverside: Organisation, infirmary: Organisation
) -> None:
    patient = make_patient()
    detail = {"class_code": "IMP", "end": "2026-03-09"}
    day = dt.datetime(2026, 3, 5, 9, tzinfo=dt.UTC)
    both = [
        say(source, patient, "encounter", "Inpatient stay", "32485007", status="finished", date=day, detail=detail)
        for source in (riverside, infirmary)
    ]
    other = say(infirmary, patient, "encounter", "Clinic", "32485007", status="finished", date=day, detail={})
    held = Held(gp.actor, patient)
    page = timeline.page_of(held, Narrowed(), timeline.Cursor(), 50)
    lines = [{claim.id for claim in e.claims} for s in page.sections for e in s.entries]
    assert {one.pk for one in both} in lines
    assert {other.pk} in lines
    html = gp.client.get(f"/patients/{patient.pk}/timeline/").content.decode()
    assert set(shown(html)) == {*(one.pk for one in both), other.pk}


def test_two_entries_of_one_source_stay_two_lines(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    for _ in range(2):
        say(riverside, patient, "encounter", "Consultation", "11429006", status="finished", date=days_ago(2))
    page = timeline.page_of(Held(gp.actor, patient), Narrowed(), timeline.Cursor(), 50)
    assert [len(e.claims) for s in page.sections for e in s.entries] == [1, 1]


# Filters --------------------------------------------------------------------------------------------------------------
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
