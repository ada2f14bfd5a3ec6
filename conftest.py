"""The real database of the tests and the fixed cast that plays in them.

`./gp test` starts PostgreSQL and Valkey of their own and names them in the environment. The tests run as the app's
role, which has no DDL and may only add to the audit; the owner's role migrates and cleans up.
"""

import datetime as dt
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.test import Client, TransactionTestCase
from django.utils import timezone
from psycopg import sql

from access.actor import MEMBERSHIP, Actor, person
from access.models import Membership, Organisation, User
from access.permissions import Role
from records.models import Patient, Relationship


# The database ---------------------------------------------------------------------------------------------------------
def _owner_connection() -> psycopg.Connection[Any]:
    owner = settings.DATABASES["owner"]
    return psycopg.connect(
        host=owner["HOST"],
        port=owner["PORT"] or None,
        user=owner["USER"],
        password=owner["PASSWORD"],
        dbname="postgres",
        autocommit=True,
    )


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any, worker_id: str) -> Iterator[None]:
    """A fresh database for this worker, migrated by the owner; Django then talks to it as the app's role."""
    name = f"test_gpportal{os.environ.get('GP_TEST_SUFFIX', '')}_{worker_id}"
    with _owner_connection() as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    for alias in ("default", "owner"):
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name
    with django_db_blocker.unblock():
        call_command("migrate", verbosity=0)
    yield
    for alias in ("default", "owner"):
        connections[alias].close()
    with _owner_connection() as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _empty_as_owner() -> None:
    """After a test with real commits: the app's role may not truncate, the owner may."""
    keep = {"django_migrations", "django_content_type", "auth_permission"}
    with connections["default"].cursor() as cursor:
        tables = [t for t in connections["default"].introspection.table_names(cursor) if t not in keep]
    connections["default"].close()
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")
    connections["owner"].close()


@pytest.fixture(autouse=True, scope="session")
def _clean_up_as_owner(django_db_blocker: Any) -> None:
    def empty(self: TransactionTestCase) -> None:
        # The owner's connection is none of the test's databases; the blocker lets it through here only.
        with django_db_blocker.unblock():
            self._remove_databases_failures()  # type: ignore[attr-defined]
            _empty_as_owner()
            self._add_databases_failures()  # type: ignore[attr-defined]

    TransactionTestCase._fixture_teardown = empty  # type: ignore[attr-defined]


# The cast -------------------------------------------------------------------------------------------------------------
@dataclass
class Person:
    """Somebody of the cast: who they are, in which role, and a browser in which they are signed in."""

    user: User
    membership: Membership

    @property
    def actor(self) -> Actor:
        return person(self.membership)

    @property
    def client(self) -> Client:
        client = Client()
        client.force_login(self.user)
        session = client.session
        session[MEMBERSHIP] = self.membership.pk
        session.save()
        return client


def _organisation(ods_code: str, name: str, kind: Organisation.Kind, letters: str) -> Organisation:
    return Organisation.objects.create(
        ods_code=ods_code, name=name, kind=kind, letters=letters, phone="01632 960100", address="1 High Street"
    )


@pytest.fixture
def riverside(db: None) -> Organisation:
    return _organisation("Y90001", "Riverside Surgery", Organisation.Kind.PRACTICE, "GP")


@pytest.fixture
def hillside(db: None) -> Organisation:
    return _organisation("Y90002", "Hillside Surgery", Organisation.Kind.PRACTICE, "HS")


@pytest.fixture
def infirmary(db: None) -> Organisation:
    return _organisation("RZZ01", "Northern Infirmary", Organisation.Kind.HOSPITAL, "NI")


@pytest.fixture
def cityview(db: None) -> Organisation:
    return _organisation("VZZ01", "Cityview Adult Social Care", Organisation.Kind.SOCIAL_CARE, "SC")


@pytest.fixture
def pharmacy(db: None) -> Organisation:
    return _organisation("FZZ01", "Market Square Pharmacy", Organisation.Kind.PHARMACY, "PH")


def make_person(email: str, name: str, organisation: Organisation, role: Role) -> Person:
    user = User.objects.create_user(email=email, password="correct-horse-battery", name=name)
    membership = Membership.objects.create(user=user, organisation=organisation, role=role, since=dt.date(2020, 1, 1))
    return Person(user, membership)


@pytest.fixture
def gp(riverside: Organisation) -> Person:
    return make_person("gp@riverside.example", "Dr A Khan", riverside, Role.GP)


@pytest.fixture
def nurse(riverside: Organisation) -> Person:
    return make_person("nurse@riverside.example", "Bev Hughes", riverside, Role.NURSE)


@pytest.fixture
def receptionist(riverside: Organisation) -> Person:
    return make_person("reception@riverside.example", "M Okafor", riverside, Role.RECEPTIONIST)


@pytest.fixture
def practice_manager(riverside: Organisation) -> Person:
    return make_person("manager@riverside.example", "J Bell", riverside, Role.PRACTICE_MANAGER)


@pytest.fixture
def privacy_officer(riverside: Organisation) -> Person:
    return make_person("privacy@riverside.example", "S Rees", riverside, Role.PRIVACY_OFFICER)


@pytest.fixture
def social_worker(cityview: Organisation) -> Person:
    return make_person("social@cityview.example", "P Adeyemi", cityview, Role.SOCIAL_CARE)


@pytest.fixture
def hospital_clinician(infirmary: Organisation) -> Person:
    return make_person("clinician@infirmary.example", "Dr L Fenn", infirmary, Role.HOSPITAL_CLINICIAN)


@pytest.fixture
def stranger(hillside: Organisation) -> Person:
    """A GP at another practice, who must be refused everywhere."""
    return make_person("gp@hillside.example", "Dr T Stranger", hillside, Role.GP)


@pytest.fixture
def make_patient(riverside: Organisation) -> Callable[..., Patient]:
    """Makes a patient who is registered at Riverside, unless `registered_at=None` or another organisation is given."""

    def make(registered_at: Organisation | None = riverside, **fields: Any) -> Patient:
        given = {
            "title": "Mrs",
            "given": "Jane",
            "family": "Smith",
            "birth_date": dt.date(1970, 5, 1),
            "birth_date_written": "1970-05-01",
            "gender": "female",
            "nhs_number": "9991234501",
            "nhs_number_status": Patient.NhsNumber.VERIFIED,
            "search_text": "smith jane",
        }
        patient = Patient.objects.create(**(given | fields))
        if registered_at is not None:
            Relationship.objects.create(
                patient=patient,
                organisation=registered_at,
                kind=Relationship.Kind.REGISTERED,
                since=timezone.now(),
                why="registered",
            )
        return patient

    return make
