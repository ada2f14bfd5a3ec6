"""manage.py pull: ask partners about a patient, or about everybody with an appointment tomorrow."""

from argparse import ArgumentParser
from typing import Any, Final
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet
from django.utils import timezone

from access.actor import system
from exchange.models import Partner
from records.models import Patient, SourceCheck
from records.pulling import actions, schedule

BY = system("operator")
#: How asking ended, in words; after these come pages and entries where something was kept.
ENDED: Final[dict[str, str]] = {
    "heard": "answered",
    "incomplete": "answered in part",
    "not-known": "does not know this patient",
    "mixed-up": "answered with another patient's entries: nothing of it was kept, see Records to check",
    "failed": "did not answer",
    "not-claimed": "is being asked by a worker now, or about as many others as it takes",
    "overtaken": "was asked by a worker meanwhile",
}
WELL: Final = ("heard", "not-known", "not-claimed", "overtaken")


class Command(BaseCommand):
    help = (
        "Asks every partner that lets us read what it holds about a patient, now; or plans it for tomorrow's patients."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("patient", nargs="?", help="the id in the address of the patient's page")
        which.add_argument("--tomorrow", action="store_true", help="everybody with an appointment tomorrow, in a while")
        parser.add_argument("--partner", metavar="ODS", help="only this partner, by its ODS code")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["tomorrow"]:
            self.stdout.write(f"{schedule.wish_tomorrow()} questions planned; workers ask them")
            return
        patient = _patient(options["patient"])
        ended = [self._ask(patient, partner) for partner in _partners(options["partner"])]
        failed = sum(one not in WELL for one in ended)
        if failed:
            raise CommandError(f"{failed} of {len(ended)} did not answer as it should.")

    def _ask(self, patient: Patient, partner: Partner) -> str:
        check, _ = SourceCheck.objects.get_or_create(patient=patient, source=partner.organisation)
        SourceCheck.objects.filter(pk=check.pk, asking=False).update(due_at=timezone.now())
        ended = actions.ask(check_id=check.pk, by=BY)
        check.refresh_from_db()
        self.stdout.write(f"{partner.organisation.name} {_in_words(ended, check)}.")
        return ended


def _patient(written: str) -> Patient:
    """The patient with this id, or whom they were found to be the same as. Raises CommandError in plain words."""
    try:
        patient = Patient.objects.filter(pk=UUID(written)).first()
    except ValueError:
        said = "That is no patient's id. It is the long one in the address of the patient's page."
        raise CommandError(said) from None  # not repeated: it may be a name or an NHS number
    if patient is None:
        raise CommandError("There is no patient with this id.")
    patient = patient.merged_into or patient
    if not schedule.may_be_asked(patient):
        raise CommandError("Not asked about: the NHS number is not verified, or the record is restricted.")
    return patient


def _partners(ods_code: str | None) -> QuerySet[Partner]:
    """Those that let us read, or the one of them. Raises CommandError in plain words."""
    all_of_them = Partner.objects.filter(pulls=True, enabled=True).select_related("organisation")
    found = all_of_them.filter(organisation__ods_code=ods_code.upper()) if ods_code else all_of_them
    if found.exists():
        return found
    others = ", ".join(f"{one.organisation.ods_code} {one.organisation.name}" for one in all_of_them)
    if not others:
        raise CommandError("No partner lets us read: none is switched on for it.")
    raise CommandError(f"No partner with the ODS code {ods_code} lets us read. Those that do: {others}.")


def _in_words(ended: str, check: SourceCheck) -> str:
    if ended == "failed":
        return f"{ENDED[ended]} ({check.trouble.replace('-', ' ')})"
    if ended not in ("heard", "incomplete"):
        return ENDED[ended]
    new = check.changed if check.changed_at and check.asked_at and check.changed_at >= check.asked_at else 0
    return f"{ENDED[ended]}: {check.pages} {'page' if check.pages == 1 else 'pages'}, {new} new or changed"
