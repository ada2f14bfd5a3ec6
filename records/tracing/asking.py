"""One question to PDS, from the claimed row to what came of it. The call is made outside any transaction."""

import time
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid5

import structlog
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from access import audit
from access.actor import acting, system
from exchange import doorbell, pds
from exchange.errors import DeliveryError, ExchangeError
from exchange.pds import Record
from records.models import Patient, Trace
from records.tracing import taking
from records.tracing.judging import certain, search_query

log = structlog.get_logger(__name__)

TASK: Final = "records.tasks.trace"
BY: Final = system("PDS")
_LEASE: Final = timedelta(seconds=90)
#: Seconds between tries that follow each other at once; later ones wait for the sweep.
_AT_ONCE: Final = (1, 2)
_MOST_TRIES: Final = 6
_BACK_OFF: Final = timedelta(seconds=30)
_HEARD_WITHIN: Final = timedelta(seconds=30)
_ROWS_A_SWEEP: Final = 50
State = Trace.State
_STATES: Final[dict[type[ExchangeError], str]] = {
    pds.NumberNotSent: State.INVALID,
    pds.NotKnown: State.NOT_KNOWN,
    pds.Invalidated: State.INVALID,
    pds.TooManyMatches: State.MANY,
}


def due() -> QuerySet[Trace]:
    return Trace.objects.filter(state=State.ASKED, due_at__lte=timezone.now()).order_by("due_at")


def sweep() -> None:
    """Rings for what is due: a lost ring, a worker that died, a try that had to wait. Not for what was asked just now:
    that rang by itself, and waits only while the workers are busy."""
    lately = Q(tries=0, asked_at__gt=timezone.now() - _HEARD_WITHIN)
    for trace_id in due().exclude(lately).values_list("pk", flat=True)[:_ROWS_A_SWEEP]:
        doorbell.ring(TASK, trace_id)


def answer(trace_id: UUID | str) -> None:
    """Ask PDS what the row says, if nobody else does, and act on the answer."""
    claimed = due().filter(pk=trace_id).update(due_at=timezone.now() + _LEASE, tries=F("tries") + 1)
    if not claimed:
        return
    trace = Trace.objects.select_related("patient").get(pk=trace_id)
    if trace.tries > _MOST_TRIES:  # workers died of it, or we have a fault: PDS is not asked for ever
        _close(trace, State.FAILED)
        return
    try:
        found = _ask_patiently(trace)
    except DeliveryError as error:
        _not_yet(trace, error)
    except ExchangeError as error:
        _close(trace, _STATES.get(type(error), State.FAILED), error.code)
    else:
        _settle(trace, found)


def _ask_patiently(trace: Trace) -> Record | None:
    """A few tries in a row with the same X-Request-ID. Raises ExchangeError when they do not help."""
    for pause in (*_AT_ONCE, None):
        try:
            return _ask(trace)
        except DeliveryError as error:
            log.info("PDS did not answer", trace=str(trace.pk), error=error.code, status=error.status)
            if pause is None or not error.again or error.wait > _AT_ONCE[-1]:
                raise
            time.sleep(max(pause, error.wait))
    raise AssertionError  # the last round returns or raises


def _ask(trace: Trace) -> Record | None:
    if trace.asked_number:
        return pds.retrieve(trace.asked_number, request_id=trace.request_id)
    narrow = search_query(trace.patient, postcode=True)
    if not narrow:
        return None
    wide = search_query(trace.patient, postcode=False)
    found = pds.search(narrow, request_id=trace.request_id)
    if found is None and wide != narrow:  # people move; the name and the date of birth still have to fit exactly
        found = pds.search(wide, request_id=uuid5(trace.request_id, "without the postcode"))
    return found


# What came of it ------------------------------------------------------------------------------------------------------
def _settle(trace: Trace, found: Record | None) -> None:
    with acting(BY):
        trace = Trace.objects.select_for_update().get(pk=trace.pk)
        if trace.state != State.ASKED:
            return
        patient = Patient.objects.get(pk=trace.patient_id)
        if found is None:
            _write(trace, State.NONE)
            return
        trace.found_number, trace.version = found.nhs_number, found.version
        if trace.asked_number and certain(patient, found.patient):
            taking.take(trace, patient, found.patient, by=BY)
            return
        trace.found = taking.kept(found.patient)
        _write(trace, State.DOUBT if trace.asked_number else State.MATCH)


def _not_yet(trace: Trace, error: DeliveryError) -> None:
    if error.again and trace.tries < _MOST_TRIES:
        wait = max(_BACK_OFF * trace.tries, timedelta(seconds=min(error.wait, 3600)))
        Trace.objects.filter(pk=trace.pk, state=State.ASKED).update(due_at=timezone.now() + wait, trouble=error.code)
    else:
        _close(trace, State.FAILED, error.code)


def _close(trace: Trace, state: str, trouble: str = "") -> None:
    with acting(BY):
        open_ = Trace.objects.select_for_update().filter(pk=trace.pk, state=State.ASKED).first()
        if open_ is not None:
            open_.trouble = trouble
            _write(open_, state)


def _write(trace: Trace, state: str) -> None:
    taking.close(trace, state)
    audit.record(by=BY, action="PDS answered", patient=trace.patient_id, of=trace, note=trace.get_state_display())


def ring(trace: Trace) -> Any:
    return doorbell.ring(TASK, trace.pk)
