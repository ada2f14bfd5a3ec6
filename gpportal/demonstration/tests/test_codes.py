"""Every code can be shown to exist: docs/demo-codes.csv says where."""

import csv
from pathlib import Path

import pytest

from gpportal.demonstration import appointments
from gpportal.demonstration.tests.conftest import TODAY, Practice, walk

ROOT = Path(__file__).resolve().parents[3]
ELSEWHERE = ROOT.parent / "shared" / "data"


def _cited() -> dict[tuple[str, str], dict[str, str]]:
    with (ROOT / "docs" / "demo-codes.csv").open(encoding="utf-8", newline="") as file:
        return {(row["system"], row["code"]): row for row in csv.DictReader(file)}


def test_every_code_generated_is_cited_with_its_words(practice: Practice) -> None:
    cited = _cited()
    used = {}
    for resource in [*practice.all(), *appointments(TODAY)]:
        for part in walk(resource):
            if "system" in part and "code" in part:
                used[part["system"], part["code"]] = part.get("display") or part.get("unit")
    assert len(used) > 250
    assert {key: cited[key]["display"] for key in used if key in cited} == used


def test_every_citation_says_where() -> None:
    assert all(row["where"] for row in _cited().values())


def test_cited_files_hold_the_code() -> None:
    if not ELSEWHERE.exists():
        pytest.skip("no ../shared/data")
    here = [row for row in _cited().values() if ":" not in row["where"]]
    texts = {where: (ELSEWHERE / where).read_text(encoding="utf-8") for where in {row["where"] for row in here}}
    assert len(here) > 150
    assert [row["code"] for row in here if row["code"] not in texts[row["where"]]] == []
