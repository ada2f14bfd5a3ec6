"""Everything a partner holds about one patient: $everything where it is offered, otherwise one search per type."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from django.conf import settings

from exchange.errors import DeliveryError, NotOffered, PartnerFailed, PartnerRefused
from exchange.fhir.bundles import BundleEntry
from exchange.fhir.messages import Json
from exchange.fhir.systems import System
from exchange.models import Partner
from exchange.pulling.asking import Asking, Page
from exchange.pulling.following import Followed, follow
from exchange.pulling.offered import offered

_COUNT: Final = 200
_OWN: Final = re.compile(r"(Medication|Binary)/([A-Za-z0-9\-.]{1,64})")
_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")


#: It had the Patient and has it no more, or never had it.
_GONE: Final = frozenset({404, 410})


class PatientNotKnown(Exception):
    """The partner has no Patient of that id, though its own search may have named it."""


@dataclass(slots=True)
class Pulled:
    """What came: entries in the order they came, and whether that is all of it."""

    entries: list[BundleEntry] = field(default_factory=list)
    pages: int = 0
    #: How many pages there should have been; 0 if that is not known.
    of: int = 0
    #: Why it ended early; None when it did not.
    broke: DeliveryError | None = None
    #: The partner itself said that something is missing.
    warned: bool = False
    #: Address -> entity tag of answers of a single page, to be handed in next time.
    tags: dict[str, str] = field(default_factory=dict)
    #: The id of the partner's Patient whom it is about.
    patient_id: str = ""

    @property
    def complete(self) -> bool:
        return self.broke is None and not self.warned


def patients_with_number(partner: Partner, nhs_number: str) -> list[Json]:
    """The FHIR Patients a partner has with an NHS number; [] if it knows nobody. Raises DeliveryError."""
    asking = Asking(partner)
    identifier = f"{System.NHS_NUMBER}|{nhs_number}"
    page = asking.get(f"{asking.base}/Patient?{urlencode({'identifier': identifier})}")
    found = follow(page, asking.get, base=asking.base, most=settings.PULL_PAGES)
    if found.broke:
        raise found.broke
    listed = [one.resource for one in found.entries if isinstance(one.resource, dict)]
    return [one for one in listed if one.get("resourceType") == "Patient"]


def pull(
    partner: Partner, patient_id: str, *, since: dt.datetime | None = None, tags: Mapping[str, str] | None = None
) -> Pulled:
    """What a partner holds about its Patient `patient_id`, of what changed since (aware).

    Raises PatientNotKnown, and DeliveryError when nothing could be had at all; what breaks off later is told by
    `broke`.
    """
    if not _ID.fullmatch(patient_id):
        raise PartnerFailed("a Patient without a usable id")
    asking, known = Asking(partner), tags or {}
    can = offered(asking)
    pulled = _everything(asking, patient_id, since, known) if can.everything else None
    if pulled is None:
        pulled = _searches(asking, can.searches, patient_id, since, known)
    _add_referred_to(asking, pulled)
    return pulled


def _everything(asking: Asking, patient_id: str, since: dt.datetime | None, known: Mapping[str, str]) -> Pulled | None:
    """Patient/$everything; None from a partner that says it offers it and then does not."""
    asked = {"_count": str(_COUNT)} | ({"_since": _instant(since)} if since else {})
    pulled = Pulled()
    try:
        _ask(asking, f"{asking.base}/Patient/{patient_id}/$everything?{urlencode(asked)}", known, pulled)
    except NotOffered:
        return None
    return pulled


def _searches(
    asking: Asking,
    searches: tuple[tuple[str, str], ...],
    patient_id: str,
    since: dt.datetime | None,
    known: Mapping[str, str],
) -> Pulled:
    """One search per type. A type that is not offered is none; one that fails leaves the rest incomplete."""
    pulled = Pulled()
    _keep_patient(asking, patient_id, pulled)
    for type_name, parameter in searches:
        asked = {parameter: patient_id, "_count": str(_COUNT)}
        asked |= {"_lastUpdated": f"ge{_instant(since)}"} if since else {}
        try:
            _ask(asking, f"{asking.base}/{type_name}?{urlencode(asked)}", known, pulled)
        except NotOffered:
            continue
        except DeliveryError as error:
            pulled.broke = error
        if pulled.broke and not isinstance(pulled.broke, PartnerRefused):
            break  # it does not answer: what follows would fail the same way
    return pulled


def _keep_patient(asking: Asking, patient_id: str, pulled: Pulled) -> None:
    try:
        page = asking.get(f"{asking.base}/Patient/{patient_id}")
    except NotOffered as error:
        if error.status in _GONE:
            raise PatientNotKnown from None
        raise
    if page.resource.get("resourceType") != "Patient":
        raise PartnerFailed("no Patient")
    pulled.entries.append(BundleEntry(0, f"{asking.base}/Patient/{patient_id}", page.resource))
    pulled.pages = 1


def _ask(asking: Asking, url: str, known: Mapping[str, str], pulled: Pulled) -> None:
    """One question with all its pages, added to what was pulled."""
    first: Page = asking.get(url, known.get(url, ""))
    if first.unchanged:
        pulled.tags[url] = first.etag
        return
    found: Followed = follow(first, asking.get, base=asking.base, most=settings.PULL_PAGES)
    if found.broke and not found.pages:
        raise found.broke
    if first.etag and found.pages == 1 and not found.broke and not found.warned:
        pulled.tags[url] = first.etag  # a tag stands for one page only
    start = len(pulled.entries)
    pulled.entries += [BundleEntry(start + n, one.full_url, one.resource) for n, one in enumerate(found.entries)]
    pulled.pages += found.pages
    pulled.of += max(found.of, found.pages) if found.of else 0
    pulled.broke = found.broke or pulled.broke
    pulled.warned |= found.warned


def _add_referred_to(asking: Asking, pulled: Pulled) -> None:
    """The Medication and Binary resources that what came refers to: a medicine's name, a letter's text."""
    there = {(one.resource.get("resourceType"), one.resource.get("id")) for one in pulled.entries}
    named = {found for one in pulled.entries for found in _referred_to(one.resource, asking.base)}
    for type_name, wanted in sorted(named - there)[: settings.PULL_PAGES]:
        try:
            page = asking.get(f"{asking.base}/{type_name}/{wanted}")
        except PartnerRefused:
            continue
        except DeliveryError as error:
            pulled.broke = pulled.broke or error
            return
        pulled.entries.append(BundleEntry(len(pulled.entries), page.url, page.resource))


def _referred_to(resource: Json, base: str) -> Iterator[tuple[str, str]]:
    """(type, id) of what a medicine or a letter cannot be read without, as far as the partner holds it itself."""
    medicine = resource.get("medicationReference")
    contents = resource.get("content") if resource.get("resourceType") == "DocumentReference" else None
    listed = [
        one.get("attachment") for one in (contents if isinstance(contents, list) else []) if isinstance(one, dict)
    ]
    written = [medicine.get("reference")] if isinstance(medicine, dict) else []
    written += [one.get("url") for one in listed if isinstance(one, dict)]
    for one in written:
        match = _OWN.fullmatch(str(one or "").removeprefix(f"{base}/"))
        if match:
            yield match[1], match[2]


def _instant(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
