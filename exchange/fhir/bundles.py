"""What is in a Bundle, whichever type it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

#: Bundle types whose entries are stored together or not at all; the others entry by entry.
ALL_OR_NOTHING: Final = frozenset({"transaction"})
_TYPES: Final = frozenset(
    {"document", "message", "transaction", "transaction-response", "batch", "batch-response", "history"}
    | {"searchset", "collection"}
)


@dataclass(frozen=True, slots=True)
class BundleEntry:
    """One entry that carries a resource (FHIR Bundle.entry)."""

    #: Its place in the Bundle, from 0, as in `Bundle.entry[0]`.
    number: int
    full_url: str
    resource: Any


class BundleError(ValueError):
    """A Bundle that cannot be taken apart; the text says why, without any value of it."""


def entries(bundle: dict[str, Any]) -> Iterator[BundleEntry]:
    """The entries of a Bundle that carry a resource; what only asks (GET, DELETE) or answers has nothing to store.

    Raises BundleError when type or entries are not what FHIR says, or an entry is a patch, which is no resource.
    """
    if bundle.get("type") not in _TYPES:
        raise BundleError("Bundle.type is not one of the codes FHIR allows here")
    listed = bundle.get("entry", [])
    if not isinstance(listed, list):
        raise BundleError("Bundle.entry is not an array")
    for number, entry in enumerate(listed):
        if not isinstance(entry, dict):
            raise BundleError(f"Bundle.entry[{number}] is not an object")
        request = entry.get("request")
        if isinstance(request, dict) and request.get("method") == "PATCH":
            raise BundleError(f"Bundle.entry[{number}] is a patch, not a resource")
        full_url = entry.get("fullUrl", "")
        if "resource" in entry:
            yield BundleEntry(number, full_url if isinstance(full_url, str) else "", entry["resource"])
