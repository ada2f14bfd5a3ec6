"""How quickly FHIR is taken in, validation on, beside plain JSON parsing of the same bytes in the same run.

`./gp bench ingest [FOLDER]`: resources per second of ../shared/data/synthea-r4 (or FOLDER), else of the demonstration;
then the memory that a large NDJSON file needs (`--megabytes N`, 500 unless told).
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from django.utils import timezone

from access.actor import system
from access.models import Organisation
from gpportal import demonstration
from records.ingest import Report, files, ingest

PROJECT: Final = Path(__file__).resolve().parents[2]
SYNTHEA: Final = PROJECT.parent / "shared" / "data" / "synthea-r4"
AT_LEAST: Final = 1000
MOST_MEGABYTES: Final = 400
CHILD: Final = (
    "import sys, django; django.setup(); from tests.bench import ingest; sys.exit(ingest.take_large(sys.argv[1]))"
)


def _source(ods_code: str) -> Organisation:
    return Organisation.objects.get_or_create(ods_code=ods_code, defaults={"name": ods_code})[0]


def _take(paths: list[Path], ods_code: str) -> Report:
    return ingest(paths, source=_source(ods_code), by=system("bench"))


def speed(folder: Path) -> bool:
    """Resources per second, the first and the second time; whether it is quick enough."""
    found = files([folder])
    started = time.perf_counter()
    for path in found:
        for line in path.read_bytes().splitlines() if path.suffix == ".ndjson" else [path.read_bytes()]:
            json.loads(line)
    parsing = time.perf_counter() - started
    started = time.perf_counter()
    report = _take(found, "BENCH1")
    seconds = time.perf_counter() - started
    rate = report.stored / seconds
    sys.stdout.write(f"{folder.name}: {report}\n  {rate:.0f} resources/s; {seconds / parsing:.1f} times json.loads\n")
    sys.stdout.write(f"  again: {_take(found, 'BENCH1')}\n")
    return rate >= AT_LEAST and not report.rejected


def _write_large(path: Path, megabytes: int) -> None:
    """NDJSON of Patients and Observations that are all different, until the file is large enough."""
    with path.open("w", encoding="utf-8") as file:
        number = 0
        while file.tell() < megabytes * 1024 * 1024:
            patient = f"p{number // 200}"
            if number % 200 == 0:
                file.write(f'{{"resourceType":"Patient","id":"{patient}","name":[{{"family":"Bench{number}"}}]}}\n')
            note = f"reading {number} " * 40
            file.write(
                f'{{"resourceType":"Observation","id":"o{number}","status":"final","code":{{"text":"Weight"}},'
                f'"subject":{{"reference":"Patient/{patient}"}},"encounter":{{"reference":"Encounter/e{number}"}},'
                f'"valueQuantity":{{"value":{number}.50,"unit":"kg"}},"note":[{{"text":"{note}"}}]}}\n'
            )
            number += 1


def take_large(path: str) -> int:
    """In a process of its own: takes the file in and says the most memory it needed."""
    report = _take([Path(path)], "BENCH2")
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"  {report}; {megabytes:.0f} MB of memory at most\n")
    return int(megabytes > MOST_MEGABYTES or report.rejected > 0)


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", nargs="?", type=Path)
    arguments.add_argument("--megabytes", type=int, default=500)
    asked = arguments.parse_args(sys.argv[1:])
    with tempfile.TemporaryDirectory() as directory:
        folder = asked.folder or SYNTHEA
        if not folder.exists():
            folder = Path(directory) / "demonstration"
            demonstration.write(folder, timezone.localdate())
        quick = speed(folder)
        large = Path(directory) / "large.ndjson"
        _write_large(large, asked.megabytes)
        sys.stdout.write(f"{asked.megabytes} MB of NDJSON:\n")
        sys.stdout.flush()
        return subprocess.call([sys.executable, "-c", CHILD, str(large)]) or (0 if quick else 1)
