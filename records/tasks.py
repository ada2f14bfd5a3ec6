"""Background work of the record. A task takes an id; the row's state in the database decides what is to be done."""

from celery import shared_task
from django.conf import settings

from records.tracing import asking


@shared_task(name="records.tasks.trace")
def trace(trace_id: str) -> None:
    asking.answer(trace_id)


@shared_task(name="records.tasks.sweep_traces", expires=settings.SWEEP_SECONDS)
def sweep_traces() -> None:
    asking.sweep()
