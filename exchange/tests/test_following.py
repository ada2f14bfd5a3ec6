"""Pages are followed to their end, once each, to this server only; what breaks off is said and keeps what came."""

from typing import Any
from unittest.mock import Mock
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchange.errors import AnswerTooLong, DeliveryError, LinkElsewhere, PartnerFailed, PartnerTimedOut
from exchange.pulling.asking import Page
from exchange.pulling.following import Followed, follow
from exchange.tests.reader import bundle

BASE = "https://hospital.example/FHIR/R4"


def observation(number: int) -> dict[str, Any]:
    return {"resourceType": "Observation", "id": str(number)}


def walk(pages: dict[str, Any], most: int = 50) -> tuple[Followed, list[str]]:
    """Follow from page 0; a page that is an exception is raised. Gives what was found and what was asked."""
    asked: list[str] = []

    def get(url: str) -> Page:
        asked.append(url)
        found = pages[url]
        if isinstance(found, DeliveryError):
            raise found
        return Page(found, url)

    first = f"{BASE}/p0"
    return follow(Page(pages[first], first), get, base=BASE, most=most), asked


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(sizes=st.lists(st.integers(1, 5), min_size=1, max_size=12), breaks=st.none() | st.integers(1, 11))
def test_every_entry_comes_once_in_order_or_it_is_said_that_it_broke_off(sizes: list[int], breaks: int | None) -> None:
    pages: dict[str, Any] = {}
    ids: list[list[str]] = []
    for number, size in enumerate(sizes):
        start = sum(sizes[:number])
        resources = [observation(start + n) for n in range(size)]
        ids.append([str(one["id"]) for one in resources])
        following = f"{BASE}/p{number + 1}" if number + 1 < len(sizes) else ""
        pages[f"{BASE}/p{number}"] = bundle(*resources, following=following)
    if breaks is not None and breaks < len(sizes):
        pages[f"{BASE}/p{breaks}"] = PartnerTimedOut()
    found, asked = walk(pages)
    read = breaks if breaks is not None and breaks < len(sizes) else len(sizes)
    assert [one.resource["id"] for one in found.entries] == [one for page in ids[:read] for one in page]
    assert (found.pages, found.broke is None) == (read, read == len(sizes))
    assert len(asked) == len(set(asked))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(start=st.sampled_from(["", "https://", "https://hospital.example", f"{BASE}/"]), rest=st.text(max_size=40))
def test_whatever_a_link_says_nothing_but_this_server_is_asked(start: str, rest: str) -> None:
    first = Page(bundle(observation(0), following=start + rest), f"{BASE}/p0")
    assert follow(first, _never_elsewhere, base=BASE, most=3).pages >= 1


def _never_elsewhere(url: str) -> Page:
    assert urlsplit(url)[:2] == ("https", "hospital.example")
    return Page(bundle(), url)


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://elsewhere.example/FHIR/R4/p1",
        "http://hospital.example/FHIR/R4/p1",
        "https://hospital.example:8443/FHIR/R4/p1",
        "https://hospital.example@elsewhere.example/p1",
        "//elsewhere.example/p1",
        "https://hospital.example.elsewhere.example/p1",
        "file:///etc/passwd",
        "http://[::1",
    ],
)
def test_a_link_to_another_host_is_not_followed(elsewhere: str) -> None:
    get = Mock(side_effect=AssertionError("asked elsewhere"))
    found = follow(Page(bundle(observation(0), following=elsewhere), f"{BASE}/p0"), get, base=BASE, most=5)
    assert isinstance(found.broke, LinkElsewhere)
    assert (found.pages, len(found.entries)) == (1, 1)
    get.assert_not_called()


def test_a_relative_link_is_followed() -> None:
    pages = {f"{BASE}/p0": bundle(observation(0), following="p1"), f"{BASE}/p1": bundle(observation(1))}
    found, _ = walk(pages)
    assert (found.pages, found.broke) == (2, None)


def test_a_circle_ends() -> None:
    pages = {f"{BASE}/p0": bundle(observation(0), following=f"{BASE}/p1")}
    pages |= {f"{BASE}/p1": bundle(observation(1), following=f"{BASE}/p0")}
    found, asked = walk(pages)
    assert isinstance(found.broke, LinkElsewhere)
    assert asked == [f"{BASE}/p1"]


def test_too_many_pages_end() -> None:
    pages = {f"{BASE}/p{n}": bundle(observation(n), following=f"{BASE}/p{n + 1}", total=100) for n in range(20)}
    found, _ = walk(pages, most=4)
    assert isinstance(found.broke, AnswerTooLong)
    assert (found.pages, found.of) == (4, 100)


@pytest.mark.parametrize(
    "page",
    [
        {"resourceType": "Patient"},
        {"resourceType": "Bundle"},
        {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": []}]},
        {"resourceType": "Bundle", "type": "searchset", "entry": 3},
    ],
)
def test_a_page_that_is_no_bundle_is_an_end_that_is_said(page: Any) -> None:
    found, _ = walk({f"{BASE}/p0": bundle(observation(0), following=f"{BASE}/p1"), f"{BASE}/p1": page})
    assert isinstance(found.broke, PartnerFailed)
    assert (found.pages, len(found.entries)) == (1, 1)


@pytest.mark.parametrize(
    ("severity", "code", "missing"),
    [("warning", "incomplete", True), ("error", "processing", True), ("information", "informational", False)],
)
def test_an_outcome_inside_the_bundle_is_read(severity: str, code: str, missing: bool) -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": code}]}
    found, _ = walk({f"{BASE}/p0": bundle(observation(0), outcome)})
    assert found.warned is missing
    assert [one.resource["resourceType"] for one in found.entries] == ["Observation"]
