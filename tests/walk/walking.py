"""Walking a patient's pages as a curious reader would: every link, every part, none of them leaves anything out.

A walk starts at the one screen and follows whatever leads to another page or part of the same patient. It never posts.
"""

import html
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from django.test import Client

from records.models import Patient

_ADDRESS: Final = re.compile(r'(?:href|hx-get|src)="([^"]+)"')
_ITEM: Final = re.compile(r'data-item="([0-9a-f-]{36})"')
_ON_TIMELINE: Final = re.compile(r'id="item-([0-9a-f-]{36})"')
#: One entry of many: the walk opens as many of them as it is asked to.
_ITEM_PAGE: Final = re.compile(r"/(?:items|results|reports)/[0-9a-f-]{36}/$")
_ID: Final = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_HIDDEN: Final = re.compile(r"<(script|style|template)\b.*?</\1>|<!--.*?-->", re.DOTALL)
_TAG: Final = re.compile(r"<[^>]*>")
#: What an address may ask to be followed: the next page, or one filter. Filters combine without end.
_FOLLOWED: Final = re.compile(r"(?:(?:page|after)=[^&]*|show=[^&]*(?:&page=\d+)?|all=?)?")
#: 200 a page, 204 and 286 a poll that has nothing more to say.
ANSWERS: Final = frozenset({200, 204, 286})


@dataclass(slots=True)
class Walk:
    """What a walk met: addresses in the order in which they were opened, and ids of entries by kind of page."""

    opened: list[str] = field(default_factory=list)
    #: Entries that stand in the lists of everything held.
    listed: set[UUID] = field(default_factory=set)
    #: Entries that stand on the timeline, on whichever of its pages.
    on_timeline: set[UUID] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)


def walk(client: Client, patient: Patient, *, items: Callable[[str], bool] = lambda _: True, most: int = 3_000) -> Walk:
    """Opens every page of a patient once; of pages of single entries those that `items` lets through."""
    root = f"/patients/{patient.pk}/"
    walked, waiting, known = Walk(), deque([root]), {root}
    while waiting and len(walked.opened) < most:
        address = waiting.popleft()
        answer = client.get(address)
        walked.opened.append(address)
        if answer.status_code not in ANSWERS:
            walked.faults.append(f"{address} answered {answer.status_code}")
            continue
        if not answer.headers.get("Content-Type", "").startswith("text/html"):
            continue
        page = answer.content.decode()
        walked.faults += [f"{address} shows an id: {said}" for said in set(_ID.findall(visible(page)))]
        _note(walked, address, page)
        for found in _led_to(page, address, root):
            if found not in known and (items(found) if _ITEM_PAGE.search(found) else True):
                known.add(found)
                waiting.append(found)
    if waiting:
        walked.faults.append(f"more than {most} pages")
    return walked


def visible(page: str) -> str:
    """The text of a page, without its markup."""
    return html.unescape(_TAG.sub(" ", _HIDDEN.sub(" ", page)))


def _note(walked: Walk, address: str, page: str) -> None:
    if "/entries/" in address:
        walked.listed |= {UUID(found) for found in _ITEM.findall(page)}
    if "/timeline/" in address:
        walked.on_timeline |= {UUID(found) for found in _ON_TIMELINE.findall(page)}


def _led_to(page: str, address: str, root: str) -> Iterator[str]:
    """Addresses of the same patient that a page names, `?page=2` among them, without their fragment."""
    for written in _ADDRESS.findall(page):
        found = html.unescape(written).partition("#")[0]
        if found.startswith("?"):
            found = address.partition("?")[0] + found
        path, _, asked = found.partition("?")
        if path.startswith(root) and not path.endswith(".pdf") and _FOLLOWED.fullmatch(asked):
            yield found
