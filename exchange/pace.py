"""No more calls a second than the other side allows, counted over all workers and machines."""

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
