"""Which entries of a group may be stored, and why the others may not."""

import re
from typing import Final

from exchange.fhir import numbers, validate
from records import kinds
from records.ingest import rows
from records.ingest.identity import digest, row_id, source_key
from records.ingest.intake import Incoming, Intake
from records.ingest.reading import Entry, Group
from records.ingest.report import Rejection

#: Stored first, so that people and names are known when the rest is read.
_FIRST: Final = {
    "Patient": 0,
    "Organization": 1,
    "Practitioner": 1,
    "Location": 1,
    "Medication": 1,
    "HealthcareService": 2,
    "PractitionerRole": 2,
    "RelatedPerson": 2,
}
_REST: Final = 3
_ASKS: Final = re.compile(r'"reference":"[A-Za-z]+\?|"(?:' + "|".join(kinds.SUBJECTS) + r')":\[?{(?!"reference")')


def checked(intake: Intake, group: Group) -> list[Incoming]:
    """The valid entries, in the order in which they are stored. The others are reported; in a transaction all are."""
    read = [_incoming(intake, entry) for entry in group.entries]
    incoming = [one for one in read if isinstance(one, Incoming)]
    rejections = [one for one in read if isinstance(one, Rejection)]
    known = rows.known(one.row for one in incoming)
    valid = []
    for one in incoming:
        one.unchanged = says_nothing_new(intake, one, known.get(one.row))
        issues = [] if one.unchanged else validate.check(one.resource)
        if issues:
            rejections.append(_not_valid(intake, one.entry, issues))
        else:
            valid.append(one)
    if rejections and group.atomic:
        rejections.append(rejection(intake, Entry(0), "", "a transaction is stored as a whole or not at all"))
        intake.report.reject(*rejections, entries=len(group.entries))
        return []
    intake.report.reject(*rejections, entries=len(group.entries) - len(valid))
    return sorted(valid, key=lambda one: _FIRST.get(one.type, _REST))


def _incoming(intake: Intake, entry: Entry) -> "Incoming | Rejection":
    if entry.problem:
        return rejection(intake, entry, "", entry.problem)
    if not isinstance(entry.resource, dict):
        return rejection(intake, entry, "", "is not a FHIR resource")
    type_name = entry.resource.get("resourceType")
    if not validate.known_type(type_name):
        return rejection(intake, entry, "resourceType", "not a resource type of FHIR R4")
    try:
        text = numbers.dumps(entry.resource)
    except numbers.JsonError as wrong:
        return rejection(intake, entry, str(type_name), str(wrong))
    if numbers.holds_null(text):
        return rejection(intake, entry, str(type_name), "holds a NUL character, which FHIR forbids")
    sha256 = digest(text)
    key = source_key(entry.resource, entry.full_url, sha256)
    row = row_id(intake.source.ods_code, str(type_name), key)
    asks = bool(_ASKS.search(text))
    return Incoming(entry, entry.resource, str(type_name), row, key, sha256, len(text), asks)


def rejection(intake: Intake, entry: Entry, expression: str, reason: str) -> Rejection:
    return Rejection(intake.file, entry.number, entry.full_url, expression, reason)


def _not_valid(intake: Intake, entry: Entry, issues: list[validate.Issue]) -> Rejection:
    first, *others = issues
    rest = tuple((issue.expression, issue.text) for issue in others)
    return Rejection(intake.file, entry.number, entry.full_url, first.expression, first.text, rest)


def says_nothing_new(intake: Intake, one: Incoming, known: rows.Known | None) -> bool:
    """Whether the store holds exactly this, or something newer: a file taken in again takes back nothing said since."""
    if known is None:
        return False
    superseded = intake.again and intake.received is not None and (known.received or 0) >= intake.received.pk
    return known.sha256 == one.sha256 or superseded
