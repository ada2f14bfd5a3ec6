"""What kinds of entries are called on screen: every kind that records.kinds draws has its words here."""

from typing import Final

from records.screen.claims import Claim

#: Kind -> (one, several), in the order of the list of everything held.
KINDS: Final[dict[str, tuple[str, str]]] = {
    "problem": ("Problem", "Problems"),
    "medicine": ("Medicine", "Medicines"),
    "dispensed": ("Medicine dispensed or given", "Medicines dispensed and given"),
    "allergy": ("Allergy", "Allergies"),
    "result": ("Result", "Results"),
    "vital": ("Measurement", "Measurements"),
    "survey": ("Answer or score", "Answers and scores"),
    "social-history": ("Social history", "Social history"),
    "report": ("Report", "Reports"),
    "letter": ("Letter", "Letters and documents"),
    "encounter": ("Contact", "Consultations and hospital stays"),
    "immunisation": ("Immunisation", "Immunisations"),
    "procedure": ("Procedure", "Procedures"),
    "family-history": ("Family history", "Family history"),
    "careplan": ("Care plan", "Care plans"),
    "careteam": ("Care team", "Care teams"),
    "goal": ("Goal", "Goals"),
    "flag": ("Flag", "Flags"),
    "contact": ("Person to contact", "People to contact"),
    "appointment": ("Appointment", "Appointments"),
    "request": ("Request", "Requests"),
    "task": ("Task", "Tasks"),
    "form": ("Answers to a form", "Answers to forms"),
    "message": ("Message", "Messages"),
    "consent": ("Consent", "Consents"),
    "other": ("Other entry", "Other"),
    "administrative": ("Administrative entry", "Administrative"),
}
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
    return _EXACTLY.get(type_name) or (KINDS[kind][0] if kind in KINDS else spaced(kind))


def several(kind: str) -> str:
    """What several are called: "Problems"."""
    return KINDS[kind][1] if kind in KINDS else spaced(kind)


def title(claim: Claim) -> str:
    """What an entry is headed by: its own words, else that it has none."""
    return claim.display or str(claim.detail.get("title") or "") or f"{one(claim.kind, claim.type)} without a name"


def spaced(name: str) -> str:
    """ "Risk assessment" of "RiskAssessment", "Family history" of "family-history"."""
    parted = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name.replace("-", " ")).strip()
    return parted[:1].upper() + parted[1:]
