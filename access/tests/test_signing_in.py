"""Signing in, choosing a role, and the guard at every page's door."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from access import audit
from access.actor import MEMBERSHIP, actor, partner, system
from access.guard import ActingRequest, requires
from access.models import AuditEvent, Membership, Organisation
from access.permissions import PERMISSIONS, Permission, Role
from conftest import Person, make_person

PASSWORD = "correct-horse-battery"


def sign_in(client: Client, email: str, password: str = PASSWORD) -> HttpResponse:
    return client.post(reverse("access:sign-in"), {"username": email, "password": password})  # type: ignore[return-value]


@pytest.mark.django_db
def test_one_role_is_taken_at_once_and_recorded(gp: Person) -> None:
    client = Client()
    assert sign_in(client, "  GP@Riverside.example ").status_code == 302
    assert client.session[MEMBERSHIP] == gp.membership.pk
    event = AuditEvent.objects.get()
    assert (event.action, event.actor_name, event.role, event.organisation) == (
        "signed in",
        "Dr A Khan",
        "gp",
        "Y90001",
    )


@pytest.mark.django_db
def test_a_wrong_password_says_one_sentence_and_signs_nobody_in(gp: Person) -> None:
    client = Client()
    response = sign_in(client, gp.user.email, "wrong")
    assert response.status_code == 422
    assert "The e-mail address and password do not match" in response.content.decode()
    unknown = sign_in(client, "nobody@riverside.example", "wrong")
    assert "The e-mail address and password do not match" in unknown.content.decode()
    assert "_auth_user_id" not in client.session
    assert not AuditEvent.objects.exists()


@pytest.mark.django_db
def test_with_several_roles_one_is_chosen(gp: Person, infirmary: Organisation) -> None:
    second = Membership.objects.create(
        user=gp.user, organisation=infirmary, role=Role.HOSPITAL_CLINICIAN, since=dt.date(2020, 1, 1)
    )
    client = Client()
    sign_in(client, gp.user.email)
    assert MEMBERSHIP not in client.session
    home = client.get(reverse("home"))
    assert home.status_code == 302
    assert home.headers["Location"] == reverse("access:choose-role")
    assert client.post(reverse("access:choose-role"), {"membership": second.pk}).status_code == 302
    assert client.session[MEMBERSHIP] == second.pk


@pytest.mark.django_db
def test_another_persons_role_cannot_be_taken(gp: Person, receptionist: Person) -> None:
    client = receptionist.client
    response = client.post(reverse("access:choose-role"), {"membership": gp.membership.pk})
    assert response.status_code == 422
    assert client.session[MEMBERSHIP] == receptionist.membership.pk


@pytest.mark.django_db
def test_a_role_that_has_ended_no_longer_counts(gp: Person) -> None:
    client = gp.client
    Membership.objects.filter(pk=gp.membership.pk).update(until=timezone.localdate() - dt.timedelta(days=1))
    response = client.get(reverse("home"))
    assert response.status_code == 302
    assert response.headers["Location"] == reverse("access:choose-role")


@requires(Permission.READ_RECORD)
def page(request: ActingRequest) -> HttpResponse:
    audit.record(by=request.actor, action="opened")  # would raise outside the guard's transaction
    return HttpResponse(request.actor.name)


def _request_of(person: Person) -> ActingRequest:
    request = RequestFactory().get("/")
    request.user = person.user
    request.session = {MEMBERSHIP: person.membership.pk}  # type: ignore[assignment]
    return request  # type: ignore[return-value]


@pytest.mark.django_db
def test_the_guard_lets_in_who_may_and_nobody_else(gp: Person, receptionist: Person) -> None:
    assert page(_request_of(gp)).content == b"Dr A Khan"
    with pytest.raises(PermissionDenied):
        page(_request_of(receptionist))
    assert AuditEvent.objects.filter(action="opened").count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_a_page_wrote_vanishes_when_it_fails(gp: Person) -> None:
    @requires()
    def broken(request: ActingRequest) -> HttpResponse:
        audit.record(by=request.actor, action="opened")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken(_request_of(gp))
    assert not AuditEvent.objects.exists()


@pytest.mark.django_db
def test_partners_and_processes_hold_no_permission(infirmary: Organisation) -> None:
    assert partner(infirmary).permissions == frozenset()
    assert system("delivery").permissions == frozenset()


def test_every_role_has_its_row() -> None:
    assert set(PERMISSIONS) == set(Role)


@pytest.mark.django_db
def test_the_actor_is_read_once_a_request(gp: Person, django_assert_num_queries: object) -> None:
    request = _request_of(gp)
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert actor(request) == actor(request) == gp.actor


@pytest.mark.django_db
def test_people_are_known_by_lower_case_address(riverside: Organisation) -> None:
    assert make_person("Mixed.Case@Riverside.Example", "M C", riverside, Role.GP).user.email == (
        "mixed.case@riverside.example"
    )
