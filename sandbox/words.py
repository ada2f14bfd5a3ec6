"""The answers themselves: accepted, booked, asked, completed, outcome, rejected and the letter, ready to send."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sandbox.bars import names as n
from sandbox.bars.messages import Case, moment, reference, response, task
from sandbox.bars.names import Json
from sandbox.letters import letter

LONDON = ZoneInfo("Europe/London")
DAYS_TO_WAIT = {"routine": 14, "urgent": 7, "asap": 5, "stat": 1}
CLOSED = {(1, 1), (12, 25), (12, 26)}


def accepted(case: Case) -> Json:
    """The service takes the referral."""
    service = case.partner.services[case.service_id].name
    return response(
        case, step="accepted", reason="new", status="active", progress=task(case, "accepted", f"Accepted by {service}")
    )


def booked(case: Case) -> Json:
    """An appointment with date and place (FHIR Appointment, status booked)."""
    service = case.partner.services[case.service_id]
    start = appointment_start(case, datetime.now(LONDON).date())
    said = f"Booked for {start:%A} {start.day} {start:%B %Y} at {start:%H:%M}, {service.place}"
    appointment: Json = {
        "resourceType": "Appointment",
        "id": case.own_id("appointment"),
        "meta": {"profile": [n.UKCORE + "Appointment"]},
        "status": "booked",
        "description": service.name,
        "start": start.isoformat(),
        "end": (start + timedelta(minutes=service.minutes)).isoformat(),
        "created": moment(),
        "basedOn": [reference(case.referral_id)],
        "participant": [
            {"actor": {"display": service.place, "type": "Location"}, "status": "accepted"},
            {"actor": reference(case.own_id("patient")), "status": "accepted"},
        ],
    }
    progress = task(case, "in-progress", said)
    return response(case, step="booked", reason="update", status="active", progress=progress, extra=[appointment])


def asked(case: Case) -> Json:
    """The service cannot decide yet: it asks for more (FHIR Task on hold, what is wanted in its description)."""
    wanted = "Please send recent blood results and a list of present medicines."
    progress = task(case, "on-hold", "More information needed", description=wanted, statusReason={"text": wanted})
    return response(case, step="asked", reason="update", status="active", progress=progress)


def rejected(case: Case) -> Json:
    """The service does not take the referral, and why."""
    progress = task(case, "rejected", "Not accepted", statusReason={"text": case.partner.reasons_to_reject})
    return response(case, step="rejected", reason="update", status="revoked", progress=progress)


def completed(case: Case) -> Json:
    """The pharmacy has seen the patient: the blood pressure it found (FHIR Observation)."""
    found = _blood_pressure(case)
    upper, lower = (part["valueQuantity"]["value"] for part in found["component"])
    said = f"Blood pressure checked: {upper}/{lower} mmHg, average of three readings. No further appointment needed."
    output = [{"type": {"text": "Blood pressure result"}, "valueReference": reference(found["id"])}]
    progress = task(case, "completed", "Completed", description=said, output=output)
    return response(case, step="completed", reason="update", status="completed", progress=progress, extra=[found])


def outcome(case: Case) -> Json:
    """Social care has decided: what it will do (FHIR Task completed, in its description)."""
    said = case.partner.services[case.service_id].outcome or "Completed."
    progress = task(case, "completed", "Completed", description=said)
    return response(case, step="outcome", reason="update", status="completed", progress=progress)


WRITERS: dict[str, Callable[[Case], Json]] = {
    "accepted": accepted,
    "booked": booked,
    "asked": asked,
    "rejected": rejected,
    "completed": completed,
    "outcome": outcome,
    "letter": letter,
}


def appointment_start(case: Case, today: date) -> datetime:
    """Clinic time on the first working day after the usual wait for this priority (Europe/London)."""
    days = DAYS_TO_WAIT.get(str(case.request.get("priority", "routine")), 14)
    day = today + timedelta(days=days)
    while day.weekday() > 4 or (day.month, day.day) in CLOSED:
        day += timedelta(days=1)
    hour, minute = case.partner.services[case.service_id].starts.split(":")
    return datetime.combine(day, time(int(hour), int(minute)), LONDON)


def _blood_pressure(case: Case) -> Json:
    spread = int(case.referral_id[:4], 16) % 24
    parts = [
        _reading("271649006", "Systolic blood pressure", 126 + spread),
        _reading("271650006", "Diastolic blood pressure (observable entity)", 76 + spread // 2),
    ]
    return {
        "resourceType": "Observation",
        "id": case.own_id("blood pressure"),
        "meta": {"profile": [n.UKCORE + "Observation"]},
        "status": "final",
        "category": [{"coding": [{"system": n.VITAL_SIGNS, "code": "vital-signs", "display": "Vital Signs"}]}],
        "code": {"coding": [{"system": n.SNOMED, "code": "75367002", "display": "Blood pressure (observable entity)"}]},
        "subject": reference(case.own_id("patient")),
        "effectiveDateTime": datetime.now(UTC).isoformat(timespec="seconds"),
        "performer": [reference(case.own_id("organisation"), case.partner.name)],
        "component": parts,
    }


def _reading(code: str, display: str, value: int) -> Json:
    return {
        "code": {"coding": [{"system": n.SNOMED, "code": code, "display": display}], "text": display},
        "valueQuantity": {"value": value, "unit": "millimeter of mercury", "system": n.UCUM, "code": "mm[Hg]"},
    }
