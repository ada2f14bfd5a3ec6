"""What the partner lets others read (FHIR R4): a resource, searches, everything of a patient; page by page."""

import hashlib
import json
import math
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from sandbox.bars.names import Json
from sandbox.bars.outcomes import Refused, operation_outcome, refuse
from sandbox.behaviour import Behaviour
from sandbox.behaviour.modes import BUSY
from sandbox.records import Kept, Records
from sandbox.tokens import READ, Issuer

BASE: Final = "/FHIR/R4"
USUAL_COUNT: Final = 50
MOST_COUNT: Final = 500
_ID: Final = r"[A-Za-z0-9\-.]{1,64}"
_ONE: Final = re.compile(rf"/([A-Z][A-Za-z]+)/({_ID})")
_EVERYTHING: Final = re.compile(rf"/Patient/({_ID})/\$everything")
_SEARCH: Final = re.compile(r"/([A-Z][A-Za-z]+)")


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: status, FHIR JSON as text ("" with 304), and headers beside the usual ones."""

    status: int
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """Answers what is read of one partner's records."""

    records: Records
    issuer: Issuer
    behaviour: Behaviour
    url: str

    def answer(self, target: str, headers: Mapping[str, str]) -> Told:
        """Answer a GET below /FHIR/R4. Never raises for a bad request."""
        try:
            self.behaviour.before()
            if self.issuer.client(headers.get("Authorization"), READ) is None:
                raise refuse(401, "security", f"An access token with scope {READ} is required.")
            if self.behaviour.mode == "busy":
                raise self.behaviour.general.refusal(BUSY)
            told = self._found(target)
        except Refused as refusal:
            wait = {"Retry-After": str(refusal.wait)} if refusal.wait else {}
            return Told(refusal.status, json.dumps(operation_outcome(refusal.status, refusal.issues)), wait)
        self.behaviour.before_answer()
        if told.headers.get("ETag") in _tags(headers.get("If-None-Match", "")):
            return Told(304, "", told.headers)
        return told

    def _found(self, target: str) -> Told:
        parts = urlsplit(target)
        path, query = parts.path.removeprefix(BASE).replace("%24", "$"), dict(parse_qsl(parts.query))
        if match := _EVERYTHING.fullmatch(path):
            return self._everything(match[1], query, path)
        if match := _ONE.fullmatch(path):
            return self._one(match[1], match[2])
        if match := _SEARCH.fullmatch(path):
            return self._search(match[1], query, path)
        raise refuse(404, "not-found", "There is nothing at this address.")

    def _one(self, type_name: str, record_id: str) -> Told:
        found = self.records.one(type_name, record_id)
        if found is None:
            raise refuse(404, "not-found", "There is no such resource.")
        when = datetime.fromtimestamp(found.updated, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
        return Told(200, found.body, {"ETag": f'W/"{found.version}"', "Last-Modified": when})

    def _search(self, type_name: str, query: Mapping[str, str], path: str) -> Told:
        if type_name == "Patient" and "identifier" in query:
            return self._page(self.records.identified("Patient", query["identifier"]), query, path)
        patient = query.get("patient", query.get("subject", "")).removeprefix("Patient/")
        if not patient or type_name == "Patient":
            raise refuse(400, "not-supported", "Searches need patient=, for Patient identifier=.")
        since = _since(query.get("_lastUpdated", "").removeprefix("ge"))
        return self._page(self.records.of_patient(patient, type_name, since), query, path, patient)

    def _everything(self, patient: str, query: Mapping[str, str], path: str) -> Told:
        if self.behaviour.mode == "no-everything":
            raise refuse(405, "not-supported", "$everything is not offered here.")
        if self.records.one("Patient", patient) is None:
            raise refuse(404, "not-found", "There is no such patient.")
        about = self.records.of_patient(patient, since=_since(query.get("_since", "")))
        return self._page([*about, *self.records.referred_to(about)], query, path, patient)

    def _page(self, found: Sequence[Kept], query: Mapping[str, str], path: str, patient: str = "") -> Told:
        """One page of a searchset Bundle. Bodies are put in as they are, not parsed."""
        count = _number(query.get("_count"), USUAL_COUNT, MOST_COUNT)
        number = _number(query.get("_page"), 1, 10**6)
        pages = max(1, math.ceil(len(found) / count))
        if self.behaviour.mode == "breaks-off" and number > max(1, pages // 2):
            raise refuse(500, "exception", "Unexpected failure.")
        shown = list(found[(number - 1) * count : number * count])
        other = self.records.anybody_else(patient) if self.behaviour.mode == "other-patient" and patient else None
        entries = [self._entry(one) for one in (*shown, *([other] if other else []))]
        if self.behaviour.mode == "warns":
            warning = json.dumps({"resource": _WARNING, "search": {"mode": "outcome"}})
            entries.append(warning)
        links = [{"relation": "self", "url": self._address(path, query, number)}]
        if number < pages:
            links.append({"relation": "next", "url": self._address(path, query, number + 1)})
        head = json.dumps({"resourceType": "Bundle", "type": "searchset", "total": len(found), "link": links})
        text = f'{head[:-1]}, "entry": [{",".join(entries)}]}}' if entries else head
        return Told(200, text, {"ETag": f'W/"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'})

    def _entry(self, one: Kept) -> str:
        address = json.dumps(f"{self.url}{BASE}/{one.type}/{one.id}")
        return f'{{"fullUrl": {address}, "resource": {one.body}, "search": {{"mode": "match"}}}}'

    def _address(self, path: str, query: Mapping[str, str], number: int) -> str:
        asked = {**query, "_page": str(number)} if number > 1 else query
        return f"{self.url}{BASE}{path}" + (f"?{urlencode(asked)}" if asked else "")


_WARNING: Final[Json] = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "warning", "code": "incomplete", "diagnostics": "Older results are being moved."}],
}


def _tags(header: str) -> list[str]:
    return [one.strip() for one in header.split(",") if one.strip()]


def _number(text: str | None, usual: int, most: int) -> int:
    return min(int(text), most) if text and text.isascii() and text.isdigit() and 0 < len(text) < 9 else usual


def _since(text: str) -> float:
    """Epoch seconds of a FHIR instant; 0 when none is asked."""
    if not text:
        return 0.0
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise refuse(400, "invalid", "The instant is not a FHIR instant.") from None
    return moment.timestamp() if moment.tzinfo else time.mktime(moment.timetuple())
