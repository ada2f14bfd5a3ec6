"""The care summary and social care's panel become true by themselves."""

import re
from collections.abc import Callable

import pytest

from access.models import AuditEvent, Organisation
from conftest import Person
from records.models import Patient
from records.tests.saying import relate, say

pytestmark = pytest.mark.django_db


@pytest.fixture
def jane(make_patient: Callable[..., Patient], cityview: Organisation) -> Patient:
    patient = make_patient()
    relate(patient, cityview, "caseload")
    return patient


def again(html: str, part: str) -> str:
    """The address by which a part of the page asks for itself again."""
    found = re.search(rf'id="{part}"[^>]*hx-get="([^"]+)"', html)
    assert found, f"{part} never asks again"
    return found[1].replace("&amp;", "&")


def test_a_summary_that_is_open_shows_what_comes_in(
    jane: Patient, social_worker: Person, riverside: Organisation
) -> None:
    client = social_worker.client
    address = again(client.get(f"/care/{jane.pk}/").content.decode(), "care-summary")
    assert client.get(address).status_code == 204
    say(riverside, jane, "allergy", "Allergy to penicillin", "91936005")
    answer = client.get(address)
    assert answer.status_code == 200
    html = answer.content.decode()
    assert "Allergic to penicillin" in html
    assert "<h1" not in html
    assert client.get(again(html, "care-summary")).status_code == 204
    assert AuditEvent.objects.filter(action="opened care summary").count() == 1


def test_social_cares_panel_fetches_itself_when_the_record_changed(
    jane: Patient, gp: Person, cityview: Organisation
) -> None:
    page = gp.client.get(f"/patients/{jane.pk}/").content.decode()
    part = page[page.index('id="care"') :]
    assert part.index('hx-trigger="record-changed from:body"') < part.index("<h2")
    say(cityview, jane, "careplan", "Two visits a day", status="on-hold")
    answer = gp.client.get(again(page, "care"))
    assert answer.status_code == 200
    assert "Two visits a day" in answer.content.decode()
    assert answer.content.decode().lstrip().startswith("<section")
    assert AuditEvent.objects.filter(patient_id=jane.pk).count() == 1


def test_each_part_is_for_its_own_readers(jane: Patient, gp: Person, social_worker: Person) -> None:
    assert gp.client.get(f"/care/{jane.pk}/parts/").status_code == 403
    assert social_worker.client.get(f"/care/{jane.pk}/panel/").status_code == 403
