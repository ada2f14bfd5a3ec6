"""A package of care in words, from a FHIR CarePlan's drawn columns. Pure."""

from dataclasses import dataclass

from records.screen.claims import Claim


@dataclass(frozen=True, slots=True)
class Package:
    """What is done for somebody, how often, and why it is not being done now, if it is not."""

    title: str
    what: tuple[str, ...]
    when: str
    paused: str
    claim: Claim


def package_of(claim: Claim) -> Package:
    """The package as recorded; `paused` is the provider's own reason, or "on hold" where it gave none."""
    activities = claim.detail.get("activities") or []
    reasons = [str(one["status_reason"]) for one in activities if one.get("status_reason")]
    return Package(
        title=claim.display or str(claim.detail.get("title", "")) or "Care plan",
        what=tuple(str(one["text"]) for one in activities if one.get("text")),
        when=next((str(one["when"]) for one in activities if one.get("when")), ""),
        paused=(reasons[0] if reasons else "On hold") if claim.status == "on-hold" else "",
        claim=claim,
    )
