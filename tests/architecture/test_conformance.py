"""docs/conformance.md says of every requirement of the standards which test shows it, and says so truly."""

import ast

import pytest

from tests import conformance


def test_every_requirement_has_a_test_or_says_why_not_and_the_table_is_of_today() -> None:
    assert conformance.faults() == []


def test_the_list_has_every_id_once_and_a_text_with_its_source() -> None:
    listed = conformance.requirements()
    assert len(listed) > 80
    assert len({one.id for one in listed}) == len(listed)
    assert [one.id for one in listed if not (one.text and one.source)] == []


def test_marks_are_found_wherever_they_may_stand() -> None:
    source = """
pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ALL")]

@pytest.mark.parametrize("x", [1, pytest.param(2, marks=pytest.mark.requirement("CASE"))])
@pytest.mark.requirement("ONE", "TWO")
def test_marked(x): ...

@pytest.mark.requirement("HELPER")
def no_test(): ...

@pytest.mark.requirement("CLASS")
class TestRoom:
    @pytest.mark.requirement("METHOD")
    def test_inside(self): ...
"""
    found = {test: sorted(ids) for test, ids in conformance._marked(ast.parse(source))}
    assert found == {
        "test_marked": ["ALL", "CASE", "ONE", "TWO"],
        "TestRoom::test_inside": ["ALL", "CLASS", "METHOD"],
    }


def test_an_id_that_is_computed_is_an_error() -> None:
    with pytest.raises(ValueError, match="plain strings"):
        conformance._ids(ast.parse("@pytest.mark.requirement(name)\ndef test_x(): ..."))


def test_what_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        conformance.Requirement("A-1", "text", "source", ""),
        conformance.Requirement("A-2", "text", "source", "not built"),
    ]
    monkeypatch.setattr(conformance, "requirements", lambda: rows)
    monkeypatch.setattr(conformance, "marks", lambda: {"A-2": ["test_x.py::test_x"], "A-3": ["test_x.py::test_y"]})
    told = "\n".join(conformance.faults())
    assert "A-3 is not in docs/requirements.csv: test_x.py::test_y" in told
    assert "A-1 has no test" in told
    assert "A-2 has a test now" in told
    monkeypatch.setattr(conformance, "marks", lambda: {"A-1": ["test_x.py::test_x"]})
    assert conformance.faults() == [f"the table of docs/conformance.md is stale: {conformance.COMMAND}"]
