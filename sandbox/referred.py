"""What a sender can read of the referrals it sent (FHIR ServiceRequest): by our id, by an identifier, by patient.

Source: BaRS API 1.4.0, GET /ServiceRequest and GET /ServiceRequest/{id}; guide, failure scenarios of the same name.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from sandbox.bars import headers
from sandbox.bars.messages import Case, service_request
from sandbox.bars.names import DOS_SERVICE, NHS_NUMBER, Json, same_system
from sandbox.bars.outcomes import Refused, operation_outcome, refuse
from sandbox.behaviour import Behaviour
from sandbox.partner import Partner
from sandbox.reading import BASE, Told
from sandbox.rows import Referral
from sandbox.store import Store
from sandbox.tokens import READ, SCOPE, Issuer

PATH: Final = f"{BASE}/ServiceRequest"
#: Search parameter -> of what it names an identifier. "identifier" is FHIR's own name for the first.
PARAMETERS: Final = {
    "ServiceRequest.identifier": "ServiceRequest",
    "identifier": "ServiceRequest",
    "patient:identifier": "Patient",
}


@dataclass(frozen=True, slots=True)
class Referred:
    """Answers what is read of the referrals that arrived at one partner."""

    partner: Partner
    store: Store
    issuer: Issuer
    behaviour: Behaviour
    url: str
    #: Whether ServiceRequests of the partner's own records can be read at the same address.
    beside_records: bool = False

    def knows(self, target: str) -> bool:
        """Whether this GET asks for a referral that was sent, rather than for the partner's own records."""
        parts = urlsplit(target)
        if parts.path != PATH and not parts.path.startswith(f"{PATH}/"):
            return False
        if not self.beside_records:
            return True
        one = parts.path.removeprefix(PATH).strip("/")
        return self.store.referral(one) is not None if one else bool(PARAMETERS.keys() & _query(target).keys())

    def answer(self, target: str, sent: Mapping[str, str]) -> Told:
        """Answer the GET. Never raises for a bad request; who has no token learns nothing."""
        try:
            self.behaviour.before()
            authorization = sent.get("Authorization")
            if not any(self.issuer.client(authorization, scope) for scope in (SCOPE, READ)):
                raise refuse(401, "security", "The access token is missing, unknown or expired.")
            heard = headers.read(sent, with_body=False)
            if not same_system(heard.target_system, DOS_SERVICE) or heard.target not in self.partner.services:
                raise refuse(404, "not-found", "The target identifier is not a service of ours.", headers.TARGET)
            one = urlsplit(target).path.removeprefix(PATH).strip("/")
            told = self._one(one, heard.target) if one else self._search(target, heard.target)
        except Refused as refusal:
            return Told(refusal.status, json.dumps(operation_outcome(refusal.status, refusal.issues)))
        self.behaviour.before_answer()
        return told

    def _one(self, wanted: str, service: str) -> Told:
        try:
            uuid.UUID(wanted)
        except ValueError:
            raise refuse(400, "value", "The id is not a UUID.") from None
        found = self.store.referral(wanted)
        if found is None or found.service != service:
            raise refuse(404, "not-found", "There is no such referral.")
        return Told(200, json.dumps(self._resource(found), ensure_ascii=False), {"ETag": f'W/"{found.version}"'})

    def _search(self, target: str, service: str) -> Told:
        asked = {name: value for name, value in _query(target).items() if name in PARAMETERS}
        if not asked:
            raise refuse(400, "required", "Searches need ServiceRequest.identifier or patient:identifier.")
        found: dict[str, Referral] | None = None
        for name, token in asked.items():
            named = {one.id: one for one in self._named(PARAMETERS[name], token) if one.service == service}
            found = named if found is None else {key: found[key] for key in found.keys() & named.keys()}
        entries = [
            {"fullUrl": f"{self.url}{PATH}/{key}", "resource": self._resource(one), "search": {"mode": "match"}}
            for key, one in (found or {}).items()
        ]
        links = [{"relation": "self", "url": f"{self.url}{PATH}"}]  # without its query: it may hold an NHS number
        bundle: Json = {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "link": links}
        return Told(200, json.dumps(bundle | ({"entry": entries} if entries else {}), ensure_ascii=False))

    def _named(self, what: str, token: str) -> list[Referral]:
        system, bar, value = token.rpartition("|")
        if not value or (what == "Patient" and not same_system(system, NHS_NUMBER)):
            raise refuse(400, "value", "The identifier must be system|value.")
        return self.store.named(what, system if bar else None, value)

    def _resource(self, referral: Referral) -> Json:
        """FHIR ServiceRequest: as we gave it back when it arrived, with the status it has now."""
        case = Case(self.partner, referral.id, referral.service, referral.body)
        made = service_request(case, referral.status)
        when = datetime.fromtimestamp(referral.changed, UTC).isoformat(timespec="milliseconds")
        made["meta"] = {"versionId": str(referral.version), "lastUpdated": when, **made["meta"]}
        numbers = [str(one.get("value", "")) for one in case.patient.get("identifier", []) if _is_nhs(one)]
        if numbers:
            made["subject"] |= {"type": "Patient", "identifier": {"system": NHS_NUMBER, "value": numbers[0]}}
        return made


def _is_nhs(identifier: Json) -> bool:
    return same_system(identifier.get("system"), NHS_NUMBER) and bool(identifier.get("value"))


def _query(target: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(target).query))
