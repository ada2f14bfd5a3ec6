"""Whose a partner's answer is. Pure: one entry about somebody else, and nothing of the answer may be kept."""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from exchange.fhir import numbers
from exchange.fhir.bundles import BundleEntry
from exchange.fhir.messages import FHIR_JSON
from exchange.fhir.systems import System
from records.drawing import Json, every, text_at
from records.kinds import SUBJECTS
from records.models import Patient
from records.people.demographics import demographics

_HISTORY: Final = re.compile(r"/_history/[A-Za-z0-9\-.]{1,64}$")


class MixedUp(Exception):
    """An answer that is not, or not only, about the patient we asked for. The text holds nothing of it."""


def the_one(found: list[Json], patient: Patient) -> Json | None:
    """The FHIR Patient among those a partner has with this NHS number; None if it has none.

    Raises MixedUp when there are several, or number, birth date or family name are not those of our patient.
    """
    if not found:
        return None
    if len(found) > 1:
        raise MixedUp("several Patients with one NHS number")
    said = demographics(found[0])
    if said.matchable_number != patient.nhs_number or not said.agrees_with(patient):
        raise MixedUp("the Patient is somebody else")
    return found[0]


def check(entries: Iterable[BundleEntry], patient_id: str, nhs_number: str, base: str) -> None:
    """Look at every entry of an answer. Raises MixedUp if one of them is about anybody but this patient.

    What names nobody (Practitioner, Organization, Medication …) is nobody else's. A Bundle within it is looked through
    as well: its Patient may bear an id of its own there, and then must bear the NHS number.
    """
    ours = {f"Patient/{patient_id}", f"{base}/Patient/{patient_id}"}
    listed = [(one.full_url, one.resource) for one in entries]
    _judge(listed, ours, lambda patient: _is(patient, patient_id), nhs_number)


def _judge(listed: list[tuple[str, Json]], ours: set[str], is_ours: Callable[[Json], bool], nhs_number: str) -> None:
    people = [(url, one) for url, one in listed if one.get("resourceType") == "Patient"]
    if not all(is_ours(one) for _, one in people):
        raise MixedUp("a Patient who is somebody else")
    ours = ours | {url for url, _ in people if url} | {f"Patient/{one['id']}" for _, one in people if one.get("id")}
    for _, resource in listed:
        within = [resource, *every(resource.get("contained"))]
        if not all(_means(subject, resource, ours, nhs_number) for one in within for subject in _subjects(one)):
            raise MixedUp("an entry about somebody else")
        for bundle in (one for one in [*within, *_written(resource)] if one.get("resourceType") == "Bundle"):
            _judge(
                [(text_at(entry, "fullUrl"), entry["resource"]) for entry in _entries(bundle)],
                ours,
                lambda patient: is_ours(patient) or demographics(patient).nhs_number == nhs_number,
                nhs_number,
            )


def _written(resource: Json) -> Iterator[Json]:
    """FHIR that a Binary or an attachment carries as its data, such as a letter as a document Bundle."""
    attached = [one.get("attachment") for one in every(resource.get("content")) if isinstance(one, dict)]
    carriers = (
        [resource] if resource.get("resourceType") == "Binary" else [*attached, *every(resource.get("presentedForm"))]
    )
    for one in carriers:
        if text_at(one, "contentType").split(";")[0].strip() in FHIR_JSON and (found := _decoded(text_at(one, "data"))):
            yield found


def _decoded(base64_text: str) -> Json | None:
    """What cannot be read as JSON is nobody's record: it is kept as a file and never interpreted."""
    try:
        found = numbers.loads(base64.b64decode(base64_text, validate=True))
    except (binascii.Error, numbers.JsonError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _entries(bundle: Json) -> Iterator[Json]:
    yield from (one for one in every(bundle.get("entry")) if isinstance(one.get("resource"), dict))


def _is(resource: Json, patient_id: str) -> bool:
    return resource.get("resourceType") == "Patient" and resource.get("id") == patient_id


def _subjects(resource: Json) -> Iterator[Json]:
    """Every Reference by which a resource says whose it is."""
    for element in SUBJECTS:
        yield from every(resource.get(element))
    if resource.get("resourceType") == "Appointment":
        actors = [actor for one in every(resource.get("participant")) for actor in every(one.get("actor"))]
        yield from (actor for actor in actors if _names_a_patient(actor))
    if resource.get("resourceType") == "Binary":  # whoever may see its context may see it: it may be about no patient
        yield from (one for one in every(resource.get("securityContext")) if _names_a_patient(one))


def _names_a_patient(reference: Json) -> bool:
    by_number = text_at(reference.get("identifier"), "system") == System.NHS_NUMBER
    return by_number or "Patient" in (text_at(reference, "type"), *_steps(reference))


def _steps(reference: Json) -> list[str]:
    return text_at(reference, "reference").split("/")


def _means(subject: Json, resource: Json, ours: set[str], nhs_number: str) -> bool:
    """Whether a Reference means our patient: by address, by NHS number, or by a contained Patient that bears it."""
    written = _HISTORY.sub("", text_at(subject, "reference"))
    if written.startswith("#"):
        inside = [one for one in every(resource.get("contained")) if f"#{one.get('id')}" == written]
        return bool(inside) and all(demographics(one).nhs_number == nhs_number for one in inside)
    if written:
        return written in ours
    identifier = subject.get("identifier")
    system, value = text_at(identifier, "system"), text_at(identifier, "value").replace(" ", "")
    return system == System.NHS_NUMBER and value == nhs_number
