"""What a partner answered, into the record store as what that partner says."""

from uuid import UUID

from access.actor import Actor
from exchange.fhir import numbers
from exchange.pulling import Pulled
from records.ingest.identity import row_id
from records.ingest.intake import Intake
from records.ingest.keeping import keep_bytes
from records.ingest.persons import links
from records.ingest.reading import Entry, Group
from records.ingest.report import Report
from records.ingest.storing import store, take_turn
from records.models import Patient, PatientLink, Received, SourceCheck


def keep(check: SourceCheck, pulled: Pulled, *, by: Actor) -> Report:
    """Stores the entries in the caller's transaction; one that is not valid FHIR is left out and counted."""
    report = Report()
    if not pulled.entries:
        return report
    take_turn()
    content = "\n".join(numbers.dumps(one.resource) for one in pulled.entries).encode()
    received = keep_bytes(content, check.source, Received.Via.PULL, f"about {check.patient_id}")
    intake = Intake(check.source, by, received=received, file="answer", report=report)
    intake.base = check.source.partner.endpoint.rstrip("/")
    intake.whose = _whose(check, pulled)
    try:
        store(intake, Group([Entry(one.number + 1, one.resource, one.full_url) for one in pulled.entries]))
        report.findings += intake.pending.settle()
    finally:
        intake.pending.close()
    return report


def _whose(check: SourceCheck, pulled: Pulled) -> dict[UUID, tuple[Patient, str]]:
    """The partner's Patient is ours, as was made sure: nobody has to be found or made. One known before stays so."""
    ods = check.source.ods_code
    keys = [str(one.resource.get("id")) for one in pulled.entries if one.resource["resourceType"] == "Patient"]
    rows = {row_id(ods, "Patient", key) for key in keys} - set(links(row_id(ods, "Patient", key) for key in keys))
    return dict.fromkeys(rows, (check.patient, PatientLink.Basis.NHS_NUMBER))
