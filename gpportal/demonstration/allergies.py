"""Allergies in all the states in which a record holds them."""

from typing import Any

from gpportal.demonstration.charts import Chart
from gpportal.demonstration.clinical_codes import ALLERGIES, STATUS
from gpportal.demonstration.shapes import Json, concept

# name (uncoded where it is not in the code table) | words | reaction (code name or words) | kind | high risk
_COMMON = [
    ("penicillin", "Penicillin allergy", "rash", "medication", False),
    ("penicillin", "Penicillin allergy", "urticaria", "medication", False),
    ("penicillin", "Penicillin allergy", "anaphylaxis", "medication", True),
    ("amoxicillin", "Amoxicillin", "rash", "medication", False),
    ("nut", "Nut allergy", "anaphylaxis", "food", True),
    ("latex", "Latex allergy", "rash", "environment", False),
    ("shellfish", "Shellfish allergy", "vomiting", "food", False),
    ("bee", "Bee sting allergy", "anaphylaxis", "environment", True),
    ("house_dust", "House dust mite allergy", "wheeze", "environment", False),
    ("trimethoprim", "Trimethoprim", "rash", "medication", False),
    ("codeine", "Codeine: sick and muddled", "vomiting", "medication", False),
    ("elastoplast", "Sticking plasters bring her out in blisters", "Blistering", "environment", False),
    ("antibiotic", "An antibiotic as a child, name not known", "Mother recalls swelling", "medication", False),
]


def add_allergy(
    chart: Chart,
    name: str,
    text: str,
    *,
    by: Json,
    recorded: str,
    verification: str = "confirmed",
    onset: str | None = None,
    reaction: str | None = None,
    kind: str | None = None,
    high_risk: bool = False,
    **more: Any,
) -> str:
    """FHIR AllergyIntolerance; without a code it stays as words; entered-in-error carries no clinical status."""
    reactions: list[Json] | None = None
    if reaction:
        words = concept(
            ALLERGIES.get(reaction), text=ALLERGIES[reaction].display if reaction in ALLERGIES else reaction
        )
        reactions = [{"manifestation": [words]} | ({"severity": "severe"} if high_risk else {})]
    wrong = verification == "entered-in-error"
    return chart.add(
        "AllergyIntolerance",
        clinicalStatus=None if wrong else concept(STATUS["allergy.active"]),
        verificationStatus=concept(STATUS[f"allergy.{verification}"]),
        type="allergy" if kind else None,
        category=[kind] if kind else None,
        criticality="high" if high_risk else None,
        code=concept(ALLERGIES.get(name), text=text),
        onsetDateTime=onset,
        recordedDate=recorded,
        recorder=by,
        reaction=reactions,
        **more,
    )


def add_allergies(chart: Chart, by: Json) -> str | None:
    """What the practice has recorded of allergies; returns the name of a confirmed one, if there is one."""
    random = chart.random("allergies")
    recorded = chart.ago(random.randrange(30, 3000)).isoformat()
    turn = random.random()
    if turn < 0.50 and chart.age >= 2:
        name, text = ("nka", "No known allergies") if turn < 0.38 else ("nkda", "No known drug allergies")
        add_allergy(chart, name, text, by=by, recorded=recorded)
    elif turn < 0.72 and chart.age >= 5:
        name, text, reaction, kind, high = random.choice(_COMMON)
        verification = "unconfirmed" if name == "antibiotic" else "confirmed"
        onset = str(chart.person.born.year + random.randrange(1, max(2, chart.age)))
        add_allergy(
            chart,
            name,
            text,
            by=by,
            recorded=recorded,
            verification=verification,
            onset=onset,
            reaction=reaction,
            kind=kind,
            high_risk=high,
        )
        return name if verification == "confirmed" else None
    elif turn < 0.76 and chart.age >= 18:
        note = [{"text": "Label removed after testing at the allergy clinic."}]
        add_allergy(
            chart, "penicillin", "Penicillin allergy", by=by, recorded=recorded, verification="refuted", note=note
        )
    elif turn < 0.785:
        note = [{"text": "Belongs to another patient's record."}]
        add_allergy(
            chart, "latex", "Latex allergy", by=by, recorded=recorded, verification="entered-in-error", note=note
        )
    return None
