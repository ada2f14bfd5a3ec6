"""Every address, walked: the anonymous sign in first, the stranger learns nothing, each role stays in its rooms."""

import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from access.models import AuditEvent
from conftest import Person
from records.models import Patient

#: Answered to anybody, because it must be: signing in, whether we are alive, and what FHIR says must be open.
OPEN = {
    "sign-in/",
    "open/",
    "healthz",
    "readyz",
    "metrics",
    ".well-known/jwks.json",
    ".well-known/smart-configuration",
    "fhir/R4/metadata",
    "fhir/R4/.well-known/smart-configuration",
    "oauth2/token",
}
#: Addresses of partner systems: a bearer token or 401.
API = "fhir/"


def addresses() -> Iterator[tuple[str, Any]]:
    """Every route as (pattern text, callback)."""

    def walk(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[tuple[str, Any]]:
        for pattern in patterns:
            route = before + str(pattern.pattern).lstrip("^").rstrip("$")
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, route)
            else:
                yield route, pattern.callback

    return walk(get_resolver().url_patterns, "")


def filled(route: str, values: dict[str, Any]) -> str:
    """The route with its parameters replaced: known ids by the cast's, others by one that does not exist."""

    def value(match: re.Match[str]) -> str:
        return str(values.get(match.group("name"), uuid.uuid4() if match.group("kind") == "uuid" else "1"))

    return "/" + re.sub(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>", value, route)


ROUTES = sorted({route for route, _ in addresses()})


def test_there_are_addresses_to_walk() -> None:
    assert len(ROUTES) > 20


@pytest.mark.django_db
@pytest.mark.parametrize("route", [r for r in ROUTES if r not in OPEN])
@pytest.mark.parametrize("method", ["get", "post"])
def test_the_anonymous_see_nothing(route: str, method: str, make_patient: Callable[..., Patient]) -> None:
    patient = make_patient(family="Unmistakable")
    response = getattr(Client(), method)(filled(route, {"patient_id": patient.pk}))
    if route.startswith(API):
        assert response.status_code in (401, 404, 405)
        assert response.headers["Content-Type"].startswith("application/fhir+json")
    else:
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/sign-in/")
    assert b"Unmistakable" not in response.content
    assert not AuditEvent.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("route", [r for r in ROUTES if not r.startswith(API) and r not in OPEN])
def test_the_stranger_learns_nothing(route: str, make_patient: Callable[..., Patient], stranger: Person) -> None:
    """A GP of another practice: whatever names the patient answers 404 as if there were none, and nothing is logged."""
    patient = make_patient(family="Unmistakable", given="Zebedee", search_text="unmistakable zebedee")
    client = stranger.client
    response = client.get(filled(route, {"patient_id": patient.pk}), {"patient": str(patient.pk), "q": "Unmistakable"})
    assert response.status_code in (200, 302, 403, 404, 405)
    if "patient_id" in route:
        assert response.status_code in (403, 404, 405)
        nobody = client.get(filled(route, {"patient_id": uuid.uuid4()}))
        assert nobody.status_code == response.status_code
        assert not AuditEvent.objects.filter(patient_id=patient.pk).exists()
    body = response.content.decode(errors="replace")
    assert "Zebedee" not in body  # the family name may stand there: as what was asked for
    assert str(patient.pk) not in body


@pytest.mark.django_db
@pytest.mark.parametrize("route", [r for r in ROUTES if "patient_id" in r and not r.startswith(API)])
@pytest.mark.parametrize("who", ["social_worker", "hospital_clinician", "privacy_officer"])
def test_who_has_no_relationship_reaches_no_patient_page(
    route: str, who: str, make_patient: Callable[..., Patient], request: pytest.FixtureRequest
) -> None:
    patient = make_patient()
    person: Person = request.getfixturevalue(who)
    response = person.client.get(filled(route, {"patient_id": patient.pk}))
    assert response.status_code in (403, 404, 405)
    assert not AuditEvent.objects.filter(patient_id=patient.pk).exists()
