"""What a role may do. Relationships (records.reach) say to whom; transition tables say when."""

from enum import StrEnum

from django.db import models


class Role(models.TextChoices):
    """What a person is at one organisation (FHIR PractitionerRole.code)."""

    GP = "gp", "GP"
    NURSE = "nurse", "Nurse"
    RECEPTIONIST = "receptionist", "Receptionist"
    PRACTICE_MANAGER = "practice-manager", "Practice manager"
    PRIVACY_OFFICER = "privacy-officer", "Privacy officer"
    SOCIAL_CARE = "social-care", "Social-care professional"
    HOSPITAL_CLINICIAN = "hospital-clinician", "Hospital clinician"


class Permission(StrEnum):
    """One thing a person may do. Views name them with access.guard.requires."""

    FIND_PATIENT = "find a patient"
    READ_DEMOGRAPHICS = "read who a patient is and how to reach them"
    READ_RECORD = "read the clinical record"
    READ_LETTER_TITLES = "see which letters there are"
    READ_LETTERS = "read letters"
    READ_REFERRALS = "see referrals and where they stand"
    WRITE_REFERRAL = "write and send a referral"
    ANSWER_REQUESTS = "answer what others ask of the practice"
    ANSWER_BOOKINGS = "confirm or turn down appointments that others book at the practice"
    READ_REFERRED = "read what was sent with a referral to us"
    READ_CARE_SUMMARY = "read a plain care summary of people on the caseload"
    MERGE_RECORDS = "join patients who are one person, and part them"
    SETTLE_FINDINGS = "settle what imports found"
    SEE_APPOINTMENTS = "see today's appointments"
    TICK_ENTERED = "tick off what is still to be entered in the clinical system"
    SEE_EXCHANGE = "see what went out and came in, and what is stuck"
    HANDLE_MESSAGES = "send messages again, set them aside, give them to somebody, note what was done"
    MANAGE_PARTNERS = "switch the exchange with a partner off and on"
    MANAGE_SERVICES = "keep the directory of services"
    FAVOUR_SERVICES = "choose which services the practice sees first"
    MANAGE_FORMS = "keep the practice's forms"
    READ_SEALED = "read a message as it was sent or received"
    HANDLE_WORK = "give work to a colleague and note that somebody was chased"
    SET_DEADLINES = "set how long things may take at the practice"
    TRACE_PATIENT = "have PDS asked who a patient is, and say whether it found them"


_EVERYONE_AT_A_PRACTICE = {
    Permission.FIND_PATIENT,
    Permission.READ_DEMOGRAPHICS,
    Permission.READ_LETTER_TITLES,
    Permission.READ_REFERRALS,
    Permission.ANSWER_BOOKINGS,
    Permission.SEE_APPOINTMENTS,
    Permission.TICK_ENTERED,
    Permission.TRACE_PATIENT,
    Permission.SEE_EXCHANGE,
    Permission.HANDLE_MESSAGES,
    Permission.HANDLE_WORK,
}
_CLINICIAN = _EVERYONE_AT_A_PRACTICE | {
    Permission.SETTLE_FINDINGS,
    Permission.READ_RECORD,
    Permission.READ_LETTERS,
    Permission.WRITE_REFERRAL,
    Permission.FAVOUR_SERVICES,
    Permission.ANSWER_REQUESTS,
}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.GP: frozenset(_CLINICIAN | {Permission.MERGE_RECORDS, Permission.READ_SEALED}),
    Role.NURSE: frozenset(_CLINICIAN),
    Role.RECEPTIONIST: frozenset(_EVERYONE_AT_A_PRACTICE),
    Role.PRACTICE_MANAGER: frozenset(
        _EVERYONE_AT_A_PRACTICE
        | {Permission.MERGE_RECORDS, Permission.SETTLE_FINDINGS, Permission.MANAGE_PARTNERS}
        | {Permission.MANAGE_SERVICES, Permission.SET_DEADLINES, Permission.MANAGE_FORMS}
    ),
    Role.PRIVACY_OFFICER: frozenset(),
    Role.SOCIAL_CARE: frozenset({Permission.READ_CARE_SUMMARY}),
    Role.HOSPITAL_CLINICIAN: frozenset({Permission.READ_REFERRED}),
}
