"""People, what each source says of them as FHIR resources, and who may reach whom."""

from records.models.asked import SourceCheck
from records.models.entering import ToEnter
from records.models.findings import Finding
from records.models.letters import Letter, LetterRead
from records.models.looking import LastLooked
from records.models.merging import DuplicateSuggestion, Merge, MergeNotice
from records.models.people import Patient, PatientLink, Relationship
from records.models.questionnaires import Form, FormStart, FormVersion
from records.models.search import SearchText
from records.models.store import Attachment, Received, ReceivedPiece, Resource, ResourceVersion
from records.models.tracing import Trace

__all__ = [
    "Attachment",
    "DuplicateSuggestion",
    "Finding",
    "Form",
    "FormStart",
    "FormVersion",
    "LastLooked",
    "Letter",
    "LetterRead",
    "Merge",
    "MergeNotice",
    "Patient",
    "PatientLink",
    "Received",
    "ReceivedPiece",
    "Relationship",
    "Resource",
    "ResourceVersion",
    "SearchText",
    "SourceCheck",
    "ToEnter",
    "Trace",
]
