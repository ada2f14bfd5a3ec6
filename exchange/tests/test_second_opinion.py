"""Published resources, damaged in every way we could think of: what the second validator refuses, ours refuses too."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from exchange.fhir.validate import check
from exchange.tests.second_opinion import faults

EXAMPLES = Path(__file__).resolve().parents[3] / "shared" / "data" / "hl7-r4-examples"
OURS = {
    "resourceType": "Observation",
    "id": "o1",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "718-7", "display": "Haemoglobin"}]},
    "subject": {"reference": "Patient/p1", "display": "Jane Smith"},
    "effectiveDateTime": "2026-05-01T09:00:00Z",
    "performer": [{"reference": "Organization/a"}, {"reference": "Organization/b"}],
    "valueQuantity": {"value": 142.5, "unit": "g/L", "system": "http://unitsofmeasure.org", "code": "g/L"},
    "referenceRange": [{"low": {"value": 120}, "high": {"value": 150}, "text": "120 to 150"}],
    "extension": [{"url": "https://example.org/own", "valueUri": "https://example.org/x"}],
}
DAMAGE: dict[str, Callable[[Any], Any]] = {
    "null": lambda value: None,
    "a number": lambda value: 7,
    "words": lambda value: "a b",
    "a list of it": lambda value: [value],
    "an object": lambda value: {"x": 1},
    "an empty list": lambda value: [],
    "no such day": lambda value: "2026-02-30",
}
GONE = "gone"
RENAMED = "renamed"


def places(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every element of a resource but its narrative."""
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, value in inside:
        if step != "div":
            yield (*path, step)
            yield from places(value, (*path, step))


def damaged(resource: dict[str, Any], place: tuple[str | int, ...], how: str) -> dict[str, Any]:
    """The resource with one element changed."""
    made = copy.deepcopy(resource)
    node: Any = made
    *steps, last = place
    for step in steps:
        node = node[step]
    if how == GONE:
        del node[last]
    elif how == RENAMED:
        node[f"{last}x" if isinstance(last, str) else last] = node.pop(last)
    else:
        node[last] = DAMAGE[how](node[last])
    return made


def let_through(resource: dict[str, Any], place: tuple[str | int, ...]) -> list[str]:
    """Kinds of damage in this place that only the second validator finds."""
    kinds = [*DAMAGE, GONE, *([RENAMED] if isinstance(place[-1], str) else [])]
    made = {how: damaged(resource, place, how) for how in kinds}
    return [f"{how} at {place}" for how, one in made.items() if faults(one) and not check(one)]


def test_the_second_validator_can_say_no() -> None:
    assert faults(OURS) == []
    assert check(OURS) == []
    assert faults(damaged(OURS, ("code",), GONE)) == ["Observation.code: required element missing"]
    assert faults("{") != []


@pytest.mark.parametrize("place", list(places(OURS)), ids=lambda place: ".".join(map(str, place)))
def test_no_damage_to_an_observation_passes_us_alone(place: tuple[str | int, ...]) -> None:
    assert let_through(OURS, place) == []


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="no ../shared/data/hl7-r4-examples")
def test_no_damage_to_a_published_example_passes_us_alone() -> None:
    """Three places in each of 273 examples, the same ones in every run."""
    chance = random.Random(4)
    told, refused = [], 0
    for file in sorted(EXAMPLES.glob("*.json")):
        resource = json.loads(file.read_text())
        if check(resource):
            continue  # tests of the import say which, and why
        everywhere = list(places(resource))
        for place in chance.sample(everywhere, min(3, len(everywhere))):
            told += [f"{file.name}: {what}" for what in let_through(resource, place)]
            refused += bool(check(damaged(resource, place, "null")))
    assert told == []
    assert refused > 700, "and the damage is real"


PROJECT = Path(__file__).resolve().parents[2]
GOLDENS = sorted(path.relative_to(PROJECT).as_posix() for path in PROJECT.glob("*/**/golden/*.json"))


def resources(node: Any) -> Iterator[dict[str, Any]]:
    """Every resource in a golden file, and those within it."""
    if isinstance(node, dict):
        if isinstance(node.get("resourceType"), str):
            yield node
        for value in node.values():
            yield from resources(value)
    elif isinstance(node, list):
        for value in node:
            yield from resources(value)


@pytest.mark.requirement("BARS-ACK-3")
@pytest.mark.parametrize("name", [name for name in GOLDENS if not name.startswith(("var/", ".venv/"))])
def test_every_golden_of_the_project_is_valid_to_both(name: str) -> None:
    found = list(resources(json.loads((PROJECT / name).read_text(encoding="utf-8"))))
    assert found
    assert [told for one in found for told in (*faults(one), *map(str, check(one)))] == []
