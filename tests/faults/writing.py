"""The practice's GP, who writes and sends referrals as told, and presses *Send* again when our system has a fault.

`python -m tests.faults.writing`, in the environment of the stack: reads a line of JSON for each referral (id, service,
patient's NHS number, whether it is to be given up at its first failure) and answers with the id once it is sent.
"""

import json
import sys
import time
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final

import django

AGAIN_SECONDS: Final = 0.3


def main() -> None:
    """Send what comes in, until the input ends."""
    for line in sys.stdin:
        wanted = json.loads(line)
        while not _sent(wanted):
            time.sleep(AGAIN_SECONDS)
        sys.stdout.write(f"{wanted['id']}\n")
        sys.stdout.flush()


def _sent(wanted: dict[str, Any]) -> bool:
    """Write and send a referral, or go on where a fault interrupted it; whether it is sent now."""
    from django.db import Error, connection, transaction

    from referrals import actions
    from referrals.models import Referral
    from referrals.states import NotAllowedNow

    try:
        referral = Referral.objects.filter(pk=wanted["id"]).first() or _draft(wanted)
        if referral.state == Referral.State.DRAFT:
            with transaction.atomic():
                message = actions.send(referral=referral, version=referral.version, by=_gp())
                if wanted["late"]:  # as if we had tried for days: its next failure is the last
                    message.queued_at -= timedelta(days=30)
                    message.save(update_fields=["queued_at"])
    except (Error, NotAllowedNow):  # no database, or it was sent although we heard of a fault
        return False
    finally:
        connection.close()
    return True


def _draft(wanted: dict[str, Any]) -> Any:
    from exchange import directory
    from records.models import Patient
    from referrals import actions
    from referrals.models import Referral

    service = directory.service(wanted["service"])
    assert service is not None
    return actions.draft(
        referral_id=wanted["id"],
        patient=Patient.objects.get(nhs_number=wanted["nhs_number"]),
        service=service,
        priority=Referral.Priority.ROUTINE,
        reason=wanted["reason"],
        clinical_summary=_summary(wanted["nhs_number"]),
        by=_gp(),
    )


@lru_cache(maxsize=1)
def _gp() -> Any:
    from access.actor import person
    from access.models import Membership
    from access.permissions import Role

    memberships = Membership.objects.filter(organisation__ods_code="Y90001", role=Role.GP)
    return person(memberships.select_related("organisation", "user").order_by("pk")[0])


@lru_cache(maxsize=1000)
def _summary(nhs_number: str) -> str:
    from django.utils import timezone

    from records.models import Patient
    from referrals.summary import clinical_summary

    return clinical_summary(_gp(), Patient.objects.get(nhs_number=nhs_number), timezone.now())


if __name__ == "__main__":
    django.setup()
    main()
