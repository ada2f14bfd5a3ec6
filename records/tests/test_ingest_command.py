"""`manage.py ingest`: its last line, its exit status, its rejects."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from access.models import Organisation
from records.models import Relationship, Resource
from records.tests.taking import condition, patient, write

pytestmark = pytest.mark.django_db


def run(*arguments: Any, **options: Any) -> tuple[str, int]:
    """The last line of standard output and the exit status."""
    out = io.StringIO()
    try:
        call_command("ingest", *map(str, arguments), stdout=out, stderr=io.StringIO(), **options)
    except SystemExit as ended:
        return out.getvalue().splitlines()[-1], int(ended.code or 0)
    return out.getvalue().splitlines()[-1], 0


def test_the_last_line_and_an_unknown_source(tmp_path: Path) -> None:
    write(tmp_path / "a.ndjson", patient(), condition())
    line, status = run(tmp_path, "--source", "zzz99")
    assert line.startswith("stored 2 updated 0 unchanged 0 rejected 0 in ")
    assert line.endswith(" resources/s)")
    assert status == 0
    assert Organisation.objects.get().ods_code == "ZZZ99"
    line, status = run(tmp_path, "--source", "ZZZ99")
    assert line.startswith("stored 0 updated 0 unchanged 2 rejected 0 in ")
    assert not Relationship.objects.exists()


def test_with_a_practice_its_patients_are_registered(tmp_path: Path, riverside: Organisation) -> None:
    write(tmp_path / "a.ndjson", patient())
    run(tmp_path, "--source", "ZZZ99", "--practice", "Y90001")
    assert Relationship.objects.get().organisation == riverside


def test_rejections_are_told_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "a.ndjson", patient(), condition(clinicalStatus=[], code=[]), condition("c2"))
    rejects = tmp_path / "rejects.out"
    line, status = run(file, "--source", "ZZZ99", "--rejects", rejects)
    assert line.startswith("stored 2 updated 0 unchanged 0 rejected 1 in ")
    assert status == 1
    (told,) = [json.loads(one) for one in rejects.read_text().splitlines()]
    assert (told["file"], told["entry"], told["fullUrl"]) == ("a.ndjson", 2, "")
    assert {told["expression"], *(one["expression"] for one in told["others"])} >= {"Condition.clinicalStatus"}
    assert "a.ndjson: entry 2: Condition." in capsys.readouterr().err


def test_the_operators_screen_shows_no_address_of_a_patient(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = "https://pds.example/Patient/9991234578"
    made = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": url, "resource": patient(gender="f")}],
    }
    rejects = tmp_path / "rejects.out"
    run(write(tmp_path / "a.json", made), "--source", "ZZZ99", "--rejects", rejects)
    assert json.loads(rejects.read_text())["fullUrl"] == url
    assert "9991234578" not in capsys.readouterr().err


def test_a_path_that_is_not_there_is_said_so() -> None:
    with pytest.raises(CommandError, match="no file or folder"):
        run("/nowhere/at/all", "--source", "ZZZ99")
    assert not Resource.objects.exists()
    assert not Organisation.objects.exists()


@pytest.mark.parametrize("code", ["", "with space", "a/b", "x" * 13])
def test_a_source_must_be_an_ods_code(tmp_path: Path, code: str) -> None:
    write(tmp_path / "a.json", patient())
    with pytest.raises(CommandError, match="not an ODS code"):
        run(tmp_path, "--source", code)
    assert not Organisation.objects.exists()
