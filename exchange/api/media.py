"""FHIR JSON in and out. Bodies come in as bytes: they are kept as received, so nobody parses them on the way."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from exchange.fhir import numbers
from exchange.fhir.messages import MEDIA_TYPE


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
    """There is one format, so whatever is asked for is answered in it, errors too."""

    def select_parser(self, request: Request, parsers: Any) -> BaseParser:
        parser: BaseParser = parsers[0]
        return parser

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type
