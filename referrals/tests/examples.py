"""A referral that is in no database, and messages as they stand on the wire (golden/).

`./gp manage shell -c "from referrals.tests import examples; examples.write_all()"` writes the outgoing ones anew after
a change that is meant; look at the difference before committing it.
"""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from access.models import Organisation, User
from exchange.models import Service
from records.models import Patient
from referrals.fhir import referral_to_bundle, withdrawal_to_bundle
from referrals.models import Referral

HERE = Path(__file__).parent / "golden"
AT = dt.datetime(2026, 11, 23, 9, 14, tzinfo=dt.UTC)
REFERRAL_ID = UUID("5d1fb7a6-2f4e-4c0e-9c57-0a2f6f1f4e01")
SUMMARY = """Problems
- Heart failure with reduced ejection fraction (Northern Infirmary, 18 Nov 2026)

Medicines
- Bisoprolol 5 mg, one each morning (Riverside Surgery, 18 Nov 2026)

Allergies
- Penicillin: anaphylaxis (Riverside Surgery, 1998)"""


def practice(**more: Any) -> Organisation:
    given: dict[str, Any] = {
        "ods_code": "Y90001",
        "name": "Riverside Surgery",
        "kind": Organisation.Kind.PRACTICE,
        "phone": "01632 960100",
    }
    return Organisation(**(given | more))


def heart_failure_clinic() -> Service:
    hospital = Organisation(ods_code="RZZ01", name="Northern Infirmary", kind="hospital", phone="01632 960200")
    return Service(
        organisation=hospital,
        service_id="9000000201",
        name="Heart failure clinic",
        use_case=Service.UseCase.GP_TO_HOSPITAL,
    )


def at_the_pharmacy(service_id: str, name: str, use_case: str) -> Service:
    pharmacy = Organisation(ods_code="FZZ01", name="Market Square Pharmacy", kind="pharmacy", phone="01632 960300")
    return Service(organisation=pharmacy, service_id=service_id, name=name, use_case=use_case)


def blood_pressure_check() -> Service:
    return at_the_pharmacy("9000000301", "Blood pressure check", Service.UseCase.PHARMACY_BLOOD_PRESSURE)


def care_needs_assessment() -> Service:
    authority = Organisation(ods_code="VZZ01", name="Cityview Adult Social Care", kind="social-care")
    return Service(
        organisation=authority,
        service_id="9000000401",
        name="Care needs assessment",
        use_case=Service.UseCase.GP_TO_SOCIAL_CARE,
    )


def jane(**more: Any) -> Patient:
    given: dict[str, Any] = {
        "id": UUID("0b0f9a52-50a4-4a53-9c0e-3e0a8a3d7b11"),
        "title": "Mrs",
        "given": "Jane Mary",
        "family": "Smith",
        "birth_date": dt.date(1970, 5, 1),
        "birth_date_written": "1970-05-01",
        "gender": "female",
        "nhs_number": "9991234501",
        "nhs_number_status": Patient.NhsNumber.VERIFIED,
        "address": "12 Weaver Lane, Riverside",
        "postcode": "ZZ1 4AB",
        "phone": "01632 960148",
    }
    return Patient(**(given | more))


def referral(**more: Any) -> Referral:
    """A referral that is in no database."""
    given: dict[str, Any] = {
        "id": REFERRAL_ID,
        "patient": jane(),
        "service": heart_failure_clinic(),
        "organisation": practice(),
        "author": khan(),
        "priority": Referral.Priority.URGENT,
        "reason": "Breathless on one flight of stairs, ankle swelling",
        "clinical_summary": SUMMARY,
    }
    return Referral(**(given | more))


def khan() -> User:
    return User(email="gp@riverside.example", name="Dr A Khan", professional_number="9999001")


def bundle(one: Referral) -> dict[str, Any]:
    return referral_to_bundle(one, requester=khan(), role="GP", reply_to="9000000101", at=AT)


def withdrawal(one: Referral, reason: str = "Sent for the wrong knee") -> dict[str, Any]:
    at = AT + dt.timedelta(hours=2)
    return withdrawal_to_bundle(one, reason=reason, reply_to="9000000101", sent_at=AT, at=at)


#: File name -> the referral it is the message of.
OUTGOING: dict[str, Callable[[], Referral]] = {
    "hospital": referral,
    "pharmacy": lambda: referral(
        service=blood_pressure_check(), priority=Referral.Priority.ROUTINE, reason="High blood pressure at home"
    ),
    "pharmacy-first": lambda: referral(
        service=at_the_pharmacy("9000000302", "Pharmacy First", Service.UseCase.PHARMACY_FIRST),
        priority=Referral.Priority.ROUTINE,
        reason="Sore throat for four days",
    ),
    "pharmacy-contraception": lambda: referral(
        service=at_the_pharmacy("9000000303", "Contraception", Service.UseCase.PHARMACY_CONTRACEPTION),
        priority=Referral.Priority.ROUTINE,
        reason="Running out of combined oral contraceptive",
    ),
    "social-care": lambda: referral(
        service=care_needs_assessment(), priority=Referral.Priority.ROUTINE, reason="Cannot wash or dress alone"
    ),
    "restricted": lambda: referral(patient=jane(restricted=True)),
    "no-number": lambda: referral(
        patient=jane(nhs_number_status=Patient.NhsNumber.FAILING, phone="", address="", postcode="ZZ1 4AB")
    ),
}


#: File name -> the referral it takes back.
WITHDRAWN: dict[str, Callable[[], Referral]] = {
    "withdrawal-hospital": OUTGOING["hospital"],
    "withdrawal-pharmacy": OUTGOING["pharmacy"],
    "withdrawal-restricted": OUTGOING["restricted"],
}


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
    return found


def write_all() -> None:
    made = {name: bundle(make()) for name, make in OUTGOING.items()}
    made |= {name: withdrawal(make()) for name, make in WITHDRAWN.items()}
    for name, message in made.items():
        text = json.dumps(message, indent=1, ensure_ascii=False)
        (HERE / f"{name}.json").write_text(text + "\n", encoding="utf-8")
