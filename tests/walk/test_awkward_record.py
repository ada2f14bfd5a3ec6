"""An awkward record on every page: it renders, says what is odd, and loses nothing."""

import re
from pathlib import Path
from urllib.parse import quote

import pytest

from access.models import Organisation
from conftest import Person
from records.models import Patient, Resource
from records.reach import resources
from records.tests.taking import counts, take, write
from tests.walk import awkward
from tests.walk.walking import Walk, visible, walk

pytestmark = pytest.mark.django_db


@pytest.fixture
def somebody(riverside: Organisation, tmp_path: Path) -> Patient:
    lines = [awkward.patient(), *awkward.resources()]
    file = write(tmp_path / "awkward.ndjson", *lines)
    file.write_text(file.read_text().replace('"value": 142.5,', '"value": 142.50,'))  # as no Python float is written
    assert counts(take(file, riverside, practice=riverside)) == (len(lines), 0, 0, 0)
    return Patient.objects.get()


def text_of(person: Person, address: str) -> str:
    answer = person.client.get(address)
    assert answer.status_code == 200
    return " ".join(visible(answer.content.decode()).split())


def test_every_page_renders_and_nothing_is_lost(somebody: Patient, gp: Person) -> None:
    walked: Walk = walk(gp.client, somebody)
    assert walked.faults == []
    assert walked.listed == set(resources(gp.actor, somebody).values_list("pk", flat=True))


def test_names_are_shown_whole_and_cannot_run(somebody: Patient, gp: Person) -> None:
    page = gp.client.get(f"/patients/{somebody.pk}/").content.decode()
    assert awkward.RIGHT_TO_LEFT in page
    assert awkward.EMOJI in page
    assert "<script>alert(1)" not in page
    assert "<script>alert(1)" in visible(page)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Onset 2014", "2014"),
        ("Onset 2031-01-01", "in the future"),
        ("Onset in words", "when the war ended"),
        ("Weight and no weight", "70 kg"),
        ("Parts without codes", "Unnamed part"),
        ("Below the limit", "<5"),
        ("Very exact", "142.50"),
        ("Something unheard of", "Something unheard of"),
        ("Taken back", "entered in error"),
    ],
)
def test_what_is_odd_is_said_on_its_own_page(somebody: Patient, gp: Person, name: str, said: str) -> None:
    found = Resource.objects.get(patient=somebody, display=name)
    page = text_of(gp, f"/patients/{somebody.pk}/items/{found.pk}/")
    assert said.replace(" ", "").casefold() in page.replace(" ", "").casefold()


def test_a_value_that_is_also_said_to_be_absent_is_marked(somebody: Patient, gp: Person) -> None:
    found = Resource.objects.get(patient=somebody, display="Weight and no weight")
    page = text_of(gp, f"/patients/{somebody.pk}/items/{found.pk}/")
    assert "unknown" in page.casefold()


def test_ten_thousand_results_of_one_test(
    somebody: Patient, riverside: Organisation, gp: Person, tmp_path: Path
) -> None:
    file = write(tmp_path / "many.ndjson", *awkward.many_results())
    assert counts(take(file, riverside)) == (awkward.MANY, 0, 0, 0)
    one = Resource.objects.filter(patient=somebody, source_key="many0").get()
    page = text_of(gp, f"/patients/{somebody.pk}/results/{one.pk}/")
    assert "10,000" in page
    listed: set[str] = set()
    for number in range(1, awkward.MANY // 100 + 2):
        answer = gp.client.get(f"/patients/{somebody.pk}/entries/result/?page={number}")
        listed |= set(re.findall(r'data-item="([^"]+)"', answer.content.decode()))
    of_test = Resource.objects.filter(patient=somebody, kind="result").values_list("pk", flat=True)
    assert listed == {str(pk) for pk in of_test}
    for address in ("", "timeline/", "results/", "entries/"):
        assert gp.client.get(f"/patients/{somebody.pk}/{address}").status_code == 200


def test_a_search_for_anything_answers(somebody: Patient, gp: Person) -> None:
    for words in (
        awkward.RIGHT_TO_LEFT,
        awkward.EMOJI,
        "'",
        '"',
        "\\",
        "%",
        "a" * 3000,
        "<script>",
        "' OR 1=1 --",
        "&|!()",
    ):
        answer = gp.client.get(f"/patients/{somebody.pk}/timeline/?q={quote(words)}")
        assert answer.status_code in (200, 405, 422), words
        assert "<script>alert" not in answer.content.decode()
