"""Background work. Beat rings; the rows in the database decide what is to be done."""

from celery import shared_task
from django.conf import settings

from work import silence


@shared_task(name="work.tasks.sweep_clocks", expires=settings.SWEEP_SECONDS)
def sweep_clocks() -> None:
    silence.sweep()
