"""The demonstration's organisations, logins, partner systems and services, as rows. Harmless when repeated."""

import os
import secrets
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from access import audit
from access.actor import Actor
from access.models import Membership, Organisation, User
from access.permissions import Role
from exchange.models import Partner, Service
from gpportal.demonstration import ORGANISATIONS, PRACTITIONERS

LETTERS: Final = {"Y90001": "GP", "Y90002": "HS", "RZZ01": "NI", "VZZ01": "SC", "FZZ01": "PH"}
KINDS: Final = {
    "Y90001": Organisation.Kind.PRACTICE,
    "Y90002": Organisation.Kind.PRACTICE,
    "RZZ01": Organisation.Kind.HOSPITAL,
    "VZZ01": Organisation.Kind.SOCIAL_CARE,
    "FZZ01": Organisation.Kind.PHARMACY,
}
ROLES: Final = {
    "gp@": Role.GP,
    "nurse@": Role.NURSE,
    "reception@": Role.RECEPTIONIST,
    "manager@": Role.PRACTICE_MANAGER,
    "privacy@": Role.PRIVACY_OFFICER,
    "social@": Role.SOCIAL_CARE,
    "clinician@": Role.HOSPITAL_CLINICIAN,
}
_HOSPITAL, _PHARMACY = Service.UseCase.GP_TO_HOSPITAL, Service.UseCase.PHARMACY_BLOOD_PRESSURE
_SOCIAL_CARE = Service.UseCase.GP_TO_SOCIAL_CARE
_MINOR_ILLNESS, _CONTRACEPTION = Service.UseCase.PHARMACY_FIRST, Service.UseCase.PHARMACY_CONTRACEPTION
#: Service id → organisation, name, use case, other words for it, urgent, suspected cancer.
SERVICES: Final = {
    "9000000201": (
        "RZZ01",
        "Heart failure clinic",
        _HOSPITAL,
        "breathlessness, echo, BNP, cardiac failure",
        True,
        False,
    ),
    "9000000202": ("RZZ01", "Cardiology", _HOSPITAL, "heart, palpitations, chest pain, murmur", True, False),
    "9000000203": ("RZZ01", "Dermatology", _HOSPITAL, "skin, mole, lesion, melanoma, rash", True, True),
    "9000000204": (
        "RZZ01",
        "Lower GI suspected cancer",
        _HOSPITAL,
        "bowel, colorectal, FIT, rectal bleeding, two week wait",
        True,
        True,
    ),
    "9000000205": ("RZZ01", "Physiotherapy", _HOSPITAL, "back, knee, shoulder, musculoskeletal, MSK", False, False),
    "9000000301": ("FZZ01", "Blood pressure check", _PHARMACY, "hypertension, BP, ambulatory", False, False),
    "9000000302": (
        "FZZ01",
        "Pharmacy First",
        _MINOR_ILLNESS,
        "minor illness, sore throat, earache, sinusitis, infected insect bite, shingles, impetigo, UTI, constipation",
        True,
        False,
    ),
    "9000000303": ("FZZ01", "Contraception", _CONTRACEPTION, "oral contraceptive, the pill, OC", False, False),
    "9000000401": ("VZZ01", "Care needs assessment", _SOCIAL_CARE, "social care, home help, carer, falls", True, False),
}
#: What else the directory says of some of them.
SERVICE_FACTS: Final[dict[str, dict[str, object]]] = {
    "9000000201": {"specialty": "Cardiology", "from_age": 18, "waiting_weeks": 6},
    "9000000202": {"specialty": "Cardiology", "from_age": 16, "waiting_weeks": 14},
    "9000000203": {"specialty": "Dermatology", "waiting_weeks": 22},
    "9000000204": {"specialty": "Colorectal surgery", "from_age": 18, "waiting_weeks": 2},
    "9000000205": {"specialty": "Physiotherapy", "from_age": 16, "waiting_weeks": 9},
    "9000000303": {"sex": "female"},
}
_PASSWORD_FILE_MODE: Final = 0o600


@transaction.atomic
def seed(*, by: Actor) -> list[str]:
    """Organisations, partners, services, and logins with one password; gives the logins' e-mail addresses."""
    for row in ORGANISATIONS.values():
        Organisation.objects.update_or_create(
            ods_code=row.ods,
            defaults={
                "name": row.name,
                "kind": KINDS[row.ods],
                "letters": LETTERS[row.ods],
                "phone": row.phone,
                "address": f"{row.line}, {row.town} {row.postcode}",
            },
        )
    partners()
    services()
    emails = logins()
    audit.record(by=by, action="seeded the demonstration", note=f"{len(emails)} logins")
    return emails


def partners() -> None:
    """The sandbox's systems, at the addresses of this run. An organisation without an address has no system."""
    addresses = {
        "RZZ01": settings.SANDBOX_HOSPITAL_URL,
        "FZZ01": settings.SANDBOX_PHARMACY_URL,
        "VZZ01": settings.SANDBOX_SOCIALCARE_URL,
    }
    for ods_code, url in addresses.items():
        if url:
            Partner.objects.update_or_create(
                organisation=Organisation.objects.get(ods_code=ods_code),
                defaults={
                    "endpoint": f"{url}/FHIR/R4",
                    "token_url": f"{url}/oauth2/token",
                    "jwks_url": f"{url}/.well-known/jwks.json",
                    "pulls": ods_code == "RZZ01",
                },
            )


def services() -> None:
    """What a patient of the demonstration can be referred to."""
    for service_id, (ods_code, name, use_case, also, urgent, cancer) in SERVICES.items():
        facts = dict(SERVICE_FACTS.get(service_id, {}))
        if "waiting_weeks" in facts:
            facts["waiting_said_on"] = timezone.localdate()
        Service.objects.update_or_create(
            service_id=service_id,
            defaults={
                "organisation": Organisation.objects.get(ods_code=ods_code),
                "name": name,
                "use_case": use_case,
                "also_known_as": also,
                "accepts_urgent": urgent,
                "accepts_suspected_cancer": cancer,
                **facts,
            },
        )


def logins() -> list[str]:
    """Users in their roles; a new one gets the demonstration's password, an existing one keeps what it has."""
    staff = [one for one in PRACTITIONERS.values() if one.email]
    new = {one.email for one in staff} - set(User.objects.values_list("email", flat=True))
    password = _password() if new else None
    for one in staff:
        name = one.display if one.prefix == "Dr" else f"{one.given} {one.family}"
        email = str(one.email)
        user = User.objects.filter(email=email).first() or User.objects.create_user(email, password, name=name)
        Membership.objects.get_or_create(
            user=user,
            organisation=Organisation.objects.get(ods_code=one.ods),
            role=ROLES[email.partition("@")[0] + "@"],
            defaults={"since": timezone.localdate()},
        )
    return [str(one.email) for one in staff]


def _password() -> str:
    """GP_DEMO_PASSWORD, else the random one of this data directory, which is kept in a file for its owner alone."""
    given = os.environ.get("GP_DEMO_PASSWORD", "")
    if given:
        return given
    file = Path(settings.DATA_DIR) / "demo-logins.txt"
    if file.exists():
        return file.read_text(encoding="utf-8").split()[-1]
    password = secrets.token_urlsafe(9)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=_PASSWORD_FILE_MODE)
    listed = "\n".join(str(one.email) for one in PRACTITIONERS.values() if one.email)
    file.write_text(f"Logins of the demonstration:\n{listed}\nTheir password:\n{password}\n", encoding="utf-8")
    return password
