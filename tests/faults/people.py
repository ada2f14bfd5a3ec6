"""Fills the empty database: the demonstration's organisations, services, a GP, and its first patients.

`python -m tests.faults.people N`, in the environment of what it is for. Two services are there besides that nothing
can be delivered to: one that the hospital no longer has, and one of a hospital whose system is gone.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import django
from django.conf import settings

#: Directory of Services ids.
OPEN: Final = ("9000000201", "9000000202", "9000000203", "9000000205")
CLOSED: Final = "9000000298"
GONE: Final = "9000000299"
_NOWHERE: Final = "http://127.0.0.1:1"


def main(patients: int) -> None:
    """Write them. Nobody signs in, so no time is spent on passwords."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    from access.actor import system
    from gpportal import demonstration_people

    by = system("demonstration")
    demonstration_people.seed(by=by)
    _unreachable()
    _patients(patients)


def _unreachable() -> None:
    from access.models import Organisation
    from exchange.models import Partner, Service

    infirmary = Organisation.objects.get(ods_code="RZZ01")
    # Who has what is not asked here, and each reading would ask the partner: only messages travel.
    Partner.objects.update(pulls=False)
    gone = Organisation.objects.create(
        ods_code="RZZ09", name="Closed Infirmary", kind=Organisation.Kind.HOSPITAL, letters="CI", phone="01632 960900"
    )
    addresses = {name: f"{_NOWHERE}/{name}" for name in ("endpoint", "token_url", "jwks_url")}
    Partner.objects.create(organisation=gone, **addresses)
    for service_id, organisation, name in ((CLOSED, infirmary, "Pain clinic"), (GONE, gone, "Sleep clinic")):
        use_case = Service.UseCase.GP_TO_HOSPITAL
        Service.objects.create(organisation=organisation, service_id=service_id, name=name, use_case=use_case)


def _patients(patients: int) -> None:
    from django.utils import timezone

    from access.actor import system
    from access.models import Organisation
    from gpportal.demonstration import dumps
    from gpportal.demonstration.dates import Calendar
    from gpportal.demonstration.sources import riverside_resources
    from records.ingest import Report, ingest

    practice = Organisation.objects.get(ods_code=settings.OUR_ODS_CODE)
    resources = riverside_resources(Calendar(timezone.localdate()))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "patients.ndjson"
        file.write_text("\n".join(dumps(one) for one in _first(resources, patients)), encoding="utf-8")
        report = Report(tell=sys.stderr.write)
        ingest([file], source=practice, by=system("demonstration"), practice=practice, report=report)
    if report.rejected:
        raise RuntimeError("the demonstration's own records must all be valid")


def _first(resources: Iterator[dict[str, Any]], patients: int) -> Iterator[dict[str, Any]]:
    """What there is of the first so many patients; one patient's resources follow each other."""
    begun = 0
    for one in resources:
        begun += one["resourceType"] == "Patient"
        if begun > patients:
            return
        yield one


if __name__ == "__main__":
    django.setup()
    main(int(sys.argv[1]))
