"""The people this PDS knows, as FHIR R4 Patients, and what has become of their NHS numbers."""

import csv
import threading
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from sandbox.bars.names import NHS_NUMBER, ODS, UKCORE, Json

FILE: Final = Path(__file__).with_name("people.csv")
CONFIDENTIALITY: Final = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
LABELS: Final = {"U": "unrestricted", "R": "restricted", "V": "very restricted", "REDACTED": "redacted"}
PRACTICE: Final = "Y90001"
_STATUS_SYSTEM: Final = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus"
_DEATH_SYSTEM: Final = "https://fhir.hl7.org.uk/CodeSystem/UKCore-DeathNotificationStatus"


@dataclass(frozen=True, slots=True)
class Known:
    """One PDS record."""

    nhs_number: str
    prefix: str
    given: tuple[str, ...]
    family: str
    gender: str
    born: str
    line: str
    town: str
    postcode: str
    phone: str
    label: str = "U"
    died: date | None = None
    version: int = 2


# What PDS has otherwise than the practice, so that a check finds something. Each number is of the 999 range.
MOVED: Final = "9992041188"  # Arjun Patel: a new address and telephone
RENUMBERED: Final = ("9991187758", "9998408229")  # Piotr Nowak: superseded by a number that nobody has yet
TWICE: Final = ("9998336163", "9998348188")  # Siân Pryce-Jones: superseded by the number of the other entry
NEWLY_RESTRICTED: Final = "9994429019"  # Grace Adebayo: restricted here, not yet at the practice
INVALID: Final = "9998432243"  # was given out by mistake
#: People whose number the practice does not know, or has wrong.
UNTRACED: Final = (
    Known(*("9998420237", "Ms", ("Ioana",), "Dumitrescu", "female", "1999-07-21"),
          *("15 Tannery Street", "Harrowmere", "ZZ1 8JT", "01632 960417")),
    Known(*("9990042314", "Mr", ("Kelechi",), "Nwosu", "male", "1987-01-14"),
          *("17 Tannery Street", "Harrowmere", "ZZ1 9LT", "01632 960418")),
)  # fmt: skip


@dataclass(slots=True)
class Register:
    """All records by NHS number, numbers superseded by others, and numbers that became invalid."""

    people: dict[str, Known] = field(default_factory=dict)
    superseded: dict[str, str] = field(default_factory=dict)
    invalid: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, nhs_number: str) -> Known | None:
        """The record of a number, or of the one that superseded it."""
        return self.people.get(self.superseded.get(nhs_number, nhs_number))

    def change(self, nhs_number: str, act: str) -> None:
        """A switch of the page: the record becomes restricted, free, dead, invalid, or is doubled. Raises KeyError.

        `reset` makes everything as it was at the start.
        """
        with self._lock:
            if act == "reset":
                first = register()
                self.people, self.superseded, self.invalid = first.people, first.superseded, first.invalid
                return
            if act == "invalidate":
                self.people.pop(nhs_number)
                self.invalid.add(nhs_number)
                return
            known = self.people[nhs_number]
            changed = replace(known, version=known.version + 1)
            if act == "double":
                self.people[twin_of(nhs_number)] = replace(known, nhs_number=twin_of(nhs_number))
            elif act == "dies":
                changed = replace(changed, died=date.today() - timedelta(days=3))  # noqa: DTZ011 a date without a time
            else:
                changed = replace(changed, label={"restrict": "R", "unrestrict": "U"}[act])
            self.people[nhs_number] = changed


def register() -> Register:
    """The register as it is at the start."""
    with FILE.open(encoding="utf-8", newline="") as file:
        people = {row["nhs_number"]: _known(row) for row in csv.DictReader(file)}
    people |= {one.nhs_number: one for one in UNTRACED}
    people[MOVED] = replace(people[MOVED], line="27 Weir Lane", postcode="ZZ3 4AB", phone="07700 900661", version=7)
    people[NEWLY_RESTRICTED] = replace(people[NEWLY_RESTRICTED], label="R", version=3)
    old, new = RENUMBERED
    people[new] = replace(people.pop(old), nhs_number=new, version=4)
    people.pop(TWICE[0])
    return Register(people, {old: new, TWICE[0]: TWICE[1]}, {INVALID})


def twin_of(nhs_number: str) -> str:
    """Another valid number, for somebody of the same name and birthday."""
    middle = int(nhs_number[:9]) + 1
    while (digit := _check_digit(str(middle))) is None:
        middle += 1
    return f"{middle}{digit}"


def is_valid(nhs_number: str) -> bool:
    """Ten digits that satisfy Modulus 11."""
    ten = len(nhs_number) == 10 and nhs_number.isascii() and nhs_number.isdigit()
    return ten and _check_digit(nhs_number[:9]) == int(nhs_number[9])


def _check_digit(nine: str) -> int | None:
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(nine, range(10, 1, -1), strict=True)) % 11
    return None if rest == 10 else rest % 11


def _known(row: dict[str, str]) -> Known:
    days = row["died_days_ago"]
    return Known(
        *(row["nhs_number"], row["prefix"], tuple(filter(None, (row["given"], row["middle"]))), row["family"]),
        *(row["gender"], row["born"], row["line"], row["town"], row["postcode"], row["phone"]),
        label=row["restricted"] or "U",
        died=date.today() - timedelta(days=int(days)) if days else None,  # noqa: DTZ011 a date without a time
    )


# As FHIR --------------------------------------------------------------------------------------------------------------
def patient(known: Known) -> Json:
    """FHIR R4 Patient as PDS gives it: of a restricted person no address, no telecom, no GP."""
    label = {"system": CONFIDENTIALITY, "code": known.label, "display": LABELS[known.label]}
    made: Json = {
        "resourceType": "Patient",
        "id": known.nhs_number,
        "identifier": [_identifier(known.nhs_number)],
        "meta": {"versionId": str(known.version), "security": [label]},
        "name": [
            {
                "id": f"N{known.nhs_number[-4:]}",
                "use": "usual",
                "period": {"start": "2020-01-01"},
                "given": list(known.given),
                "family": known.family,
                "prefix": [known.prefix],
            }
        ],
        "gender": known.gender,
        "birthDate": known.born,
    }
    if known.died:
        made |= _death(known.died)
    return made if known.label in ("R", "V") else made | _where(known)


def _identifier(nhs_number: str) -> Json:
    coding = {"system": _STATUS_SYSTEM, "version": "1.0.0", "code": "01", "display": "Number present and verified"}
    status = {"url": f"{UKCORE_EXTENSION}NHSNumberVerificationStatus", "valueCodeableConcept": {"coding": [coding]}}
    return {"system": NHS_NUMBER, "value": nhs_number, "extension": [status]}


UKCORE_EXTENSION: Final = UKCORE.removesuffix("UKCore-") + "Extension-UKCore-"


def _where(known: Known) -> Json:
    since = {"start": "2020-01-01"}
    gp = {"type": "Organization", "identifier": {"system": ODS, "value": PRACTICE, "period": since}}
    made: Json = {
        "address": [
            {
                "id": f"A{known.nhs_number[-4:]}",
                "period": since,
                "use": "home",
                "line": [known.line, known.town],
                "postalCode": known.postcode,
            }
        ],
        "generalPractitioner": [{"id": f"G{known.nhs_number[-4:]}", **gp}],
        "managingOrganization": gp,
    }
    if known.phone:
        phone = {"system": "phone", "value": known.phone, "use": "home"}
        made["telecom"] = [{"id": f"T{known.nhs_number[-4:]}", "period": since, **phone}]
    return made


def _death(died: date) -> Json:
    coding = {
        "system": _DEATH_SYSTEM,
        "version": "1.0.0",
        "code": "2",
        "display": "Formal - death notice received from Registrar of Deaths",
    }
    moment = f"{died.isoformat()}T00:00:00+00:00"
    parts = [
        {"url": "deathNotificationStatus", "valueCodeableConcept": {"coding": [coding]}},
        {"url": "systemEffectiveDate", "valueDateTime": moment},
    ]
    status = {"url": f"{UKCORE_EXTENSION}DeathNotificationStatus", "extension": parts}
    return {"deceasedDateTime": moment, "extension": [status]}
