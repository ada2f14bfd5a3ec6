"""How a later answer is spoilt before it is sent: one function per way, each on the finished message."""

import json
import uuid
from collections.abc import Callable
from typing import Final

from sandbox.bars.contents import resources
from sandbox.bars.names import NHS_NUMBER, Json

SOMEBODY_ELSE: Final[Json] = {
    "identifier": [{"system": NHS_NUMBER, "value": "9990009996"}],
    "name": [{"use": "official", "family": "Otherwise", "given": ["Quentin"]}],
    "gender": "male",
    "birthDate": "1938-01-30",
}


def _no_reason(message: Json) -> None:
    for task in resources(message, "Task"):
        task.pop("statusReason", None)
        task.pop("businessStatus", None)


def _unsigned(message: Json) -> None:
    """Nobody answers for it: no practitioner, and no owner of the task."""
    signed = ("Practitioner", "PractitionerRole")
    message["entry"] = [one for one in message["entry"] if one["resource"]["resourceType"] not in signed]
    for task in resources(message, "Task"):
        task.pop("owner", None)


def _other_patient(message: Json) -> None:
    for patient in resources(message, "Patient"):
        patient |= SOMEBODY_ELSE


def _anew(message: Json) -> None:
    message["entry"][0]["resource"]["id"] = str(uuid.uuid4())
    message["entry"][0]["fullUrl"] = f"urn:uuid:{message['entry'][0]['resource']['id']}"


def _invalid(message: Json) -> None:
    """Not FHIR R4: a status that is a number, a time that is none, an intent that is missing."""
    for task in resources(message, "Task"):
        del task["intent"]
        task |= {"status": 7, "authoredOn": "yesterday"}


_WAYS: Final[dict[str, Callable[[Json], None]]] = {
    "no-reason": _no_reason,
    "unsigned": _unsigned,
    "other-patient": _other_patient,
    "anew": _anew,
    "invalid": _invalid,
}


def written(message: Json, how: str) -> bytes:
    """The bytes of an answer, spoilt as its plan says ("" and "again": not at all)."""
    if how in _WAYS:
        _WAYS[how](message)
    content = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    return content[: len(content) // 2] if how == "cut-off" else content
