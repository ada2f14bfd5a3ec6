"""A message told in plain FHIR R4, for receivers that take no messages. Pure: dictionaries in, dictionaries out.

A message Bundle becomes a transaction (http://hl7.org/fhir/R4/http.html#transaction) that can be repeated without
making anything twice: what is new is created only if nothing bears its identifier (`ifNoneExist`), what changed is
updated by its identifier. Everything gets an identifier for that; where a resource has none, it is the name that it
has in the message (its fullUrl), which is the same at every try.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from exchange.fhir.messages import Json
from exchange.fhir.systems import System

#: Types of R4 without an identifier, as far as messages hold them: they are put under an id of ours.
_NO_IDENTIFIER: Final = frozenset({"Binary", "Provenance", "AuditEvent", "Parameters", "OperationOutcome"})
#: Types whose identifier is one and no list.
_ONE_IDENTIFIER: Final = frozenset({"Composition", "QuestionnaireResponse", "Bundle"})
#: Who and where: shared with others, and never written over by us.
_SHARED: Final = frozenset(
    {"Patient", "RelatedPerson", "Organization", "Practitioner", "HealthcareService", "Location", "Medication"}
)


@dataclass(frozen=True, slots=True)
class Request:
    """How a payload is sent: HTTP method, path below the FHIR base, and the headers that make a repeat harmless."""

    method: str
    path: str
    headers: dict[str, str]


def request_for(payload: Json) -> Request:
    """A transaction is posted; a resource is created unless its identifier exists, or updated in the version it names.

    Raises ValueError for a resource that has neither identifier nor id.
    """
    kind = payload.get("resourceType")
    if kind == "Bundle":
        return Request("POST", "", {})
    if held := payload.get("id"):
        version = (payload.get("meta") or {}).get("versionId")
        return Request("PUT", f"/{kind}/{held}", {"If-Match": f'W/"{version}"'} if version else {})
    if (identifier := _identifier(payload)) is None:
        raise ValueError("a resource to be created needs an identifier")
    return Request("POST", f"/{kind}", {"If-None-Exist": _query(identifier)})


def from_message(message: Json) -> Json:
    """The transaction that says what a message says; any other payload as it is.

    Of two entries that bear one identifier the first stands for both.
    """
    if message.get("type") != "message":
        return message
    header = next((r for _, r in _entries(message) if r.get("resourceType") == "MessageHeader"), {})
    new = next((c.get("code") for c in (header.get("reason") or {}).get("coding", [])), "new") == "new"
    entries: dict[tuple[str, str, str], Json] = {}
    same: dict[str, str] = {}
    for full_url, resource in _entries(message):
        if resource.get("resourceType") == "MessageHeader":
            continue
        key, entry = _entry(full_url, resource, new=new)
        first = entries.setdefault(key, entry)
        if first is not entry:
            same[full_url] = first["fullUrl"]
    listed = [_pointed(one, same) for one in entries.values()]
    return {"resourceType": "Bundle", "id": message["id"], "type": "transaction", "entry": listed}


def _entries(message: Json) -> Iterator[tuple[str, Json]]:
    return ((one["fullUrl"], one["resource"]) for one in message.get("entry", []))


def _entry(full_url: str, resource: Json, *, new: bool) -> tuple[tuple[str, str, str], Json]:
    """One entry, and what two entries about the same thing would share."""
    kind = resource["resourceType"]
    kept = {name: value for name, value in resource.items() if name != "id"} | _meta(resource)
    if kind in _NO_IDENTIFIER:
        own = full_url.rpartition(":")[2]
        asked = {"method": "PUT", "url": f"{kind}/{own}"}
        return (kind, "", full_url), {"fullUrl": full_url, "resource": kept | {"id": own}, "request": asked}
    identifier = _identifier(resource)
    if identifier is None:
        identifier = {"system": str(System.URI), "value": full_url}
        kept["identifier"] = identifier if kind in _ONE_IDENTIFIER else _with(resource.get("identifier"), identifier)
    query = _query(identifier)
    asked = {"method": "POST", "url": kind, "ifNoneExist": query}
    if not new and kind not in _SHARED:
        asked = {"method": "PUT", "url": f"{kind}?{query}"}
    entry = {"fullUrl": full_url, "resource": kept, "request": asked}
    return (kind, identifier["system"], identifier["value"]), entry


def _meta(resource: Json) -> Json:
    """Versions and times are the receiver's to give; what profile it follows stays said."""
    found = {name: value for name, value in (resource.get("meta") or {}).items() if name in ("profile", "security")}
    return {"meta": found} if "meta" in resource else {}


def _identifier(resource: Json) -> dict[str, str] | None:
    found = resource.get("identifier")
    for one in found if isinstance(found, list) else [found]:
        if isinstance(one, dict) and isinstance(one.get("system"), str) and isinstance(one.get("value"), str):
            return {"system": one["system"], "value": one["value"]}
    return None


def _with(found: Any, identifier: dict[str, str]) -> list[Any]:
    return [*(found if isinstance(found, list) else []), identifier]


def _query(identifier: dict[str, str]) -> str:
    """FHIR search for exactly this identifier; its own `|`, `,`, `$` and backslash are escaped as FHIR wants it."""
    return f"identifier={quote(_escaped(identifier['system']) + '|' + _escaped(identifier['value']), safe='')}"


def _escaped(text: str) -> str:
    for one in ("\\", "|", ",", "$"):
        text = text.replace(one, "\\" + one)
    return text


def _pointed(found: Any, same: dict[str, str]) -> Any:
    """The same with references to what was left out pointing at what stands for it."""
    if isinstance(found, dict):
        return {
            name: same.get(value, value) if name == "reference" and isinstance(value, str) else _pointed(value, same)
            for name, value in found.items()
        }
    return [_pointed(one, same) for one in found] if isinstance(found, list) else found
