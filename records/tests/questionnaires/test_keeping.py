"""A practice's forms: which version is used when, what is taken in and what is not, and who may."""

import datetime as dt
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.models import AuditEvent
from conftest import Person
from records.models import Form, FormStart, FormVersion
from records.questionnaires.comparing import differences
from records.questionnaires.reading import read
from records.questionnaires.starting import Start, State, in_use, periods, state
from records.tests.questionnaires.test_engine import EXAMPLES, item, questionnaire, when

NOWHERE = when("z", "exists", answerBoolean=True)
UNHURRIED = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
DAY = dt.date(2026, 11, 1)
#: Versions and days, as they were said one after the other.
SAID = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 20)), max_size=8)


def made(said: list[tuple[int, int]]) -> list[Start]:
    return [Start(version, DAY + dt.timedelta(days=days)) for version, days in said]


@UNHURRIED
@given(SAID, st.integers(-2, 25))
def test_the_version_used_on_a_day_is_the_last_said_for_the_latest_day_begun(
    said: list[tuple[int, int]], n: int
) -> None:
    starts, day = made(said), DAY + dt.timedelta(days=n)
    begun = [(one.day, place, one.version) for place, one in enumerate(starts) if one.day <= day]
    assert in_use(starts, day) == (max(begun)[2] if begun else None)
    held = [one.version for one in periods(starts) if one.first <= day and (one.last is None or day <= one.last)]
    assert held == ([max(begun)[2]] if begun else [])


@UNHURRIED
@given(SAID, st.integers(0, 25), st.integers(1, 4))
def test_what_is_said_for_a_day_changes_no_day_before_it(said: list[tuple[int, int]], n: int, version: int) -> None:
    starts, new = made(said), Start(version, DAY + dt.timedelta(days=n))
    for before in (new.day - dt.timedelta(days=days) for days in range(1, 8)):
        assert in_use([*starts, new], before) == in_use(starts, before)
    assert in_use([*starts, new], new.day) == version
    assert state(version, [*starts, new], new.day) is State.VALID


@UNHURRIED
@given(SAID, st.integers(0, 25))
def test_exactly_the_version_in_use_is_called_so(said: list[tuple[int, int]], n: int) -> None:
    starts, today = made(said), DAY + dt.timedelta(days=n)
    called = [number for number in range(1, 5) if state(number, starts, today) is State.VALID]
    assert called == [one for one in [in_use(starts, today)] if one]


def test_two_versions_differ_in_words() -> None:
    older = read(questionnaire(item("a"), item("b", required=True), item("c", "choice", answerOption=[_yes()])))
    newer = read(
        questionnaire(
            item("a", required=True, enableWhen=[when("d", "exists", answerBoolean=True)]),
            item("c", "choice", answerOption=[_yes(), {"valueCoding": {"code": "n", "display": "No"}}]),
            {**item("d"), "text": "New"},
        )
    )
    assert differences(older, newer) == [
        "Added: “New”.",
        "Removed: “Question b”.",
        "“Question a” must now be answered.",
        "“Question a” is asked under other conditions.",
        "“Question c” can now be answered “No”.",
    ]
    worded = read(questionnaire({**item("a"), "text": "Other words"}))
    assert differences(read(questionnaire(item("a"))), worded) == [
        "Worded anew: “Question a” is now “Other words”.",
    ]
    assert differences(older, older) == []


def _yes() -> dict[str, Any]:
    return {"valueCoding": {"code": "y", "display": "Yes"}}


def send(client: Client, address: str, text: str, **more: str) -> Any:
    file = SimpleUploadedFile("form.json", text.encode(), content_type="application/json")
    return client.post(address, {"file": file, **more})


@pytest.mark.django_db
def test_a_form_is_taken_in_used_followed_and_rolled_back(practice_manager: Person) -> None:
    client, today = practice_manager.client, timezone.localdate()
    first = json.dumps(questionnaire(item("a"), item("f", "attachment")), indent=3)
    assert send(client, "/settings/forms/take-in/", first, name="Falls").status_code == 302
    form = Form.objects.get()
    base = f"/settings/forms/{form.pk}/"
    assert client.get(f"{base}1/form.json").content.decode() == first
    page = client.get(base).content.decode()
    assert "Draft" in page
    assert "asks for a file, and is not shown" in page
    assert client.post(f"{base}1/start/", {"day": today.isoformat()}).status_code == 302
    assert send(client, f"{base}take-in/", json.dumps(questionnaire(item("a", required=True)))).status_code == 302
    later = today + dt.timedelta(days=3)
    assert client.post(f"{base}2/start/", {"day": later.isoformat()}).status_code == 302
    assert "Planned" in client.get(base).content.decode()
    assert client.post(f"{base}2/start/", {"day": today.isoformat()}).status_code == 302
    assert client.post(f"{base}1/again/").status_code == 302
    assert [(one.version.number, one.day) for one in FormStart.objects.order_by("pk")] == [
        (1, today), (2, later), (2, today), (1, today),
    ]  # fmt: skip
    compared = client.get(f"{base}?older=1&newer=2").content.decode()
    assert "“Question a” must now be answered." in compared
    acts = AuditEvent.objects.exclude(action__startswith="opened").order_by("pk").values_list("action", flat=True)
    assert [one.split(" from ")[0] for one in acts] == [
        "took in form", "exported form", "put a form to use", "took in form", "put a form to use",
        "put a form to use", "rolled a form back",
    ]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", ["is not JSON"]),
        ("[]", ["not a FHIR Questionnaire"]),
        ('{"resourceType": "Questionnaire", "title": "\\u0000"}', ["null character"]),
        ('{"resourceType": "Questionnaire", "title": "\\ud800"}', ["half of a pair"]),
        (
            json.dumps(questionnaire(item("a"), item("a"), item("b", enableWhen=[NOWHERE]))),
            ["the same link id, a", "not there, z"],
        ),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_told_whole_and_leaves_nothing(
    practice_manager: Person, text: str, says: list[str]
) -> None:
    response = send(practice_manager.client, "/settings/forms/take-in/", text, name="X")
    assert response.status_code == 422
    for one in says:
        assert one in response.content.decode()
    assert not Form.objects.exists()
    assert not FormVersion.objects.exists()
    assert not AuditEvent.objects.exists()


@pytest.mark.django_db
def test_a_version_begins_today_or_later_and_only_once(practice_manager: Person) -> None:
    client, today = practice_manager.client, timezone.localdate()
    text = json.dumps(questionnaire(item("a")))
    send(client, "/settings/forms/take-in/", text)
    base = f"/settings/forms/{Form.objects.get().pk}/"
    assert send(client, "/settings/forms/take-in/", text).status_code == 422  # the name is used
    assert send(client, f"{base}take-in/", text).status_code == 422  # the version is here
    for day in ("", "soon", (today - dt.timedelta(days=1)).isoformat()):
        assert client.post(f"{base}1/start/", {"day": day}).status_code == 422
    assert client.post(f"{base}1/again/").status_code == 302  # never used: nothing to go back to
    assert not FormStart.objects.exists()
    assert FormVersion.objects.count() == 1


@pytest.mark.django_db
def test_only_the_practices_own_manager_reaches_a_form(practice_manager: Person, gp: Person, stranger: Person) -> None:
    send(practice_manager.client, "/settings/forms/take-in/", json.dumps(questionnaire(item("a"))))
    address = f"/settings/forms/{Form.objects.get().pk}/"
    assert gp.client.get(address).status_code == 403
    assert stranger.client.get(address).status_code == 403
    Form.objects.update(organisation=stranger.membership.organisation)
    assert practice_manager.client.get(address).status_code == 404
    assert practice_manager.client.get(f"{address}1/form.json").status_code == 404
    assert practice_manager.client.post(f"{address}1/start/", {"day": timezone.localdate()}).status_code == 404
    assert not FormStart.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["NOC", "PTS"])
@pytest.mark.skipif(not EXAMPLES.exists(), reason="the published examples lie beside the project")
def test_the_published_forms_go_in_and_come_out_as_they_were(practice_manager: Person, name: str) -> None:
    text = (EXAMPLES / f"Questionnaire_for_{name}.json").read_text()
    assert send(practice_manager.client, "/settings/forms/take-in/", text).status_code == 302
    assert FormVersion.objects.get().source == text.removeprefix("\ufeff")
