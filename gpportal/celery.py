"""Celery's way in: `celery -A gpportal worker`."""

import os
from typing import Any

from celery import Celery
from celery.fixups import django as of_celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gpportal.settings")


class KeepsConnections(of_celery.DjangoWorkerFixup):  # type: ignore[misc, name-defined]  # not in the stubs
    """Celery closes Django's connection and its pool before and after every task; connecting anew costs more than most
    tasks. Here a worker keeps its pool: connections go back to it as after a request, and broken ones are dropped."""

    def close_database(self, **kwargs: Any) -> None:
        from django.db import close_old_connections

        close_old_connections()


class Fixup(of_celery.DjangoFixup):
    """Celery's own adaptation to Django, but for the connections. Made when it is first asked for: settings are not
    read before."""

    _kept: KeepsConnections | None = None

    @property
    def worker_fixup(self) -> KeepsConnections:
        self._kept = self._kept or KeepsConnections(self.app)
        return self._kept


def fixup(app: Celery) -> Fixup:
    """As Celery wants it."""
    made = Fixup(app)
    made.install()
    return made


app = Celery("gpportal", fixups=["gpportal.celery:fixup"])
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
