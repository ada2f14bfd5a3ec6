"""The day's appointments at Riverside Surgery."""

from collections.abc import Iterator
from datetime import date
from random import Random

from gpportal.demonstration import cast
from gpportal.demonstration.clinical_codes import STATUS
from gpportal.demonstration.dates import at
from gpportal.demonstration.people import Person, everyone
from gpportal.demonstration.places import staff
from gpportal.demonstration.shapes import PROFILES, Json, concept, reference

# Who sees patients: length of an appointment in minutes, and the starts of sessions with how many each holds.
_SESSIONS = {
    "khan": (10, [(8, 30, 9), (10, 30, 5)]),
    "silva": (10, [(8, 30, 7), (14, 0, 7)]),
    "hughes": (15, [(9, 0, 7), (13, 30, 5)]),
}

# Who has which place: Jane is Dr Khan's third, the longest record Dr Silva's second.
_FIXED = {("khan", 2): cast.JANE, ("khan", 0): cast.ARJUN, ("silva", 1): cast.LONGEST, ("silva", 3): cast.GRACE}
_FIXED_REASONS = {cast.JANE: "After hospital: medicines and bloods", cast.LONGEST: "Long-term conditions review"}

_GP_REASONS = [
    "Cough for three weeks",
    "Back pain",
    "Medication review",
    "Low mood",
    "Tired all the time",
    "Knee pain",
    "Blood results",
    "Headaches",
    "Skin lesion",
    "Indigestion",
    "Fit note",
    "Palpitations",
    "Shoulder pain",
    "Dizziness",
    "Sleep",
    "Ear ache",
]
_NURSE_REASONS = [
    "Blood test",
    "Blood pressure check",
    "Diabetes review",
    "Asthma review",
    "Dressing",
    "Flu vaccination",
]


def _slots(session: tuple[int, list[tuple[int, int, int]]]) -> Iterator[tuple[int, int]]:
    length, starts = session
    for hour, minute, count in starts:
        for turn in range(count):
            total = hour * 60 + minute + turn * length
            yield divmod(total, 60)


def _appointment(day: date, who: str, slot: int, start: tuple[int, int], person: Person, reason: str) -> Json:
    """FHIR Appointment (UK Core); the id says day, clinician and slot."""
    length = _SESSIONS[who][0]
    end = divmod(start[0] * 60 + start[1] + length, 60)
    name = f"{person.prefix} {person.given} {person.family}"
    return {
        "resourceType": "Appointment",
        "id": f"appointment-{day.isoformat()}-{who}-{slot + 1:02}",
        "meta": {"profile": [f"{PROFILES}UKCore-Appointment"]},
        "status": "booked",
        "appointmentType": concept(STATUS["appointment.routine"]),
        "reasonCode": [{"text": reason}],
        "description": reason,
        "start": at(day, *start),
        "end": at(day, *end),
        "minutesDuration": length,
        "participant": [
            {"actor": reference(f"Patient/{person.patient_id}", name), "status": "accepted"},
            {"actor": staff(who), "status": "accepted"},
        ],
    }


def appointments(day: date) -> Iterator[Json]:
    """FHIR Appointments of that day for each GP and the nurse; ids do not change when asked again."""
    random = Random(f"appointments {day.isoformat()}")
    fixed = set(_FIXED.values())
    others = [person for person in everyone() if person.number not in fixed and person.died_days_ago is None]
    by_number = {person.number: person for person in everyone()}
    waiting = iter(random.sample(others, 60))
    for who, session in _SESSIONS.items():
        for slot, start in enumerate(_slots(session)):
            number = _FIXED.get((who, slot))
            person = by_number[number] if number else next(waiting)
            choices = _NURSE_REASONS if who == "hughes" else _GP_REASONS
            reason = _FIXED_REASONS.get(person.number) or ("Fever" if person.age < 6 else random.choice(choices))
            yield _appointment(day, who, slot, start, person, reason)
