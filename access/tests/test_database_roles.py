"""The app's role: no DDL, and the audit is only added to."""

import pytest
from django.db import ProgrammingError, connection, transaction

from access import audit
from access.actor import acting, system
from access.models import AuditEvent
from conftest import Person

WHO = system("test")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE access_auditevent SET actor_name = 'somebody else'",
        "DELETE FROM access_auditevent",
        "TRUNCATE access_auditevent",
        "UPDATE exchange_desknote SET text = 'they never rang'",
        "DELETE FROM exchange_desknote",
        "CREATE TABLE mine (id int)",
        "ALTER TABLE records_patient ADD COLUMN extra text",
        "DROP TABLE records_patient",
        "DELETE FROM django_migrations",
    ],
)
def test_the_app_role_cannot_change_the_past_or_the_tables(statement: str) -> None:
    with transaction.atomic():
        audit.record(by=WHO, action="opened")
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert AuditEvent.objects.get().actor_name == "test"


@pytest.mark.django_db(transaction=True)
def test_an_audit_row_needs_a_transaction() -> None:
    with pytest.raises(RuntimeError):
        audit.record(by=WHO, action="opened")
    assert not AuditEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_database_knows_who_acts_only_inside_the_transaction(gp: Person) -> None:
    def told() -> tuple[str, str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('gp.actor', true), current_setting('gp.organisation', true)")
            actor, organisation = cursor.fetchone()
            return actor or "", organisation or ""

    with acting(gp.actor):
        assert told() == (f"person:{gp.user.pk}", "Y90001")
    assert told() == ("", "")
