"""Opened from the clinical system: the supplier's own example opens; everything else opens nothing."""

import datetime as dt
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.test import Client
from hypothesis import HealthCheck, example, given
from hypothesis import settings as how
from hypothesis import strategies as st
from joserfc import jwe, jws, jwt
from joserfc.jwk import ECKey

from access.models import AuditEvent, Membership, Organisation
from access.permissions import Role
from conftest import Person
from exchange import context, keys
from exchange.models import ClinicalSystem, UsedContext
from records.models import Patient

MakePatient = Callable[..., Patient]
pytestmark = pytest.mark.django_db
ISSUER = "https://clinical.example"
KEY = ECKey.generate_key("P-384", {"kid": "k1"})
SUPPLIERS = Path(__file__).resolve().parents[2] / "docs" / "suppliers.md"


@pytest.fixture
def clinical(riverside: Organisation) -> ClinicalSystem:
    jwks = {"keys": [KEY.as_dict(private=False)]}
    return ClinicalSystem.objects.create(organisation=riverside, name="Clinical", issuer=ISSUER, jwks=jwks)


def token(*, key: ECKey = KEY, header: dict[str, Any] | None = None, **changed: Any) -> str:
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": context.audience(),
        "iat": now,
        "exp": now + 120,
        "jti": f"j{time.time_ns()}",
        "organisation": "Y90001",
        "nhs_number": "9991234501",
        "birth_date": "1970-05-01",
    } | changed
    given_claims = {name: value for name, value in claims.items() if value is not None}
    signed = jwt.encode({"alg": "ES384", "kid": "k1"}, given_claims, key, algorithms=["ES384"])
    sealing = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM"} | (header or {})
    return jwe.encrypt_compact(sealing, signed, keys.sealing(), algorithms=[*context.SEALED_WITH, "DEF"])


def follow(client: Client, text: str) -> Any:
    return client.get("/open/", {"context": text}, follow=True)


def test_the_suppliers_example_opens_the_patient_in_one_step(
    clinical: ClinicalSystem, make_patient: MakePatient, gp: Person
) -> None:
    patient = make_patient()
    code = re.search(r"```python\n(.*?)```", SUPPLIERS.read_text(), re.DOTALL)
    assert code
    example: dict[str, Any] = {}
    exec(code[1], example)  # noqa: S102 our own documentation, which must not rot
    base = settings.PUBLIC_URL.rstrip("/")
    link = example["link"](base, ISSUER, KEY, keys.sealing(), "Y90001", "9991234501", "1970-05-01")
    assert "9991234501" not in link
    text = parse_qs(urlsplit(link).query)["context"][0]
    answer = follow(gp.client, text)
    assert answer.redirect_chain[-1][0] == f"/patients/{patient.pk}/"
    assert AuditEvent.objects.filter(action="came from clinical system", patient_id=patient.pk).exists()


def test_it_waits_for_signing_in_and_the_token_is_in_no_address(
    clinical: ClinicalSystem, make_patient: MakePatient, gp: Person
) -> None:
    patient = make_patient()
    client = Client()
    text = token()
    answer = follow(client, text)
    where = answer.redirect_chain[-1][0]
    assert where == "/sign-in/?next=/open/asked/"
    signed_in = client.post(where, {"username": gp.user.email, "password": "correct-horse-battery"}, follow=True)
    assert signed_in.redirect_chain[-1][0] == f"/patients/{patient.pk}/"
    assert follow(client, text).status_code == 400  # once only


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "https://elsewhere.example/open/"},
        {"iss": "https://unknown.example"},
        {"exp": int(time.time()) - 60},
        {"exp": int(time.time()) + 3600},
        {"exp": None},
        {"jti": None},
        {"nhs_number": "999"},
        {"nhs_number": 9991234501},
        {"organisation": "Y90002"},
        {"key": ECKey.generate_key("P-384")},
        {"header": {"zip": "DEF"}},
    ],
)
def test_what_is_wrong_with_the_link_opens_nothing(
    changed: dict[str, Any], clinical: ClinicalSystem, make_patient: MakePatient, gp: Person
) -> None:
    make_patient()
    answer = follow(gp.client, token(**changed))
    assert answer.status_code == 400
    assert b"Nothing was opened" in answer.content
    assert b"SMITH" not in answer.content
    assert not UsedContext.objects.exists()
    assert list(AuditEvent.objects.values_list("action", flat=True)) == ["refused link of clinical system"]


def test_a_post_opens_nothing_and_uses_nothing_up(
    clinical: ClinicalSystem, make_patient: MakePatient, gp: Person
) -> None:
    patient = make_patient()
    link = token()
    assert gp.client.post("/open/", {"context": link}).status_code == 405
    assert follow(gp.client, link).redirect_chain[-1][0] == f"/patients/{patient.pk}/"


def test_what_a_browser_fetches_ahead_uses_nothing_up(
    clinical: ClinicalSystem, make_patient: MakePatient, gp: Person
) -> None:
    patient = make_patient()
    link = token()
    ahead = gp.client.get("/open/", {"context": link}, headers={"Sec-Purpose": "prefetch"})
    assert ahead.status_code == 503
    assert follow(gp.client, link).redirect_chain[-1][0] == f"/patients/{patient.pk}/"


def test_a_disabled_system_is_refused(clinical: ClinicalSystem, make_patient: MakePatient, gp: Person) -> None:
    make_patient()
    ClinicalSystem.objects.update(enabled=False)
    assert follow(gp.client, token()).status_code == 400


@pytest.mark.parametrize("spoilt", ["", "a.b.c.d.e", "x" * 9000, "a.b.c", "\0"])
def test_no_token_at_all(spoilt: str, gp: Person) -> None:
    assert follow(gp.client, spoilt).status_code == 400


@how(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(place=st.integers(0, 2000), letter=st.sampled_from("Ab3-_."))
def test_one_letter_changed_is_refused(place: int, letter: str, clinical: ClinicalSystem) -> None:
    text = token()
    place %= len(text)
    if text[place] == letter:
        return
    with pytest.raises(context.ContextRefused):
        context.accept(text[:place] + letter + text[place + 1 :])


def test_who_is_unknown_and_who_is_out_of_reach_look_alike(
    clinical: ClinicalSystem, make_patient: MakePatient, gp: Person, hillside: Organisation
) -> None:
    make_patient(registered_at=hillside, nhs_number="9991234528")
    answers = [follow(gp.client, token(nhs_number=number)) for number in ("9991234528", "9991234536")]
    assert [one.status_code for one in answers] == [404, 404]
    assert all(b"Nobody with this NHS number is within your reach" in one.content for one in answers)


@pytest.mark.parametrize(
    ("ours", "linked", "opens"),
    [
        ("1970", "1970-05-01", True),
        ("1970-05", "1970-05-01", True),
        ("1970-05-01", "1970", True),
        ("", "1970-05-01", True),
        ("1970-05-01", "", True),
        ("1971", "1970-05-01", False),
        ("1970-06", "1970-05-01", False),
        ("1970-05-02", "1970-05-01", False),
        ("1970-05-01", "1970-05-10", False),
    ],
)
def test_of_birth_dates_only_what_both_give_is_compared(
    ours: str, linked: str, opens: bool, clinical: ClinicalSystem, make_patient: MakePatient, gp: Person
) -> None:
    patient = make_patient(birth_date_written=ours, birth_date=None)
    answer = follow(gp.client, token(birth_date=linked))
    came = AuditEvent.objects.filter(action="came from clinical system", patient_id=patient.pk)
    assert came.exists() is opens
    assert (answer.status_code == 200) is opens
    assert (b"date of birth in your clinical system" in answer.content) is not opens


def test_several_with_the_number_open_none(clinical: ClinicalSystem, make_patient: MakePatient, gp: Person) -> None:
    make_patient()
    make_patient(family="Other")
    assert b"More than one record" in follow(gp.client, token()).content


def test_somebody_of_another_practice_is_refused(
    clinical: ClinicalSystem, make_patient: MakePatient, stranger: Person
) -> None:
    make_patient()
    answer = follow(stranger.client, token())
    assert answer.status_code == 403
    assert b"SMITH" not in answer.content


# Signing in with several roles ----------------------------------------------------------------------------------------
def arrive_and_sign_in(person: Person) -> tuple[Client, Any]:
    """From the link, signed in nowhere, to the page after the password."""
    client = Client()
    where = follow(client, token()).redirect_chain[-1][0]
    return client, client.post(where, {"username": person.user.email, "password": "correct-horse-battery"}, follow=True)


def also(person: Person, organisation: Organisation, role: Role) -> Membership:
    return Membership.objects.create(user=person.user, organisation=organisation, role=role, since=dt.date(2020, 1, 1))


def test_with_several_roles_the_patient_opens_once_one_is_chosen(
    clinical: ClinicalSystem, make_patient: MakePatient, gp: Person, infirmary: Organisation
) -> None:
    patient = make_patient()
    also(gp, infirmary, Role.HOSPITAL_CLINICIAN)
    client, answer = arrive_and_sign_in(gp)
    assert answer.redirect_chain[-1][0] == "/choose-role/"
    assert b"SMITH" not in answer.content
    assert not AuditEvent.objects.filter(patient_id=patient.pk).exists()
    answer = client.post("/choose-role/", {"membership": gp.membership.pk}, follow=True)
    assert answer.redirect_chain[-1][0] == f"/patients/{patient.pk}/"
    assert b"SMITH" in answer.content
    assert AuditEvent.objects.filter(action="came from clinical system", patient_id=patient.pk, role="gp").exists()


def test_a_role_that_may_see_no_patient_gets_the_ordinary_refusal_and_another_role_may_follow(
    clinical: ClinicalSystem, make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    privacy = also(gp, riverside, Role.PRIVACY_OFFICER)
    client, _ = arrive_and_sign_in(gp)
    answer = client.post("/choose-role/", {"membership": privacy.pk}, follow=True)
    ordinary = client.get(f"/patients/{patient.pk}/")
    assert (answer.status_code, ordinary.status_code) == (403, 403)
    heading = re.compile(rb"<h1.*?</main>", re.DOTALL)
    assert heading.findall(answer.content) == heading.findall(ordinary.content) != []
    assert b"SMITH" not in answer.content
    assert not AuditEvent.objects.filter(patient_id=patient.pk).exists()
    answer = client.post("/choose-role/", {"membership": gp.membership.pk}, follow=True)
    assert answer.redirect_chain[-1][0] == f"/patients/{patient.pk}/"


def test_a_role_at_another_organisation_opens_nothing(
    clinical: ClinicalSystem, make_patient: MakePatient, gp: Person, hillside: Organisation
) -> None:
    patient = make_patient()
    elsewhere = also(gp, hillside, Role.GP)
    client, _ = arrive_and_sign_in(gp)
    answer = client.post("/choose-role/", {"membership": elsewhere.pk}, follow=True)
    assert answer.status_code == 403
    assert b"another organisation" in answer.content
    assert b"SMITH" not in answer.content
    assert not AuditEvent.objects.filter(patient_id=patient.pk).exists()


# What is not written down ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    [
        lambda: "",
        lambda: "a.b.c.d.e",
        lambda: token(key=ECKey.generate_key("P-384")),
        lambda: token(iss="https://unknown.example"),
        lambda: token(exp=int(time.time()) - 60),  # signed, but anybody may have kept it and can send it for ever
        lambda: token(aud="https://elsewhere.example/open/", exp=int(time.time()) - 60),
        lambda: token(exp="never"),
    ],
)
def test_what_anybody_can_send_fills_no_audit(text: Callable[[], str], clinical: ClinicalSystem) -> None:
    client = Client()
    sent = text()
    assert [follow(client, sent).status_code for _ in range(3)] == [400, 400, 400]
    assert not AuditEvent.objects.exists()
    assert not UsedContext.objects.exists()


def test_what_the_clinical_system_certainly_sent_is_written_down(clinical: ClinicalSystem) -> None:
    assert follow(Client(), token(organisation="Y90002")).status_code == 400
    once = token()
    follow(Client(), once)
    assert follow(Client(), once).status_code == 400
    rows = AuditEvent.objects.order_by("pk").values_list("actor_kind", "note", "patient_id")
    assert list(rows) == [
        ("system", "of another organisation (Clinical)", None),
        ("system", "used before (Clinical)", None),
    ]


def test_who_is_signed_in_is_named_also_before_choosing_a_role(clinical: ClinicalSystem, gp: Person) -> None:
    client = Client()
    client.force_login(gp.user)
    assert follow(client, "a.b.c.d.e").status_code == 400
    assert list(AuditEvent.objects.values_list("actor_kind", "actor_name")) == [("person", "Dr A Khan")]


# Whatever a right key signs -------------------------------------------------------------------------------------------
_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**400), 10**400),
    st.floats(),
    st.text(st.characters(), max_size=30),
    st.sampled_from([10**400, float("nan"), float("inf"), -1, "\0", "\ud800", str(int(time.time()))]),
)
_anything = st.recursive(_scalars, lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(), one, max_size=3))
_times = st.one_of(_anything, st.integers(-400, 400).map(lambda seconds: time.time() + seconds))


def signed_whatever(text: str) -> str:
    """A token whose signature is right and whose payload is this text."""
    signed = jws.serialize_compact({"alg": "ES384", "kid": "k1"}, text.encode(), KEY, algorithms=["ES384"])
    sealing = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM"}
    return jwe.encrypt_compact(sealing, signed, keys.sealing(), algorithms=context.SEALED_WITH)


@how(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(
    changed=st.dictionaries(st.sampled_from(["aud", "jti", "organisation", "nhs_number", "birth_date"]), _anything)
    | st.fixed_dictionaries({"exp": _times}, optional={"iat": _times}),
)
@example(changed={"jti": "\ud800"})
@example(changed={"exp": 10**400, "iat": 1.5})
@example(changed={"birth_date": "１９７０"})
def test_whatever_is_claimed_is_taken_or_refused_cleanly(changed: dict[str, Any], clinical: ClinicalSystem) -> None:
    now = int(time.time())
    claims: dict[str, Any] = {"iss": ISSUER, "aud": context.audience(), "jti": f"j{time.time_ns()}"}
    claims |= {"iat": now, "exp": now + 120}
    claims |= {"organisation": "Y90001", "nhs_number": "9991234501"}
    answer = Client().get("/open/", {"context": signed_whatever(json.dumps(claims | changed))})
    assert answer.status_code in (302, 400)
    if answer.status_code == 302:
        kept = claims | changed
        assert now - 20 < kept["exp"] < now + 330
        assert kept["exp"] - kept["iat"] <= context.LONGEST_SECONDS
        assert all(isinstance(kept[name], str) for name in ("jti", "organisation", "nhs_number"))


@how(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(payload=_anything.map(json.dumps) | st.text(max_size=50) | st.integers(700, 1010).map(lambda deep: "[" * deep))
def test_a_payload_of_any_kind_is_refused_cleanly(payload: str, clinical: ClinicalSystem) -> None:
    text = signed_whatever(payload.encode("utf-8", "replace").decode())
    assert Client().get("/open/", {"context": text}).status_code == 400
    assert not UsedContext.objects.exists()


@pytest.mark.parametrize("exp", ["1e999", "-1e999", "NaN", "Infinity", "1" + "0" * 400, "1" + "0" * 4400, "-1", "true"])
@pytest.mark.parametrize("name", ["exp", "iat"])
def test_times_that_are_none_are_refused_as_written(name: str, exp: str, clinical: ClinicalSystem) -> None:
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": context.audience(), "iat": now, "exp": now + 120, "jti": "j"}
    claims |= {"organisation": "Y90001", "nhs_number": "9991234501", name: "HERE"}
    answer = Client().get("/open/", {"context": signed_whatever(json.dumps(claims).replace('"HERE"', exp))})
    assert answer.status_code == 400
    assert not UsedContext.objects.exists()
