"""The pages of results: every result on exactly one test's page, panels and reports in order, ten thousand in time."""

import datetime as dt
import time
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.models import AuditEvent, Organisation
from conftest import Person
from records import panels
from records.models import Patient, Resource
from records.screen import measured
from records.screen.held import Held
from records.tests.saying import say

MakePatient = Callable[..., Patient]
pytestmark = pytest.mark.django_db
NOW = timezone.now()


def page(person: Person, patient: Patient, rest: str, status: int = 200, **asked: Any) -> str:
    answer = person.client.get(f"/patients/{patient.pk}/{rest}", **asked)
    assert answer.status_code == status
    return answer.content.decode()


def shown(panel: dict[str, Any]) -> list[UUID]:
    return [claim.id for row in panel["listed"] for claim in row.claims]


# Every result on exactly one page -------------------------------------------------------------------------------------
def _pages(held: Held) -> Iterable[list[UUID]]:
    """The results on each test's page, by the tests of the list."""
    for series in held.tests:
        panel = measured.over_time(held, series[0].id)
        assert panel is not None
        pages = panel["shown"].paginator.num_pages
        found = []
        for number in range(1, pages + 1):
            one = measured.over_time(held, series[0].id, number)
            assert one is not None
            found += shown(one)
        yield found


_RESULTS = st.lists(
    st.fixed_dictionaries(
        {
            "display": st.sampled_from(["HbA1c", "Ferritin", ""]),
            "code": st.sampled_from(["", "1", "2"]),
            "code_system": st.sampled_from(["", "http://snomed.info/sct", "http://loinc.org"]),
            "value": st.sampled_from(["5", "<5", "132/78", "text", ""]),
            "status": st.sampled_from(["final", "entered-in-error", "cancelled", "preliminary"]),
            "date": st.none() | st.integers(0, 3).map(lambda days: NOW - dt.timedelta(days=days)),
        }
    ),
    max_size=14,
)


@given(results=_RESULTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
def test_every_stored_result_is_on_exactly_one_tests_page(
    results: list[dict[str, Any]],
    make_patient: MakePatient,
    gp: Person,
    riverside: Organisation,
    infirmary: Organisation,
) -> None:
    Resource.objects.all().delete()
    patient = Patient.objects.first() or make_patient()
    rows = [
        say((riverside, infirmary)[n % 2], patient, "result", one.pop("display"), **one)
        for n, one in enumerate(map(dict, results))
    ]
    listed = [pk for found in _pages(Held(gp.actor, patient)) for pk in found]
    assert sorted(listed) == sorted(row.pk for row in rows)


# The list -------------------------------------------------------------------------------------------------------------
def test_a_name_finds_a_test_with_and_without_scripts(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    say(riverside, patient, "result", "Serum potassium", "1", value="4.7")
    say(riverside, patient, "result", "Ferritin", "2", value="30")
    client, find = gp.client, f"/patients/{patient.pk}/results/find/"
    answer = client.post(find, {"words": "pot ser"}, follow=True)
    assert answer.redirect_chain == [(find, 302)]  # the words are in no address
    whole = answer.content.decode()
    assert whole.startswith("<!DOCTYPE html>")
    part = client.post(find, {"words": "pot"}, headers={"HX-Request": "true"}).content.decode()
    assert part.strip().startswith('<div id="tests"')
    for html in (whole, part):
        assert "Serum potassium" in html
        assert "Ferritin" not in html
    none = client.post(find, {"words": "zz"}, follow=True).content.decode()
    assert "No test has “zz” in its name" in none
    assert f'href="/patients/{patient.pk}/results/"' in none
    assert AuditEvent.objects.filter(action="opened results").count() == 2
    assert "Ferritin" in page(gp, patient, "results/")  # what was looked for narrows no other page
    other = make_patient(family="Other", nhs_number="9991234528")
    assert "“zz”" not in page(gp, other, "results/find/")


def test_words_in_the_address_narrow_nothing(make_patient: MakePatient, gp: Person, riverside: Organisation) -> None:
    patient = make_patient()
    say(riverside, patient, "result", "Ferritin", "2", value="30")
    assert "Ferritin" in page(gp, patient, "results/?q=potassium")


def test_found_tests_go_on_from_page_to_page_without_their_words(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    for number in range(60):
        say(riverside, patient, "result", f"Serum thing {number}", f"{number}1", value="1")
    say(riverside, patient, "result", "Ferritin", "2", value="30", date=NOW - dt.timedelta(days=99))
    client, find = gp.client, f"/patients/{patient.pk}/results/find/"
    first = client.post(find, {"words": "serum"}, follow=True).content.decode()
    assert f'href="{find}?page=2"' in first
    second = client.get(f"{find}?page=2").content.decode()
    assert second.count("Serum thing") >= 10
    assert "Ferritin" not in second


def test_the_latest_says_why_there_is_no_value_and_what_is_not_final(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    say(riverside, patient, "result", "INR", "1", value="", detail={"absent": "Refused"}, status="final")
    say(riverside, patient, "result", "INR", "1", value="2.5", date=NOW - dt.timedelta(days=9))
    say(riverside, patient, "result", "CRP", "2", value="5", detail={"comparator": "<"}, status="preliminary")
    say(riverside, patient, "result", "Panel", "3", value="", detail={"members": ["Observation/x"]})
    trends = {t.name: t for t in panels.results(gp.actor, patient)["trends"]}
    assert trends["INR"].value == "No value: refused"
    assert (trends["CRP"].value, trends["CRP"].status) == ("<5", "Preliminary")
    assert "Panel" not in trends
    html = page(gp, patient, "results/")
    for said in ("No value: refused", "&lt;5", "Preliminary", "1 result"):
        assert said in html


def test_two_sources_at_one_moment_agree_or_disagree(
    make_patient: MakePatient, gp: Person, riverside: Organisation, infirmary: Organisation
) -> None:
    patient = make_patient()
    for source, hba1c, potassium in ((riverside, "58", "4.7"), (infirmary, "58", "5.9")):
        say(source, patient, "result", "HbA1c", "1", value=hba1c, unit="mmol/mol", date=NOW)
        say(source, patient, "result", "Potassium", "2", value=potassium, unit="mmol/L", date=NOW)
    trends = {t.name: t for t in panels.results(gp.actor, patient)["trends"]}
    assert [s.letters for s in trends["HbA1c"].sources] == ["GP", "NI"]
    assert trends["HbA1c"].differs == ""
    assert trends["Potassium"].differs.startswith("Sources disagree: ")
    assert all(said in trends["Potassium"].differs for said in ("4.7 mmol/L (GP)", "5.9 mmol/L (NI)"))
    one, two = (measured.over_time(Held(gp.actor, patient), trends[name].latest.id) for name in ("HbA1c", "Potassium"))
    assert one is not None
    assert two is not None
    assert [len(row.claims) for row in one["listed"]] == [2]
    assert [len(row.claims) for row in two["listed"]] == [1, 1]
    html = page(gp, patient, f"results/{trends['Potassium'].latest.id}/")
    assert "Sources disagree: NI says 5.9 mmol/L at the same time" in html


# One test -------------------------------------------------------------------------------------------------------------
def test_what_a_page_of_one_test_says(
    make_patient: MakePatient, gp: Person, riverside: Organisation, infirmary: Organisation
) -> None:
    patient = make_patient()

    def result(days: int, value: str, unit: str = "g/L", source: Organisation = riverside, **more: Any) -> Resource:
        date = NOW - dt.timedelta(days=days)
        return say(source, patient, "result", "Haemoglobin", "1", value=value, unit=unit, date=date, **more)

    latest = result(1, "132", detail={"low": "120", "high": "160", "interpretation": "N"})
    result(100, "11.90", "g/dL", infirmary, detail={"low": "12.0", "high": "16.0"})
    result(200, "999", status="entered-in-error")
    result(300, "8", detail={"comparator": "<"}, status="amended")
    result(-40, "140")
    html = page(gp, patient, f"results/{latest.pk}/")
    for said in (
        "11.90", "drawn as 119.0 g/L", "low", "<s>999</s>", "Entered in error", "&lt;8", "Amended",
        "Dated in the future", "round:", "square:", "below 8", "12.0 to 16.0",
    ):  # fmt: skip
        assert said in html, said
    assert "highest 999" not in html


def test_a_changed_unit_has_a_chart_of_its_own(make_patient: MakePatient, gp: Person, riverside: Organisation) -> None:
    patient = make_patient()
    for days, value, unit in ((900, "7.1", "%"), (800, "7.4", "%"), (90, "54", "mmol/mol"), (1, "58", "mmol/mol")):
        date = NOW - dt.timedelta(days=days)
        row = say(riverside, patient, "result", "HbA1c", "1", value=value, unit=unit, date=date)
    html = page(gp, patient, f"results/{row.pk}/")
    assert html.count('<svg class="chart"') == 2
    assert "They are not drawn on one line." in html


def test_parts_texts_and_odd_things_are_listed(make_patient: MakePatient, gp: Person, riverside: Organisation) -> None:
    patient = make_patient()
    parts = [{"display": "Colour", "value": "red"}, {"value": "5", "unit": "mg", "comparator": ">", "high": "4"}]
    row = say(riverside, patient, "result", "", "", value="", detail={"components": parts, "absent": "Error"})
    html = page(gp, patient, f"results/{row.pk}/")
    for said in ("Test without a name", "Colour: red", "Unnamed part: &gt;5", "high", "No value: error", "up to 4"):
        assert said in html, said
    text = say(riverside, patient, "result", "Culture", "9", value="x" * 400, detail={"text": "No growth. " * 90})
    assert "No growth. " * 90 in page(gp, patient, f"results/{text.pk}/")


def test_ten_thousand_results_of_one_code_open_in_time(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    Resource.objects.bulk_create(
        Resource(
            id=uuid4(), source=riverside, patient=patient, type="Observation", kind="result", source_key=str(n),
            sha256="", body="{}", code="1", code_system="http://snomed.info/sct", display="Glucose", status="final",
            value=str(n % 90), unit="mmol/L", date=NOW - dt.timedelta(hours=n), detail={"low": "3", "high": "8"},
        )
        for n in range(10_000)
    )  # fmt: skip
    oldest = Resource.objects.order_by("date").first()
    assert oldest is not None
    client = gp.client
    took = []
    for _ in range(4):
        before = time.thread_time()
        answer = client.get(f"/patients/{patient.pk}/results/{oldest.pk}/")
        took.append(time.thread_time() - before)
    html = answer.content.decode()
    assert "Page 200 of 200" in html
    assert "There are 10,000 results" in html
    assert 'class="wanted" aria-current="true"' in html
    assert len(html) < 150_000
    assert min(took) < 0.4  # our own computing, which other work on the machine does not lengthen


# Reports --------------------------------------------------------------------------------------------------------------
def test_a_report_shows_its_results_in_its_order_and_names_what_is_missing(
    make_patient: MakePatient, gp: Person, riverside: Organisation, infirmary: Organisation
) -> None:
    patient, other = make_patient(), make_patient(nhs_number="9991234528")
    hb = say(infirmary, patient, "result", "Haemoglobin", "1", value="101", unit="g/L", detail={"low": "120"})
    white = say(infirmary, patient, "result", "White cells", "2", value="7.1", unit="10*9/L")
    theirs = say(infirmary, other, "result", "Unmistakable", "3", value="1")
    panel = say(infirmary, patient, "result", "Differential", "4", value="")
    deeper = say(infirmary, patient, "result", "Neutrophils", "5", value="3.2")
    for row, members in ((panel, [deeper, panel]), (deeper, [panel])):
        row.detail = {"members": [f"Observation/{one.pk}" for one in members]}
        row.save()
    named = [white, hb, panel, theirs]
    results = [*(f"Observation/{row.pk}" for row in named), "Observation/lost"]
    report = say(
        infirmary, patient, "report", "Full blood count", "6", status="partial",
        detail={"results": results, "conclusion": "Anaemia. " * 3, "files": ["Scan.pdf"]},
    )  # fmt: skip
    html = page(gp, patient, f"reports/{report.pk}/")
    order = [html.index(f">{name}<") for name in ("White cells", "Haemoglobin", "Differential", "Neutrophils")]
    assert order == sorted(order)
    assert html.count("has not been sent to us") == 2
    for said in ("Part of the results only", "Anaemia.", "low", "A file came with this report: Scan.pdf"):
        assert said in html
    assert "Unmistakable" not in html
    assert "Full blood count" in page(gp, patient, "reports/")
    assert "Neutrophils" in page(gp, patient, f"reports/{panel.pk}/")
    page(gp, other, f"reports/{report.pk}/", status=404)


def test_a_restless_page_number_is_no_error(make_patient: MakePatient, gp: Person, riverside: Organisation) -> None:
    patient = make_patient()
    row = say(riverside, patient, "result", "INR", "1", value="2")
    for number in ("0", "-1", "x", "99999999999", "²", "9999"):
        for place in ("results/", f"results/{row.pk}/", "reports/"):
            page(gp, patient, f"{place}?page={number}")
