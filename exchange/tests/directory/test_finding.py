"""Finding a service by the words people use for it."""

import pytest

from access.models import Organisation
from exchange import directory
from exchange.models import Partner, Service

pytestmark = pytest.mark.django_db
SERVICES = [
    ("9000000201", "Heart failure clinic", "breathlessness, ankle swelling, cardiac"),
    ("9000000202", "Cardiology", "heart, chest pain, palpitations"),
    ("9000000204", "Lower GI suspected cancer", "bowel, colorectal, rectal bleeding, FIT"),
    ("9000000205", "Physiotherapy", "physio, back pain, MSK"),
]


@pytest.fixture(autouse=True)
def _listed(infirmary: Organisation, pharmacy: Organisation, cityview: Organisation) -> None:
    for organisation in (infirmary, pharmacy):
        url = "http://127.0.0.1:9"
        Partner.objects.create(organisation=organisation, endpoint=url, token_url=url, jwks_url=url)
    for service_id, name, known in SERVICES:
        Service.objects.create(
            organisation=infirmary, service_id=service_id, name=name, also_known_as=known, use_case="gp-to-hospital"
        )
    Service.objects.create(organisation=pharmacy, service_id="9000000301", name="Blood pressure check", use_case="a5t3")
    Service.objects.create(
        organisation=cityview, service_id="9000000401", name="Care needs assessment", use_case="gp-to-hospital"
    )


def found(text: str) -> list[str]:
    return [service.name for service in directory.services(text)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("heart", ["Heart failure clinic", "Cardiology"]),
        ("cardiology", ["Cardiology"]),
        ("cardi", ["Cardiology", "Heart failure clinic"]),
        ("HEART Failure", ["Heart failure clinic"]),
        ("failure heart", ["Heart failure clinic"]),
        ("physio", ["Physiotherapy"]),
        ("bowel", ["Lower GI suspected cancer"]),
        ("suspected", ["Lower GI suspected cancer"]),
        ("market", ["Blood pressure check"]),
        ("market blood", ["Blood pressure check"]),
        ("therapy", ["Physiotherapy"]),
        ("ankle  swelling", ["Heart failure clinic"]),
        ("Café heárt", []),
        ("heárt", ["Heart failure clinic", "Cardiology"]),
        ("zebra", []),
        ("care needs", []),  # Cityview has no system that a message can reach yet
    ],
)
def test_found_best_first(text: str, names: list[str]) -> None:
    assert found(text) == names


def test_everything_by_name_when_nothing_is_asked() -> None:
    assert found("  ,  ") == sorted([name for _, name, _ in SERVICES] + ["Blood pressure check"])


def test_what_is_closed_or_cut_off_is_not_offered() -> None:
    Service.objects.filter(name="Cardiology").update(active=False)
    Partner.objects.filter(organisation__ods_code="FZZ01").update(enabled=False)
    assert found("") == ["Heart failure clinic", "Lower GI suspected cancer", "Physiotherapy"]
    assert directory.service("9000000202") is None
    assert directory.service("9000000301") is None


def test_grouped_under_organisations_by_their_best_match() -> None:
    grouped = directory.by_organisation(directory.services("blood"))
    assert [(o.name, [s.name for s in services]) for o, services in grouped] == [
        ("Market Square Pharmacy", ["Blood pressure check"])
    ]
    everything = directory.by_organisation(directory.services())
    assert [o.name for o, _ in everything] == ["Market Square Pharmacy", "Northern Infirmary"]
    assert sum(len(services) for _, services in everything) == 5


def test_one_service_by_its_id() -> None:
    service = directory.service("9000000201")
    assert service is not None
    assert service.name == "Heart failure clinic"
    assert directory.service("") is None


def test_the_directory_is_one_query(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        [service.organisation.name for service in directory.services("heart")]
