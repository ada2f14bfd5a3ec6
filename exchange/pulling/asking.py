"""One GET at a partner, within what is left of time and size, and what its answer means."""

import time
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings

from exchange import http, oauth, tls
from exchange.errors import AnswerTooLong, NotOffered, PartnerFailed, PartnerRefused
from exchange.fhir import numbers
from exchange.fhir.messages import Json
from exchange.models import Partner

_NOT_OFFERED: Final = frozenset({404, 405, 410, 501})
_AGAIN: Final = frozenset({408, 425, 429})
_MEDIA_TYPE: Final = "application/fhir+json"


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: the resource it carries (empty when unchanged), its address and its entity tag."""

    resource: Json
    url: str
    etag: str = ""
    unchanged: bool = False


@dataclass(slots=True)
class Asking:
    """Questions to one partner that share one allowance: PULL_SECONDS and PULL_BYTES in all."""

    partner: Partner
    seconds: float = field(default_factory=lambda: settings.PULL_SECONDS)
    bytes_left: int = field(default_factory=lambda: settings.PULL_BYTES)
    _started: float = field(default_factory=time.monotonic)

    @property
    def base(self) -> str:
        return self.partner.endpoint.rstrip("/")

    def get(self, url: str, etag: str = "") -> Page:
        """The resource at an address. Raises a DeliveryError; a token that is no longer known is mended once."""
        heard = self._heard(url, etag)
        if heard.status == 401:
            oauth.forget_token(self.partner)
            heard = self._heard(url, etag)
        if heard.status == 304 and etag:
            return Page({}, url, etag, unchanged=True)
        if not 200 <= heard.status < 300:
            raise _refusal(heard)
        return Page(_resource(heard), url, heard.headers.get("ETag", ""))

    def _heard(self, url: str, etag: str) -> http.Heard:
        left = self._started + self.seconds - time.monotonic()
        if left <= 0 or self.bytes_left <= 0:
            raise AnswerTooLong("no time or room left")
        token = oauth.token_for(self.partner, oauth.READ)
        headers = {"Accept": _MEDIA_TYPE, "Authorization": f"Bearer {token}"} | (
            {"If-None-Match": etag} if etag else {}
        )
        most = min(self.bytes_left, http.MOST_BYTES)
        heard = http.get(url, headers=headers, seconds=left, most=most, identity=tls.of(self.partner))
        self.bytes_left -= len(heard.text)
        return heard


def _refusal(heard: http.Heard) -> PartnerFailed | PartnerRefused:
    """What a status that is no success means for whether asking again can help."""
    if heard.status in _NOT_OFFERED:
        return NotOffered(str(heard.status), status=heard.status)
    if heard.status in _AGAIN or not 400 <= heard.status < 500:  # a redirect too: it is not followed
        return PartnerFailed(str(heard.status), status=heard.status, wait=http.wait_asked(heard))
    return PartnerRefused(str(heard.status), status=heard.status)


def _resource(heard: http.Heard) -> Json:
    try:
        found = numbers.loads(heard.text)
    except numbers.JsonError:
        raise PartnerFailed("no JSON", status=heard.status) from None
    if not isinstance(found, dict) or not isinstance(found.get("resourceType"), str):
        raise PartnerFailed("no FHIR resource", status=heard.status)
    return found
