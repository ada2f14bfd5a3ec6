"""What sources say, made for the tests of grouping."""

import datetime as dt
from uuid import UUID

from records.screen.claims import Claim, Source

GP = Source(1, "GP", "Riverside Surgery", "practice")
NI = Source(2, "NI", "Northern Infirmary", "hospital")
SC = Source(3, "SC", "Cityview Adult Social Care", "social-care")
SNOMED = "http://snomed.info/sct"
DAY = dt.datetime(2026, 11, 2, 12, tzinfo=dt.UTC)
LATER = dt.datetime(2026, 11, 18, 12, tzinfo=dt.UTC)
TODAY = dt.date(2026, 11, 23)


def claim(number: int, source: Source, display: str, code: str = "", **more: object) -> Claim:
    fields: dict[str, object] = {
        "id": UUID(int=number),
        "type": "X",
        "kind": "problem",
        "source": source,
        "display": display,
        "code": code,
        "code_system": SNOMED if code else "",
        "status": "active",
        "date": DAY,
    }
    return Claim(**(fields | more))  # type: ignore[arg-type]


def medicine(number: int, source: Source, display: str, code: str, dose: str, **more: object) -> Claim:
    return claim(number, source, display, code, kind="medicine", detail={"dose": dose}, **more)
