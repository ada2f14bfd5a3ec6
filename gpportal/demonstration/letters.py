"""Letters: documents as HTML under the headings British letters carry, with what the GP is asked to do."""

import base64
import html
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from gpportal.demonstration.charts import Chart
from gpportal.demonstration.clinical_codes import CARE
from gpportal.demonstration.dates import at
from gpportal.demonstration.places import ORGANISATIONS, PRACTITIONERS, RIVERSIDE, organisation, staff
from gpportal.demonstration.shapes import Json, concept, narrative, reference


@dataclass(frozen=True)
class Letter:
    """A letter: title, kind (discharge_summary, outpatient_letter or none), sections, and actions for the GP."""

    title: str
    kind: str | None
    sections: dict[str, str | list[str]]
    actions: list[str] = field(default_factory=list)


def _section(heading: str, body: str | list[str]) -> str:
    if isinstance(body, str):
        return f"<h2>{html.escape(heading)}</h2><p>{html.escape(body)}</p>"
    items = "".join(f"<li>{html.escape(item)}</li>" for item in body)
    return f"<h2>{html.escape(heading)}</h2><ul>{items}</ul>"


def to_html(chart: Chart, letter: Letter, day: date, author: str, ods: str) -> str:
    """The letter as an HTML document of its own."""
    person, sender = chart.person, ORGANISATIONS[ods]
    number = f"NHS number {person.nhs_number}. " if person.nhs_number else ""
    sections = dict(letter.sections)
    if letter.actions:
        sections["Actions for GP"] = letter.actions
    body = "".join(_section(heading, text) for heading, text in sections.items())
    who = PRACTITIONERS[author]
    return (
        '<!DOCTYPE html><html lang="en-GB"><head><meta charset="utf-8">'
        f"<title>{html.escape(letter.title)}</title></head><body>"
        f"<p>{sender.name}, {sender.line}, {sender.town} {sender.postcode}. Telephone {sender.phone}</p>"
        f"<p>{day:%d %B %Y}</p><h1>{html.escape(letter.title)}</h1>"
        f"<p>Re: {html.escape(f'{person.prefix} {person.given} {person.family}')}, born {person.born:%d %B %Y}. "
        f"{number}{html.escape(person.line)}, {person.town}</p>{body}"
        f"<p>{html.escape(who.full)}, {who.job}</p></body></html>"
    )


def add_letter(
    chart: Chart, letter: Letter, day: date, author: str, *, ods: str | None = None, encounter: str | None = None
) -> str:
    """FHIR DocumentReference with the letter inline; what the GP is to do stands in the narrative as well."""
    sender = ods or chart.source
    data = to_html(chart, letter, day, author, sender).encode()
    attachment: Json = {
        "contentType": "text/html",
        "language": "en-GB",
        "data": base64.b64encode(data).decode(),
        "title": letter.title,
        "creation": at(day, 16, 20),
    }
    ours = PRACTITIONERS[author].ods == chart.source
    more: dict[str, Any] = {"author": [staff(author) if ours else {"display": PRACTITIONERS[author].display}]}
    keeper = organisation(sender) if sender == chart.source else {"display": ORGANISATIONS[sender].name}
    return chart.add(
        "DocumentReference",
        text=narrative(f"GP to do: {'; '.join(letter.actions)}") if letter.actions else None,
        status="current",
        docStatus="final",
        type=concept(CARE[letter.kind] if letter.kind else None, text=letter.title.split(",")[0]),
        date=at(day, 16, 20),
        custodian=keeper,
        description=letter.title,
        content=[{"attachment": attachment}],
        context={"encounter": [reference(encounter)]} if encounter else None,
        **more,
    )


def eye_screening(day: date) -> Letter:
    """Yearly letter of the diabetic eye screening programme."""
    return Letter(
        "Diabetic eye screening",
        "outpatient_letter",
        {
            "Result": "Photographs of both eyes taken after drops. Mild background changes only, no maculopathy.",
            "What happens next": f"The next invitation will be sent in the autumn of {day.year + 1}.",
        },
    )


def add_letters_received(chart: Chart, problems: set[str]) -> None:
    """Letters the practice has on file from elsewhere."""
    random = chart.random("letters")
    if "t2dm" in problems or "t1dm" in problems:
        day = chart.ago(random.randrange(60, 330))
        add_letter(chart, eye_screening(day), day, "banerjee", ods="RZZ01")
    if "breast_cancer" in problems or "prostate_cancer" in problems or "colon_cancer" in problems:
        letter = Letter(
            "Oncology follow-up clinic",
            "outpatient_letter",
            {
                "Clinical summary": "Keeping well, weight steady, no new lumps. Scan shows no change.",
                "Plan": "Clinic again in twelve months, sooner if worried.",
            },
            ["Repeat bloods in six months"],
        )
        add_letter(chart, letter, chart.ago(random.randrange(40, 390)), "banerjee", ods="RZZ01")
    if chart.age >= 60 and random.random() < 0.25:
        letter = Letter(
            "Bowel screening result",
            None,
            {"Result": "The test kit showed no sign of blood. The next kit comes in two years."},
        )
        add_letter(chart, letter, chart.ago(random.randrange(100, 700)), chart.person.gp, ods=RIVERSIDE)
