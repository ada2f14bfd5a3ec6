"""What kinds of entries are called on screen: every kind that records.kinds draws has its words here."""

import re
from typing import Final, NamedTuple

from records.screen.claims import Claim


class Kind(NamedTuple):
    """What one entry and several are called, and how weighty it is that one is new.

    `news` sorts what changed since one last looked, 0 first: what is acted on, then 3 what is good to know, 6 what is
    there in numbers. None: never listed as new, because `why_no_news` says so.
    """

    one: str
    several: str
    news: int | None
    why_no_news: str = ""


#: Every kind, in the order of the list of everything held.
KINDS: Final[dict[str, Kind]] = {
    "problem": Kind("Problem", "Problems", 0),
    "medicine": Kind("Medicine", "Medicines", 0),
    "dispensed": Kind("Medicine dispensed or given", "Medicines dispensed and given", 5),
    "allergy": Kind("Allergy", "Allergies", 0),
    "result": Kind("Result", "Results", 5),
    "vital": Kind("Measurement", "Measurements", 5),
    "survey": Kind("Answer or score", "Answers and scores", 5),
    "social-history": Kind("Social history", "Social history", 5),
    "report": Kind("Report", "Reports", 4),
    "letter": Kind("Letter", "Letters and documents", 0),
    "encounter": Kind("Contact", "Consultations and hospital stays", 2),
    "immunisation": Kind("Immunisation", "Immunisations", 3),
    "procedure": Kind("Procedure", "Procedures", 2),
    "family-history": Kind("Family history", "Family history", 3),
    "careplan": Kind("Care plan", "Care plans", 2),
    "careteam": Kind("Care team", "Care teams", 4),
    "goal": Kind("Goal", "Goals", 3),
    "flag": Kind("Flag", "Flags", 0),
    "contact": Kind("Person to contact", "People to contact", 4),
    "appointment": Kind("Appointment", "Appointments", None, "bookings have a list of their own"),
    "request": Kind("Request", "Requests", 3),
    "task": Kind("Task", "Tasks", 3),
    "form": Kind("Answers to a form", "Answers to forms", 3),
    "message": Kind("Message", "Messages", 2),
    "consent": Kind("Consent", "Consents", 3),
    "other": Kind("Other entry", "Other", 6),
    "administrative": Kind("Administrative entry", "Administrative", None, "not about the patient"),
}
_TAG: Final = re.compile(
    r" \((?:disorder|finding|procedure|situation|regime/therapy|observable entity|event|person|organism|substance"
    r"|product|body structure|morphologic abnormality|qualifier value|record artifact|physical object)\)$"
)
#: FHIR types whose own name says more than "other" or "administrative".
_TYPES: Final = {
    "Patient": "Patient details",
    "ImagingStudy": "Imaging",
    "ExplanationOfBenefit": "Explanation of payment",
}
#: FHIR types that share a kind and are two things.
_EXACTLY: Final = {"MedicationAdministration": "Medicine given", "MedicationDispense": "Medicine dispensed"}


def one(kind: str, type_name: str = "") -> str:
    """What one entry is called: "Problem"; of a rare kind by its FHIR type, spaced: "Risk assessment"."""
    if kind in ("other", "administrative", "") and type_name:
        return _TYPES.get(type_name) or spaced(type_name)
    return _EXACTLY.get(type_name) or (KINDS[kind].one if kind in KINDS else spaced(kind))


def several(kind: str) -> str:
    """What several are called: "Problems"."""
    return KINDS[kind].several if kind in KINDS else spaced(kind)


def title(claim: Claim) -> str:
    """What an entry is headed by: its own words, else that it has none."""
    return (
        plain(claim.display) or str(claim.detail.get("title") or "") or f"{one(claim.kind, claim.type)} without a name"
    )


def plain(text: str) -> str:
    """A SNOMED CT name without the tag that says in which part of SNOMED CT it stands: "Sprain of ankle (disorder)"."""
    return _TAG.sub("", text)


def spaced(name: str) -> str:
    """ "Risk assessment" of "RiskAssessment", "Family history" of "family-history"."""
    parted = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name.replace("-", " ")).strip()
    british = re.sub(r"(?<=[a-z])iz(?=ation|ing|ed)", "is", parted).replace("behavior", "behaviour")
    return british[:1].upper() + british[1:]
