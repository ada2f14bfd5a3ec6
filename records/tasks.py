"""Background work of the record. A task takes an id; the row's state in the database decides what is to be done."""

from celery import shared_task
from django.conf import settings

from records.pulling import actions, schedule
from records.tracing import asking


@shared_task(name="records.tasks.trace")
def trace(trace_id: str) -> None:
    asking.answer(trace_id)


@shared_task(name="records.tasks.sweep_traces", expires=settings.SWEEP_SECONDS)
def sweep_traces() -> None:
    asking.sweep()


@shared_task(name="records.tasks.pull")
def pull(check_id: str) -> None:
    actions.ask(check_id=check_id)


@shared_task(name="records.tasks.sweep_pulls", expires=settings.SWEEP_SECONDS)
def sweep_pulls() -> None:
    schedule.sweep()


@shared_task(name="records.tasks.pull_tomorrow", expires=3600)
def pull_tomorrow() -> None:
    schedule.wish_tomorrow()
