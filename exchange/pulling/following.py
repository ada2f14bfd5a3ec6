"""The pages of a searchset Bundle, followed to their end or to where they break off. Pure but for `get`."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from exchange.errors import AnswerTooLong, DeliveryError, LinkElsewhere, PartnerFailed
from exchange.fhir.bundles import BundleEntry, BundleError, entries
from exchange.fhir.messages import Json
from exchange.pulling.asking import Page

#: OperationOutcome.issue codes (FHIR IssueType) by which a server says that its answer is not the whole.
_NOT_WHOLE: Final = frozenset(
    {"incomplete", "throttled", "timeout", "too-costly", "too-long", "suppressed", "forbidden", "security"}
)


@dataclass(slots=True)
class Followed:
    """What the pages held. `of` is how many pages there should have been, 0 if the server does not say."""

    entries: list[BundleEntry] = field(default_factory=list)
    pages: int = 0
    of: int = 0
    #: Why it ended before the last page; None when it did not.
    broke: DeliveryError | None = None
    #: An OperationOutcome among the entries said that something is missing.
    warned: bool = False


def follow(first: Page, get: Callable[[str], Page], *, base: str, most: int) -> Followed:
    """All pages from the first one on, `most` at most. Whatever goes wrong after the first page is told in `broke`."""
    found, page, seen = Followed(), first, {first.url}
    while True:
        try:
            _take(page, found)
            following = _next(page)
            if following is None:
                return found
            _check(following, base, seen)
            if found.pages >= most:
                raise AnswerTooLong("too many pages")
            page = get(following)
        except DeliveryError as error:
            found.broke = error
            return found


def _take(page: Page, found: Followed) -> None:
    try:
        listed = list(entries(page.resource)) if page.resource.get("resourceType") == "Bundle" else None
    except BundleError:
        listed = None
    if listed is None or not all(isinstance(one.resource, dict) for one in listed):
        raise PartnerFailed("a page that is no Bundle of resources")
    outcomes = [one for one in listed if _is_outcome(one.resource)]
    found.warned |= any(_says_not_whole(one.resource) for one in outcomes)
    found.entries += [one for one in listed if not _is_outcome(one.resource)]
    found.pages += 1
    if found.pages == 1:
        found.of = _pages(page.resource)


def _is_outcome(resource: Any) -> bool:
    return isinstance(resource, dict) and resource.get("resourceType") == "OperationOutcome"


def _says_not_whole(outcome: Json) -> bool:
    """UK Core Access: clients SHALL read the OperationOutcome inside a search Bundle."""
    issues = list(_objects(outcome.get("issue")))
    return any(one.get("severity") in ("error", "fatal") or one.get("code") in _NOT_WHOLE for one in issues)


def _pages(bundle: Json) -> int:
    total = bundle.get("total")
    matched = [
        one
        for one in _objects(bundle.get("entry"))
        if (one.get("search") or {}).get("mode", "match") == "match" and not _is_outcome(one.get("resource"))
    ]
    return math.ceil(int(total) / len(matched)) if isinstance(total, int) and matched else 0


def _next(page: Page) -> str | None:
    for link in _objects(page.resource.get("link")):
        if link.get("relation") == "next" and isinstance(link.get("url"), str):
            try:
                return str(urljoin(page.url, link["url"]))
            except ValueError:
                raise LinkElsewhere("a page link that is no address") from None
    return None


def _check(url: str, base: str, seen: set[str]) -> None:
    """A link to another host would send our token there; one that was followed before never ends."""
    if _origin(url) != _origin(base) or url in seen:
        raise LinkElsewhere("a page link that is not followed")
    seen.add(url)


def _origin(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ("", "")
    return parts.scheme, parts.netloc.lower()


def _objects(several: Any) -> Iterator[Json]:
    return (one for one in (several if isinstance(several, list) else []) if isinstance(one, dict))
