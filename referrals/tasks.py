"""Background work. Beat rings; the rows in the database decide what is to be done."""

from celery import shared_task
from django.conf import settings

from referrals.following import deciding


@shared_task(name="referrals.tasks.sweep_circumstances", expires=settings.SWEEP_SECONDS)
def sweep_circumstances() -> None:
    deciding.sweep()
