"""Shortcuts for tests: one source says one thing, without going through an import."""

import base64
import datetime as dt
import json
from typing import Any
from uuid import uuid4

from django.utils import timezone

from access.models import Organisation
from records.models import Letter, Patient, Relationship, Resource

TYPES = {
    "other": "Basic",
    "problem": "Condition",
    "medicine": "MedicationRequest",
    "allergy": "AllergyIntolerance",
    "result": "Observation",
    "report": "DiagnosticReport",
    "letter": "DocumentReference",
    "encounter": "Encounter",
    "flag": "Flag",
    "careplan": "CarePlan",
    "careteam": "CareTeam",
    "contact": "RelatedPerson",
    "appointment": "Appointment",
    "goal": "Goal",
    "immunisation": "Immunization",
    "binary": "Binary",
    "form": "QuestionnaireResponse",
    "dispensed": "MedicationDispense",
    "request": "ServiceRequest",
    "task": "Task",
    "message": "Communication",
    "consent": "Consent",
    "survey": "Observation",
    "social-history": "Observation",
}
SNOMED = "http://snomed.info/sct"


def say(source: Organisation, patient: Patient, kind: str, display: str = "", code: str = "", **more: Any) -> Resource:
    """One resource of one source with its drawn columns; `date` defaults to yesterday."""
    fields: dict[str, Any] = {
        "id": uuid4(),
        "source": source,
        "patient": patient,
        "type": TYPES[kind],
        "kind": kind,
        "source_key": str(uuid4()),
        "sha256": "",
        "body": json.dumps(more.pop("body", {})),
        "display": display,
        "code": code,
        "code_system": SNOMED if code else "",
        "status": "active",
        "date": timezone.now() - dt.timedelta(days=1),
    }
    return Resource.objects.create(**(fields | more))


def file_letter(source: Organisation, patient: Patient, html: str, **more: Any) -> Letter:
    """A letter with its text inline, filed from a message unless `message_id` is empty."""
    attachment = {"contentType": "text/html", "data": base64.b64encode(html.encode()).decode()}
    body = {"resourceType": "DocumentReference", "content": [{"attachment": attachment}, *more.pop("content", [])]}
    document = say(source, patient, "letter", "Discharge summary", status="current", body=body)
    fields = {
        "patient": patient,
        "sender": source,
        "document": document,
        "title": "Discharge summary",
        "written_at": timezone.now(),
        "message_id": "m1",
    }
    return Letter.objects.create(**(fields | more))


def relate(patient: Patient, organisation: Organisation, kind: str) -> Relationship:
    return Relationship.objects.create(patient=patient, organisation=organisation, kind=kind, since=timezone.now())
