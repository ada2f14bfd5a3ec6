"""Services as other systems publish them (FHIR HealthcareService with Location and Organization). Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from exchange.fhir.bundles import entries
from exchange.fhir.messages import Json
from exchange.fhir.systems import ODS_SYSTEMS, SERVICE_ID_SYSTEMS

#: What an import can say of a service, by column; what somebody here changed stays as it is.
SAID: Final = ("name", "specialty", "phone", "place", "latitude", "longitude", "active")


class NotUsable(Exception):
    """A HealthcareService that says too little to be referred to. The text says what is missing, for a person."""


@dataclass(frozen=True, slots=True)
class Offered:
    """One service: its id, the ODS code of who runs it, what that is called, and the columns it says."""

    service_id: str
    ods_code: str
    organisation: str
    said: dict[str, Any] = field(default_factory=dict)


def offered(bundle: Json) -> Iterator[Offered | NotUsable]:
    """Each HealthcareService of a Bundle (or alone), in its order; what cannot be used as the reason why.

    Raises BundleError for what is no Bundle.
    """
    held = _by_address(bundle)
    for _, resource in _entries(bundle):
        if resource.get("resourceType") != "HealthcareService":
            continue
        try:
            yield _read(resource, held)
        except NotUsable as why:
            yield why


def _by_address(bundle: Json) -> dict[str, Json]:
    """What references may lead to: by fullUrl and by type and id."""
    found = {}
    for full_url, resource in _entries(bundle):
        found[f"{resource.get('resourceType')}/{resource.get('id')}"] = resource
        if full_url:
            found[full_url] = resource
    return found


def _entries(bundle: Json) -> list[tuple[str, Json]]:
    """fullUrl and resource of each entry. Raises BundleError."""
    if bundle.get("resourceType") != "Bundle":
        return [("", bundle)]
    return [(one.full_url, one.resource) for one in entries(bundle) if isinstance(one.resource, dict)]


def _read(service: Json, held: dict[str, Json]) -> Offered:
    name = _text(service.get("name"))
    service_id = _identifier(service, SERVICE_ID_SYSTEMS)
    who = f"“{name}”" if name else "A service without a name"
    if not service_id:
        raise NotUsable(f"{who} has no service id of the Directory of Services: nothing could be sent to it")
    if not name:
        raise NotUsable(f"The service {service_id} has no name")
    ods_code, organisation = _provider(service, held)
    if not ods_code:
        raise NotUsable(f"{who} does not say by ODS code which organisation runs it")
    said = {"name": name[:120], "active": service.get("active") is not False}
    said |= _first(specialty=_concept(service.get("specialty")), phone=_phone(service.get("telecom")))
    return Offered(service_id[:20], ods_code[:12], organisation[:200], said | _where(service, held))


def _provider(service: Json, held: dict[str, Json]) -> tuple[str, str]:
    """ODS code and name of who runs it. Published examples give providedBy as a list, which R4 does not."""
    for reference in _list(service.get("providedBy")):
        target = held.get(_text(reference.get("reference")), {})
        if code := _identifier(reference, ODS_SYSTEMS) or _identifier(target, ODS_SYSTEMS):
            return code, _text(target.get("name")) or _text(reference.get("display"))
    return "", ""


def _where(service: Json, held: dict[str, Json]) -> dict[str, Any]:
    wanted = [_text(one.get("reference")) for one in _list(service.get("location"))]
    place = next((held[one] for one in wanted if one in held), {})
    address = next(iter(_list(place.get("address"))), {})
    lines = address.get("line")
    parts = [
        *map(_text, lines if isinstance(lines, list) else []),
        _text(address.get("city")),
        _text(address.get("postalCode")),
    ]
    said: dict[str, Any] = _first(place=", ".join(part for part in parts if part)[:300])
    position = next(iter(_list(place.get("position"))), {})
    try:
        north, east = float(position["latitude"]), float(position["longitude"])
    except (KeyError, TypeError, ValueError):
        return said
    return said | ({"latitude": north, "longitude": east} if abs(north) <= 90 and abs(east) <= 180 else {})


def _first(**said: str) -> dict[str, Any]:
    """Only what was said."""
    return {name: text for name, text in said.items() if text}


def _identifier(resource: Json, systems: frozenset[str]) -> str:
    found = [one for one in _list(resource.get("identifier")) if one.get("system") in systems]
    return _text(found[0].get("value")) if found else ""


def _concept(concepts: object) -> str:
    for concept in _list(concepts):
        for said in (_text(concept.get("text")), *(_text(one.get("display")) for one in _list(concept.get("coding")))):
            if said:
                return said[:120]
    return ""


def _phone(telecom: object) -> str:
    return next((_text(one.get("value"))[:30] for one in _list(telecom) if one.get("system") == "phone"), "")


def _list(value: object) -> list[Json]:
    """The objects of a list, or one alone."""
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""
