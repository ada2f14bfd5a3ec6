"""Opened from the clinical system: the supplier's own example opens; everything else opens nothing."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st
from joserfc import jwe, jwt
from joserfc.jwk import ECKey

from access.models import AuditEvent, Organisation
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


def test_another_birth_date_and_several_with_the_number_open_none(
    clinical: ClinicalSystem, make_patient: MakePatient, gp: Person
) -> None:
    make_patient()
    assert b"date of birth" in follow(gp.client, token(birth_date="1971-05-01")).content
    make_patient(family="Other")
    assert b"More than one record" in follow(gp.client, token()).content


def test_somebody_of_another_practice_is_refused(
    clinical: ClinicalSystem, make_patient: MakePatient, stranger: Person
) -> None:
    make_patient()
    answer = follow(stranger.client, token())
    assert answer.status_code == 403
    assert b"SMITH" not in answer.content
