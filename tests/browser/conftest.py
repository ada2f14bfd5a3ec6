"""The pages in a real browser, served by a thread of the test on the test's own database."""

import datetime as dt
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Browser, Page

from access.models import Organisation
from conftest import Person
from exchange.models import ConnectionTest, Partner
from records.models import Patient
from records.tests.saying import file_letter, relate, say

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright keeps an event loop in the test's thread
SignIn = Callable[..., Page]


@pytest.fixture
def sign_in(live_server: Any, chromium: Browser) -> Iterator[SignIn]:
    """A page in which somebody is signed in; the test fails on any error of a script or of the content policy."""
    contexts, errors = [], []

    def in_browser(person: Person | None, *, width: int = 1280, javascript: bool = True) -> Page:
        context = chromium.new_context(
            base_url=live_server.url, viewport={"width": width, "height": 900}, java_script_enabled=javascript
        )
        contexts.append(context)
        if person is not None:
            session = person.client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console", lambda m: errors.append(m.text) if m.type == "error" and "status of 4" not in m.text else None
        )
        return page

    yield in_browser
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def jane(
    make_patient: Callable[..., Patient], riverside: Organisation, infirmary: Organisation, cityview: Organisation
) -> Patient:
    """Somebody of whom all three sources say something, with everything a page can show."""
    patient = make_patient(address="14 Millrace Road", postcode="ZZ1 3JS", phone="01632 960148", usual_gp="Dr A Khan")
    relate(patient, cityview, "caseload")
    now = timezone.now()
    say(riverside, patient, "problem", "Chronic kidney disease stage 3A", "700378005")
    say(infirmary, patient, "problem", "Chronic kidney disease stage 3B", "700379002")
    say(riverside, patient, "problem", "Pneumonia", "233604007", status="resolved")
    say(riverside, patient, "medicine", "Bisoprolol 2.5mg tablets", "318605000", detail={"dose": "2.5 mg"})
    say(infirmary, patient, "medicine", "Bisoprolol 5mg tablets", "318590006", detail={"dose": "5 mg"})
    say(riverside, patient, "medicine", "Naproxen 250mg tablets", "329806007")
    say(infirmary, patient, "medicine", "Naproxen 250mg tablets", "329806007", status="stopped")
    say(riverside, patient, "allergy", "Allergy to penicillin", "91936005", detail={"reaction": "Anaphylaxis"})
    say(riverside, patient, "flag", "Large print", category=["Reasonable Adjustment"])
    for days, value in enumerate(("58", "51", "45")):
        day = now - dt.timedelta(days=days * 100 + 9)
        say(riverside, patient, "result", "HbA1c", "1", value=value, unit="mmol/mol", detail={"high": "41"}, date=day)
    odd = {"comparator": "<", "low": "10", "components": [{"value": "red"}], "note": "Haemolysed"}
    day = now - dt.timedelta(days=3)
    ferritin = say(infirmary, patient, "result", "Ferritin", "2", value="5", unit="ug/L", detail=odd, date=day)
    results = [f"Observation/{ferritin.pk}", "Observation/lost"]
    say(infirmary, patient, "report", "Iron studies", status="partial", detail={"results": results}, date=day)
    say(riverside, patient, "encounter", "Consultation", detail={"note": "Ankles swollen."})
    say(cityview, patient, "careplan", "Two visits a day", status="on-hold")
    say(cityview, patient, "contact", "Ruth", detail={"name": "Ruth Smith", "phone": "01632 960402"})
    noon = timezone.localtime().replace(hour=12, minute=0)
    say(riverside, patient, "appointment", status="booked", date=noon, detail={"practitioner": "Dr A Khan"})
    file_letter(infirmary, patient, "<h1>Discharge</h1><p>Seen</p><ul><li>x</li></ul>", gp_actions="repeat U&E")
    return patient


@pytest.fixture
def failing_partner(pharmacy: Organisation) -> Partner:
    """A partner whose connection was tested and failed, and of whom something was read."""
    address = "https://pharmacy.example"
    partner = Partner.objects.create(organisation=pharmacy, endpoint=address, token_url=f"{address}/t")
    told = {"phase": "resolve", "ended": "failed", "milliseconds": 9, "sentence": "Not found.", "turn": "Ask them."}
    now = timezone.now()
    ConnectionTest.objects.create(partner=partner, asked_by="Tom", started_at=now, ended_at=now, steps=[told])
    return partner
