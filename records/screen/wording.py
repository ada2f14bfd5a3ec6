"""How a claim is worded on a row. Pure; says nothing the source did not."""

import re
from collections.abc import Iterable

from records import substances
from records.screen.claims import Claim
from records.screen.figures import figure_with_sign as figure_with_sign
from records.screen.figures import number as number
from records.screen.figures import sign as sign
from records.screen.grouping import current, rest, spaced, substance
from ui.dates import date_full, date_short
from ui.units import printed


def lower_first(text: str) -> str:
    """ "Take one daily" within a sentence; "INR", "U&E" and "ReSPECT" stay."""
    first = text.split(" ", 1)[0]
    return text[:1].lower() + text[1:] if first[1:].islower() else text


def medicine_name(claim: Claim) -> str:
    """ "Bisoprolol": what the product's name begins with, else its substance where the table knows the code."""
    return (substance(claim) or "Medicine without a name") if _named_first(claim) else _substance(claim).capitalize()


def _substance(claim: Claim) -> str:
    return substances.of(*claim.concept)


def _named_first(claim: Claim) -> bool:
    """Whether the name can be split into substance and the rest as British products are named."""
    known = _substance(claim)
    return not known or claim.display.casefold().startswith(known)


def medicine_how(claim: Claim) -> str:
    """ "500 mg tablets, take two twice a day with meals": product and directions as recorded."""
    product = spaced(rest(claim)) or str(claim.detail.get("dose", "")) if _named_first(claim) else claim.display
    directions = lower_first(str(claim.detail.get("directions", "")).rstrip("."))
    return ", ".join(part for part in (product, directions) if part)


def allergen(claim: Claim) -> str:
    """What they are allergic to: "penicillin" of "Allergy to penicillin" or "Penicillin allergy"."""
    name = re.sub(r"^allergy to\s+", "", claim.display, flags=re.IGNORECASE)
    name = re.sub(r"\s+allergy$", "", name, flags=re.IGNORECASE)
    return lower_first(name) or "not named"


def reaction(claim: Claim) -> str:
    """ "anaphylactic reaction, severe, 1998": as much as is recorded."""
    parts = [lower_first(str(claim.detail.get("reaction", ""))), str(claim.detail.get("severity", ""))]
    onset = str(claim.detail.get("onset", ""))
    return ", ".join(part for part in (*parts, date_full(onset) if onset[:4].isdigit() else onset) if part)


def reactions(claims: Iterable[Claim]) -> str:
    """What everybody who still says it says of the reaction, each once: a newer entry without one hides none."""
    return "; ".join(dict.fromkeys(filter(None, (reaction(claim) for claim in claims if current(claim)))))


def allergy_alert(claim: Claim, claims: Iterable[Claim] = ()) -> str:
    """ "Allergy: penicillin (anaphylactic reaction, 1998)"; an unconfirmed one says so. `claims`: all of its group."""
    doubt = ", unconfirmed" if claim.detail.get("verification") == "unconfirmed" else ""
    details = reactions(claims) or reaction(claim)
    return f"Allergy: {allergen(claim)}{doubt}" + (f" ({details})" if details else "")


def problem_since(claim: Claim) -> str:
    return str(claim.detail.get("onset", "")) if str(claim.detail.get("onset", ""))[:4].isdigit() else ""


def problem_over(claim: Claim) -> str:
    """ "Resolved Mar 2019": for the list of past problems."""
    if current(claim):
        return ""
    ended = str(claim.detail.get("abatement", ""))
    return f"{(claim.status or 'over').capitalize()} {date_short(ended) if ended[:4].isdigit() else ''}".strip()


def event(claim: Claim) -> tuple[str, str]:
    """The timeline's line: what it was, and the rest of the sentence."""
    detail = claim.detail
    match claim.kind:
        case "encounter":
            return _encounter(claim)
        case "letter":
            return str(claim.detail.get("title") or claim.display or "without a title"), ""
        case "immunisation":
            given = "" if claim.status in ("completed", "") else f" ({claim.status.replace('-', ' ')})"
            return "Immunisation", f": {claim.display}{given}"
        case "procedure":
            return "Procedure", f": {claim.display}" + (f", {detail['outcome']}" if detail.get("outcome") else "")
        case "report":
            return "Report", f": {claim.display}" + (f". {detail['conclusion']}" if detail.get("conclusion") else "")
        case "careplan":
            return "Care plan", f": {claim.display or detail.get('title', '')}"
        case "result" | "vital":
            return claim.display, f" {figure_with_sign(claim)} {printed(claim.unit)}".rstrip()
    return claim.display or claim.type, ""


def _encounter(claim: Claim) -> tuple[str, str]:
    detail = claim.detail
    inpatient = detail.get("class_code") in ("IMP", "ACUTE", "NONAC")
    emergency = detail.get("class_code") == "EMER"
    name = "In hospital" if inpatient else "Emergency department" if emergency else claim.display or "Contact"
    who = detail.get("participant") or detail.get("place") or ""
    end = detail.get("end", "")
    until = f" until {date_short(end)}" if inpatient and end and date_short(end) != date_short(claim.dated) else ""
    why = detail.get("reason") or (claim.display if name != claim.display else "")
    note = " ".join(str(detail.get("note", "")).split())
    tail = ". ".join(part.rstrip(".") for part in (why, note) if part and part != name)
    return name, f"{until}{', ' + who if who else ''}" + (f". {tail}." if tail else "")


def strength_of(claim: Claim) -> str:
    """ "5 mg": the dose for a line of news."""
    return str(claim.detail.get("dose") or spaced(rest(claim)))
