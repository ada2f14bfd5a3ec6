"""The trail: who did or saw what. One row per page or item opened, one per act; polls and fragments write none."""

from typing import Any
from uuid import UUID

from django.db import connection

from access.actor import Actor
from access.models import AuditEvent


def record(*, by: Actor, action: str, patient: UUID | None = None, of: Any = None, note: str = "") -> None:
    """Add one row, in the caller's transaction, so that an act without its row cannot exist.

    `of` is the model instance acted on; only its type and id are kept. Raises RuntimeError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("audit.record must share a transaction with what it records")
    AuditEvent.objects.create(
        action=action,
        actor_kind=by.kind,
        actor_id=by.id,
        actor_name=by.name,
        role=by.role or "",
        organisation=by.organisation,
        patient_id=patient,
        object_type=type(of).__name__ if of is not None else "",
        object_id=str(of.pk) if of is not None else "",
        note=note,
    )
