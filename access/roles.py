"""The two database roles: owner migrates; app reads and writes, has no DDL, and may only add to the audit and notes."""

from django.conf import settings
from django.db import connections
from psycopg import sql

ADD_ONLY = ["access_auditevent", "exchange_desknote", "work_clockevent", "records_formversion", "records_formstart"]
NO_ACCESS = ["django_migrations"]


def grant() -> None:
    """Give the app's role exactly what it needs on every table that exists now. Run as owner; harmless when repeated.

    Where one role does both (no DATABASE_OWNER_URL) there is nothing to grant.
    """
    app, owner = settings.DATABASES["default"]["USER"], settings.DATABASES["owner"]["USER"]
    if app == owner:
        return
    role = sql.Identifier(app)
    statements = [
        sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(role),
        sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}").format(role),
        sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(role),
        *(sql.SQL("REVOKE UPDATE, DELETE ON {} FROM {}").format(sql.Identifier(t), role) for t in ADD_ONLY),
        *(sql.SQL("REVOKE INSERT, UPDATE, DELETE ON {} FROM {}").format(sql.Identifier(t), role) for t in NO_ACCESS),
    ]
    with connections["owner"].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
