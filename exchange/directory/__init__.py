"""The services a patient can be referred to, and how they are found by the words people use for them."""

import unicodedata
from collections.abc import Iterable
from itertools import groupby
from typing import Final

from django.db.models import QuerySet

from access.models import Organisation
from exchange.models import Service

#: Where a word of the question was found, best first. No place at all: the service is not an answer.
_NAME_STARTS, _NAME_WORD, _ALSO_KNOWN, _ORGANISATION, _INSIDE = range(5)
_INSIDE_FROM: Final = 3  # letters; shorter pieces are found inside almost every word


def services(text: str = "") -> list[Service]:
    """Services that a message can be sent to now, best match first; all of them, by name, for an empty text.

    Every word has to occur: in the name, in what the service is also known as, or in the organisation's name.
    """
    words = _plain(text).split()
    ranked = [(_rank(service, words), service) for service in _open()]
    found = [(rank, service) for rank, service in ranked if rank is not None]
    return [
        service for _, service in sorted(found, key=lambda pair: (pair[0], pair[1].name, pair[1].organisation.name))
    ]


def by_organisation(found: Iterable[Service]) -> list[tuple[Organisation, list[Service]]]:
    """The same services under their organisations; an organisation stands where its best match stood."""
    places: dict[int, int] = {}
    listed = list(found)
    for place, service in enumerate(listed):
        places.setdefault(service.organisation_id, place)
    ordered = sorted(listed, key=lambda service: places[service.organisation_id])
    return [
        (same[0].organisation, same)
        for same in (list(group) for _, group in groupby(ordered, key=lambda service: service.organisation_id))
    ]


def service(service_id: str) -> Service | None:
    """One service that a message can be sent to now, by its Directory of Services id."""
    return next((one for one in _open() if one.service_id == service_id), None)


def everything() -> QuerySet[Service]:
    """Every service that is known, by who runs it, also those that no message can be sent to."""
    return Service.objects.select_related("organisation__partner").order_by("organisation__name", "name")


def _open() -> Iterable[Service]:
    return Service.objects.filter(active=True, organisation__partner__enabled=True).select_related("organisation")


def _rank(service: Service, words: list[str]) -> tuple[int, ...] | None:
    name, known, organisation = (
        _plain(text) for text in (service.name, service.also_known_as, service.organisation.name)
    )
    places = []
    for word in words:
        place = _place(word, name, known, organisation)
        if place is None:
            return None
        places.append(place)
    return (max(places, default=0), *places)


def _place(word: str, name: str, known: str, organisation: str) -> int | None:
    if name.startswith(word):
        return _NAME_STARTS
    for place, text in ((_NAME_WORD, name), (_ALSO_KNOWN, known), (_ORGANISATION, organisation)):
        if any(part.startswith(word) for part in text.split()):
            return place
    if len(word) >= _INSIDE_FROM and any(word in text for text in (name, known)):
        return _INSIDE
    return None


def _plain(text: str) -> str:
    """Without accents, case and punctuation."""
    flat = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(c if c.isalnum() else " " for c in flat if not unicodedata.combining(c))
    return " ".join(kept.split())
