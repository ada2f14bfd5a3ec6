"""Who is in the sandbox PDS, and a word to ask it and to read what came of it."""

import re
from collections.abc import Callable

from conftest import Person
from records.models import Patient, Trace
from records.tracing import actions, asking

MakePatient = Callable[..., Patient]
State = Trace.State
JANE, ARJUN, HODAN = "9991234578", "9992041188", "9998312140"
PIOTR, PIOTR_NOW = "9991187758", "9998408229"
GRACE = "9994429019"
INVALID, UNKNOWN, FAILING = "9998432243", "9000000009", "9991234579"


def ask(patient: Patient, by: Person) -> Trace:
    """Ask PDS as the button does, and do what the worker does."""
    trace = actions.ask(patient=patient, by=by.actor)
    assert trace is not None
    asking.answer(trace.pk)
    trace.refresh_from_db()
    patient.refresh_from_db()
    return trace


def panel(patient: Patient, by: Person) -> str:
    html = by.client.get(f"/patients/{patient.pk}/panel/pds/").content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def broken(**_: object) -> None:
    raise ZeroDivisionError
