"""A request as FHIR for whoever is part of it: what it is and where it stands, and of the patient only who. Pure."""

from typing import Any, Final

from exchange.fhir.systems import System
from records.drawing import Json
from records.models import Patient
from referrals.fhir.request import PRIORITIES, USE_CASES
from referrals.models import Referral
from referrals.received import states
from referrals.received.models import ReceivedRequest

State = Referral.State
#: FHIR request-status of where a referral of ours stands: derived from the fold, never stored. A draft is nobody's.
STATUS: Final[dict[str, str]] = {
    State.ANSWERED: "completed",
    State.COMPLETED: "completed",
    State.REJECTED: "revoked",
    State.WITHDRAWN: "revoked",
}


def of_referral(referral: Referral) -> Json:
    """A referral of ours as its receiver may read it (FHIR ServiceRequest)."""
    category = {"system": str(System.BARS_REQUEST_CATEGORY), "code": "referral", "display": "Transfer of Care"}
    made: Json = {
        "resourceType": "ServiceRequest",
        "id": str(referral.pk),
        "meta": {"profile": [str(System.BARS_SERVICE_REQUEST)]},
        "identifier": [{"system": str(System.OUR_REFERRAL), "value": str(referral.pk)}],
        "status": STATUS.get(referral.state, "active"),
        "intent": "plan",
        "category": [{"coding": [category, dict(USE_CASES[referral.service.use_case].category)]}],
        "priority": PRIORITIES[referral.priority],
        "subject": _subject(referral.patient.merged_into or referral.patient),
    }
    return made | ({"authoredOn": referral.sent_at.isoformat()} if referral.sent_at else {})


def of_request(request: ReceivedRequest, echo: Json) -> Json:
    """A request of theirs (FHIR ServiceRequest; of a booking, Appointment): as they asked it, and where it stands.

    `echo` is what was kept of their own resources.
    """
    subject = _subject(request.patient.merged_into or request.patient)
    if request.kind == ReceivedRequest.Kind.BOOKING:
        status = states.APPOINTMENT_STATUS[request.state]
        theirs = {key: value for key, value in echo.get("Appointment", {}).items() if key != "description"}
        there: dict[str, Any] = {"actor": subject, "status": "accepted"}
        made = {"resourceType": "Appointment", "id": str(request.pk)} | theirs
        return made | {"status": status, "participant": [there]}
    profile = System.BARS_SERVICE_REQUEST if request.kind == "referral" else System.BARS_VALIDATION_REQUEST
    made = {"resourceType": "ServiceRequest", "id": str(request.pk), "meta": {"profile": [str(profile)]}}
    made |= {"intent": "plan"} | echo.get("ServiceRequest", {})
    return made | {"status": states.REQUEST_STATUS[request.state], "subject": subject}


def _subject(patient: Patient) -> Json:
    """Who, by NHS number where it is verified, else only that it is a patient."""
    if patient.nhs_number and patient.nhs_number_status == Patient.NhsNumber.VERIFIED:
        return {"type": "Patient", "identifier": {"system": str(System.NHS_NUMBER), "value": patient.nhs_number}}
    return {"type": "Patient", "display": "Patient"}
