"""How quickly a patient is found among 100,000, in a practice with all of them and in one with a fiftieth.

`./gp bench find`: milliseconds at the server, p50 and p95 per kind of question, beside the same statements by psycopg
alone and a bare SELECT 1, so that a noisy machine is known for one; fails when a p95 is over 50.
"""

import datetime as dt
import random
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from django.db import connection, connections
from django.utils import timezone

from access.actor import Actor, acting, person
from access.models import Membership, Organisation, User
from access.permissions import Role
from records.models import Patient, Relationship
from records.people import find
from records.people.names import search_text

PEOPLE: Final = 100_000
LIMIT_MS: Final = 50
ROUNDS: Final = 40
STARTS = "Har Wil Ash Brad Cart Daw Elm Fen Gar Hol Ing Jar Ken Lang Mar Nor Ock Pem Quin Rad Sel Thor Ull Ver Wex"
ENDS = "ton ley son ford well man wood er by field ham worth ridge more shaw stone den wick croft lett"
COMMON = ["Smith", "Jones", "Williams", "Patel", "O'Brien", "Khan", "Taylor", "Davies", "Evans", "Nowak"]
GIVEN = "Jane John Mary Ann Peter Arjun Carys Siobhan Lukasz Grace Ahmed Fatima Owen Ruth Paul Lin Ada Tom"


_STARTS, _ENDS, _GIVEN = STARTS.split(), ENDS.split(), GIVEN.split()


def _people(chance: random.Random) -> Iterator[Patient]:
    families = [start + end for start in _STARTS for end in _ENDS]
    for number in range(PEOPLE):
        family = chance.choice(COMMON) if chance.random() < 0.1 else chance.choice(families)
        given = f"{chance.choice(_GIVEN)} {chance.choice(_GIVEN)}"
        postcode = (
            f"ZZ{chance.randrange(1, 60)} {chance.randrange(10)}{chance.choice('ABDEFGH')}{chance.choice('JLNPQRS')}"
        )
        yield Patient(
            family=family,
            given=given,
            birth_date=dt.date(1930, 1, 1) + dt.timedelta(days=chance.randrange(34_000)),
            nhs_number=f"{9_990_000_000 + number}",
            postcode=postcode,
            search_text=search_text(family=family, given=given, postcode=postcode),
        )


def _actor(name: str, ods_code: str, share: int, people: list[Patient]) -> Actor:
    """A GP of a practice with every `share`-th of the people."""
    practice = Organisation.objects.create(ods_code=ods_code, name=name, kind=Organisation.Kind.PRACTICE)
    user = User.objects.create(email=f"{ods_code}@bench.example", name=name)
    membership = Membership.objects.create(user=user, organisation=practice, role=Role.GP, since=dt.date(2020, 1, 1))
    kind, now = Relationship.Kind.REGISTERED, timezone.now()
    Relationship.objects.bulk_create(
        (Relationship(patient=one, organisation=practice, kind=kind, since=now) for one in people[::share]),
        batch_size=5000,
    )
    return person(membership)


def _questions(people: list[Patient], chance: random.Random) -> dict[str, list[str]]:
    some = [chance.choice(people) for _ in range(ROUNDS)]
    return {
        "family name": [one.family for one in some],
        "family and given": [f"{one.given.split()[0]} {one.family}" for one in some],
        "three letters": [one.family[:3] for one in some],
        "two letters": [one.family[:2] for one in some],
        "common name": ["smith", "jones", "patel", "khan"] * 3,
        "given name": [one.given.split()[0] for one in some],
        "middle of a name": [one.family[2:6] for one in some],
        "letters exchanged": [one.family[:2] + one.family[3] + one.family[2] + one.family[4:] for one in some],
        "a letter wrong": [one.family[:2] + "q" + one.family[3:] for one in some],
        "nobody": ["brzyzx", "qqqqq", "xylophonist"] * 3,
        "date of birth": [f"{one.birth_date:%d/%m/%Y}" for one in some],
        "year of birth": [f"{one.birth_date:%Y}" for one in some],
        "name and date": [f"{one.family} {one.birth_date:%d %B %Y}" for one in some],
        "NHS number": [f"{one.nhs_number[:3]} {one.nhs_number[3:6]} {one.nhs_number[6:]}" for one in some],
        "postcode": [one.postcode for one in some],
        "outward postcode": [one.postcode.split()[0] for one in some],
    }


@dataclass(slots=True)
class Times:
    """Milliseconds of each question of one kind, and of what they cannot be quicker than, taken in turn with them."""

    asked: list[float] = field(default_factory=list)
    #: The same statements by psycopg alone: what is left is ours.
    statements: list[float] = field(default_factory=list)
    #: SELECT 1 there and back: how busy the machine is.
    floor: list[float] = field(default_factory=list)


def _ask(actor: Actor, question: str, times: Times) -> None:
    statements: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append((sql, params))
        return execute(sql, params, many, context)

    with acting(actor):
        with _timed(times.floor), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        with connection.execute_wrapper(note), _timed(times.asked):
            find.patients(actor, question)
        raw = connection.connection.cursor()
        with _timed(times.statements):
            for sql, params in statements:
                raw.execute(sql, params).fetchall()


@contextmanager
def _timed(into: list[float]) -> Iterator[None]:
    started = time.perf_counter()
    yield
    into.append((time.perf_counter() - started) * 1000)


def _p95(times: list[float]) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * 0.95))]


def _line(practice: str, kind: str, times: Times) -> str:
    middle, worst, alone = statistics.median(times.asked), _p95(times.asked), statistics.median(times.statements)
    return f"{practice:12} {kind:18} p50 {middle:6.1f} ms  p95 {worst:6.1f} ms  its SQL alone p50 {alone:6.1f} ms\n"


def main() -> int:
    chance = random.Random(1)
    made = _people(chance)
    while some := list(islice(made, 5000)):
        Patient.objects.bulk_create(some)
    people = list(Patient.objects.order_by("nhs_number"))
    actors = {"all of them": _actor("Large", "BNCH1", 1, people), "a fiftieth": _actor("Usual", "BNCH2", 50, people)}
    with connections["owner"].cursor() as cursor:  # what autovacuum does within a minute; the app's role may not
        cursor.execute("VACUUM ANALYZE records_patient, records_relationship")
    slow, floor = [], []
    for practice, actor in actors.items():
        for kind, questions in _questions(people, chance).items():
            for question in questions[:2]:
                _ask(actor, question, Times())
            times = Times()
            for question in questions:
                _ask(actor, question, times)
            slow += [times] if _p95(times.asked) > LIMIT_MS else []
            floor += times.floor
            sys.stdout.write(_line(practice, kind, times))
    sys.stdout.write(
        f"SELECT 1, taken in turn with them: p50 {statistics.median(floor):.2f} ms, p95 {_p95(floor):.2f} ms\n"
        f"{len(slow)} kinds of question over {LIMIT_MS} ms among {PEOPLE} patients\n"
    )
    return 1 if slow else 0
