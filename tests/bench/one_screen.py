"""How quickly the one screen comes for a patient with 5,000 resources, and how heavy it is.

`./gp bench one_screen`: the demonstration practice on a real PostgreSQL, one reader, through all middleware. Prints p50
and p95 at the server, and HTML as it is and compressed, for that patient and for an ordinary one in the same
run; fails when p95 is over 150 ms or the compressed page over 80 kB.
"""

import gzip
import statistics
import sys
import time
from typing import Final

from django.core.management import call_command
from django.db import connections
from django.db.models import Count
from django.test import Client

from access.actor import MEMBERSHIP
from access.models import User
from records.models import Patient

LIMIT_MS: Final = 150
LIMIT_BYTES: Final = 80_000
ROUNDS: Final = 60
READER: Final = "gp@riverside.example"


def reader() -> Client:
    """A browser in which a GP is signed in."""
    user = User.objects.get(email=READER)
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(user)
    session = client.session
    session[MEMBERSHIP] = user.memberships.get().pk
    session.save()
    return client


def _open(client: Client, patient: Patient) -> bytes:
    page = client.get(f"/patients/{patient.pk}/")
    if page.status_code != 200:
        raise RuntimeError(f"the one screen answered {page.status_code}")
    return page.content


def _measure(client: Client, name: str, patient: Patient, resources: int) -> bool:
    """One line of figures; whether they are within the limits."""
    html = _open(client, patient)
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        _open(client, patient)
        times.append((time.perf_counter() - started) * 1000)
    times.sort()
    p95, packed = times[int(len(times) * 0.95)], len(gzip.compress(html, 6))
    sys.stdout.write(
        f"{name:9} {resources:5} resources  p50 {statistics.median(times):5.1f} ms  p95 {p95:5.1f} ms  "
        f"HTML {len(html):,} bytes, {packed:,} compressed\n"
    )
    return p95 <= LIMIT_MS and packed <= LIMIT_BYTES


def main() -> int:
    call_command("seed_demo", stdout=sys.stderr)
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE")  # as PostgreSQL does by itself a minute after an import
    counted = Patient.objects.annotate(number=Count("resources")).order_by("-number")
    longest, usual = counted[0], counted[len(counted) // 2]
    client = reader()
    kept = [_measure(client, name, one, one.number) for name, one in (("longest", longest), ("ordinary", usual))]
    return 0 if all(kept) else 1
