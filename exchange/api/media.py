"""FHIR JSON in and out. Bodies come in as bytes: they are kept as received, so nobody parses them on the way."""

from collections.abc import Mapping
from typing import IO, Any, Final

from django.conf import settings
from django.http.request import MediaType
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from exchange.fhir import numbers
from exchange.fhir.messages import MEDIA_TYPE

_LONGEST: Final = 2000


class FhirJsonRenderer(BaseRenderer):
    """Writes a dictionary as FHIR JSON; text that is FHIR JSON already goes out as it is."""

    media_type = MEDIA_TYPE
    format = "json"
    charset = "utf-8"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        if data is None:
            return b""
        return (data if isinstance(data, str) else numbers.dumps(data)).encode()


class RawParser(BaseParser):
    """Leaves the body unread: the view reads it with a limit (exchange.api.body)."""

    media_type = "*/*"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        return {}


class AlwaysFhirJson(BaseContentNegotiation):
    """There is one format, and errors come in it too. Who asks for another, or version, gets 406."""

    def select_parser(self, request: Request, parsers: Any) -> BaseParser:
        parser: BaseParser = parsers[0]
        return parser

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        accepted = request.headers.get("Accept", "").strip() or "*/*"
        if len(accepted) > _LONGEST or not any(_is_served(MediaType(one)) for one in accepted.split(",")):
            raise NotAcceptable
        return renderers[0], renderers[0].media_type


def _is_served(asked: MediaType) -> bool:
    """Whether one part of an Accept header is JSON, in a version of the BaRS API and of FHIR that is spoken here."""
    version, fhir = (str(asked.params.get(name, "")) for name in ("version", "fhirversion"))
    return (
        any(asked.match(kind) for kind in (MEDIA_TYPE, "application/json"))
        and asked.quality > 0
        and (not version or version in settings.BARS_API_VERSIONS)
        and (not fhir or fhir.startswith("4.0"))
    )
