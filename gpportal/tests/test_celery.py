"""A worker keeps its connections between tasks, but no broken one."""

from typing import Any

import django.db
import pytest
from django.db import OperationalError, connection
from django.db.utils import ConnectionHandler

from gpportal.celery import KeepsConnections, app


@pytest.mark.django_db(transaction=True)
def test_a_worker_keeps_its_pool_between_tasks_and_drops_what_broke(monkeypatch: pytest.MonkeyPatch) -> None:
    told = connection.settings_dict
    pooled = told | {"OPTIONS": {**told["OPTIONS"], "pool": {"min_size": 1, "max_size": 1, "timeout": 5}}}
    handler = ConnectionHandler({"default": pooled})
    monkeypatch.setattr(django.db, "connections", handler)
    fixup = KeepsConnections(app)
    one: Any = handler["default"]

    def backend() -> int:
        with one.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            return int(cursor.fetchone()[0])

    try:
        first = backend()
        fixup.close_database()
        assert backend() == first
        fixup.close_database()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [first])
        with pytest.raises(OperationalError):
            backend()
        fixup.close_database()
        assert backend() != first
    finally:
        one.close()
        one.close_pool()
