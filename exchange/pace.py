"""No more calls than the other side allows, or than we allow it, counted over all workers and machines."""

import math

from django.db import connection, transaction


def wait_for(name: str, per_second: float) -> float:
    """Seconds until the caller's own turn; the next caller's comes 1/per_second later.

    One row of the database gives out the turns, so they hold for every process; nobody's turn is lost or shared.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO exchange_pace AS pace (name, next_at) VALUES (%(name)s, clock_timestamp() + %(gap)s)
            ON CONFLICT (name) DO UPDATE SET next_at = greatest(pace.next_at, clock_timestamp()) + %(gap)s
            RETURNING extract(epoch FROM next_at - %(gap)s - clock_timestamp())
            """.replace("%(gap)s", "make_interval(secs => %(gap)s)"),
            {"name": name, "gap": 1 / per_second},
        )
        return max(0.0, float(cursor.fetchone()[0]))


def ask(name: str, per_minute: int) -> int:
    """Take a turn at once if there is one: 0, or the seconds until there is one, and then none is taken.

    A minute's turns may be taken in a burst; they come back evenly. `next_at` is when all would be back.
    """
    values: dict[str, str | float] = {"name": name, "gap": 60 / per_minute}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO exchange_pace AS pace (name, next_at)
            VALUES (%(name)s, clock_timestamp() + make_interval(secs => %(gap)s))
            ON CONFLICT (name) DO UPDATE
            SET next_at = greatest(pace.next_at, clock_timestamp()) + make_interval(secs => %(gap)s)
            WHERE pace.next_at <= clock_timestamp() + make_interval(secs => 60 - %(gap)s)
            RETURNING name
            """,
            values,
        )
        if cursor.fetchone():
            return 0
        cursor.execute(
            "SELECT extract(epoch FROM next_at - clock_timestamp()) - 60 + %(gap)s FROM exchange_pace"
            " WHERE name = %(name)s",
            values,
        )
        return max(1, math.ceil(float(cursor.fetchone()[0])))
