"""Answers every address, /readyz among them, when the database does."""

import os
from collections.abc import Callable, Iterable
from typing import Any

import psycopg


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """200 with the database's role, or 503."""
    try:
        with psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=2) as connection:
            row = connection.execute("SELECT current_user").fetchone()
    except psycopg.OperationalError:
        start_response("503 Service Unavailable", [("Content-Type", "text/plain")])
        return [b"no database"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(row[0] if row else "").encode()]
