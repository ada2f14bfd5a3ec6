"""Many entries of one patient, and the timeline's pages read back."""

import datetime as dt
import re
from collections.abc import Callable
from uuid import UUID, uuid4

from django.utils import timezone

from access.models import Organisation
from conftest import Person
from records.models import Patient, Resource

MakePatient = Callable[..., Patient]

NOW = timezone.now()

NOBODY = "00000000-0000-4000-8000-000000000000"


def days_ago(days: float) -> dt.datetime:
    return NOW - dt.timedelta(days=days)


def many(source: Organisation, patient: Patient, number: int, **more: object) -> list[Resource]:
    """So many consultations, one a day, and some of the same moment."""
    return Resource.objects.bulk_create(
        Resource(
            **{
                "id": uuid4(),
                "source": source,
                "patient": patient,
                "type": "Encounter",
                "kind": "encounter",
                "source_key": f"many-{patient.pk}-{n}",
                "sha256": "",
                "body": "{}",
                "display": f"Visit {n}",
                "status": "finished",
                "date": days_ago(n // 3 + 1),
            }
            | more
        )
        for n in range(number)
    )


def shown(html: str) -> list[UUID]:
    return [UUID(found) for found in re.findall(r'id="item-([0-9a-f-]{36})"', html)]


def walked(person: Person, address: str, rel: str = "next") -> list[list[UUID]]:
    """The entries of each page from an address on, by its links, as without scripts."""
    pages = []
    while address:
        html = person.client.get(address).content.decode()
        pages.append(shown(html))
        found = re.search(rf'rel="{rel}"\s+href="([^"]+)"', html)
        address = found[1].replace("&amp;", "&") if found else ""
    return pages
