"""The partner asks something of the practice itself (referral, validation, booking), changes it, and takes answers."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx

from sandbox.asked import Asked
from sandbox.bars import headers
from sandbox.bars.contents import resources
from sandbox.bars.messages import message, moment, reference
from sandbox.bars.names import DOS_SERVICE, NHS_NUMBER, ODS, REASONS, UKCORE, Json
from sandbox.bars.outcomes import Refused, refuse
from sandbox.bars.requests import ACTS, KINDS, PRACTICE, Person, Request, request_message
from sandbox.bars.responses import check_response, ends, standing
from sandbox.partner import SOFTWARE, SOFTWARE_VERSION, Partner
from sandbox.records import Records
from sandbox.tokens import NoToken, Purse
from sandbox.words import LONDON


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks for one partner. A message is tried once when it is asked for; "again" repeats it with its ids and bytes."""

    partner: Partner
    asked: Asked
    purse: Purse
    gpportal: str
    http: httpx.Client
    records: Records | None = None

    def act(self, fields: Mapping[str, Any]) -> Json:
        """Do what a form or JSON says: {kind, nhs_number, …} asks anew; {request, act} says more of one.

        Gives {request, status, code}: what the practice answered at once. Raises ValueError or KeyError for what
        cannot be asked.
        """
        if not fields.get("request"):
            one = self._new(fields)
            self.asked.begin(one, json.dumps(asdict(one.person)))
            return self._say(one, "new", str(uuid.uuid4()))
        row = self.asked.one(str(fields["request"]))
        last = self.asked.last_message(str(fields["request"]))
        if row is None or last is None:
            raise ValueError("no such request")
        act = str(fields["act"])
        if act == "again":
            return self._send(
                self._kept(row), str(last["act"]), (last["request_id"], last["correlation_id"]), last["body"]
            )
        if act not in ACTS or act == "new" or row["over"] or not row["theirs"]:
            raise ValueError("only what the practice has, and has not ended, can be changed")
        return self._say(self._kept(row), act, str(last["correlation_id"]))

    def _new(self, fields: Mapping[str, Any]) -> Request:
        kind, service = str(fields["kind"]), str(fields.get("service") or next(iter(self.partner.services)))
        if kind not in KINDS or service not in self.partner.services:
            raise ValueError("no such kind or service")
        reason = str(fields.get("reason") or "Please see this patient")[:300]
        starts = _start(str(fields.get("starts") or ""))
        offered = self.partner.services[service]
        return Request(str(uuid.uuid4()), kind, self.partner, offered, self._person(fields), reason, starts)

    def _person(self, fields: Mapping[str, Any]) -> Person:
        """Whom it is about: as given, else as our own records know the NHS number."""
        number = str(fields["nhs_number"]).replace(" ", "")
        known = self.records.identified("Patient", f"{NHS_NUMBER}|{number}") if self.records else []
        record: Json = json.loads(known[0].body) if known else {}
        name: Json = next(iter(record.get("name", [])), {})
        said = {
            "family": fields.get("family") or name.get("family"),
            "given": fields.get("given") or " ".join(name.get("given", [])),
            "birth_date": fields.get("birth_date") or record.get("birthDate"),
        }
        if not number or not all(said.values()):
            raise ValueError("the person is not known here: family, given and birth_date are needed")
        return Person(nhs_number=number, **{key: str(value) for key, value in said.items()})

    def _kept(self, row: Json) -> Request:
        person, starts = Person(**json.loads(row["person"])), datetime.fromisoformat(row["starts"])
        head = (row["id"], row["kind"], self.partner, self.partner.services[row["service"]])
        return Request(*head, person, row["reason"], starts, row["theirs"])

    def _say(self, one: Request, act: str, correlation_id: str) -> Json:
        body = json.dumps(request_message(one, act), ensure_ascii=False, separators=(",", ":")).encode()
        ids = (str(uuid.uuid4()), correlation_id)
        self.asked.keep(one.id, act, ids, body)
        return self._send(one, act, ids, body)

    def _send(self, one: Request, act: str, ids: tuple[str, str], body: bytes) -> Json:
        """One try. A duplicate counts as taken: an earlier try has arrived."""
        try:
            sent = headers.build(
                request_id=ids[0],
                correlation_id=ids[1],
                token=self.purse.token(),
                target=(DOS_SERVICE, PRACTICE[2]),
                organisation=headers.organisation_header(self.partner.ods, self.partner.name),
                software=headers.software_header(SOFTWARE, SOFTWARE_VERSION),
            )
            answer = self.http.post(f"{self.gpportal}/fhir/R4/$process-message", content=body, headers=sent)
            found = _read(answer)
        except (httpx.HTTPError, NoToken):
            self.asked.told(ids[0], None, "no answer")
            return {"request": one.id, "status": None, "code": "no answer"}
        if answer.status_code == 401:
            self.purse.drop()
        codes = [str(issue.get("code")) for issue in found.get("issue", []) if isinstance(issue, dict)]
        code = codes[0] if codes else "ok"
        self.asked.told(ids[0], answer.status_code, code)
        if answer.status_code == 200 or (answer.status_code == 409 and "duplicate" in codes):
            theirs = [str(r.get("id", "")) for k in ("ServiceRequest", "Appointment") for r in resources(found, k)]
            self.asked.taken(one.id, theirs=next(filter(None, theirs), ""), act=act)
        return {"request": one.id, "status": answer.status_code, "code": code}

    def take_response(self, bundle: Json, heard: headers.Heard) -> Json:
        """Take an answer of the practice; gives our acknowledgement. Raises Refused: 404 for what we never asked."""
        answers = check_response(bundle, self.partner.accepts(), heard.target)
        row = self.asked.of_conversation(answers)
        if row is None or row["service"] != heard.target:
            raise refuse(404, "not-found", "The message that this answers is not known.", "MessageHeader.response")
        text = json.dumps(bundle, ensure_ascii=False, separators=(",", ":"))
        if not self.asked.answered(row["id"], heard, says=standing(bundle), over=ends(bundle), body=text):
            raise duplicate()
        return self._acknowledgement(bundle, row["service"])

    def _acknowledgement(self, bundle: Json, service: str) -> Json:
        """The immediate 200 to an answer (FHIR message Bundle): it has arrived."""
        ours, theirs = str(uuid.uuid4()), str(uuid.uuid4())
        heard = resources(bundle, "MessageHeader")[0]
        first = {
            "resourceType": "MessageHeader",
            "id": str(uuid.uuid4()),
            "eventCoding": heard["eventCoding"],
            "destination": [{"endpoint": f"{DOS_SERVICE}|{PRACTICE[2]}", "receiver": reference(theirs)}],
            "sender": reference(ours),
            "source": {"name": self.partner.name, "endpoint": f"{DOS_SERVICE}|{service}"},
            "reason": {"coding": [{"system": REASONS, "code": "new"}]},
            "response": {"identifier": str(bundle["id"]), "code": "ok"},
            "focus": [reference(ours)],
        }
        places = ((ours, self.partner.ods, self.partner.name), (theirs, PRACTICE[0], PRACTICE[1]))
        return message(self.partner, str(uuid.uuid4()), [first, *(_organisation(*place) for place in places)])


def duplicate() -> Refused:
    """A message that was taken before (409, which its sender counts as delivered)."""
    return refuse(409, "duplicate", "This message has already been processed.")


def _organisation(own_id: str, ods: str, name: str) -> Json:
    profile = {"profile": [UKCORE + "Organization"], "lastUpdated": moment()}
    known = {"identifier": [{"system": ODS, "value": ods}], "name": name}
    return {"resourceType": "Organization", "id": own_id, "meta": profile, **known}


def _read(answer: httpx.Response) -> Json:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _start(written: str) -> datetime:
    """When a booking begins, by the clock on the wall; tomorrow at nine where nothing is said. Raises ValueError."""
    if not written:
        tomorrow = datetime.now(LONDON) + timedelta(days=1)
        return tomorrow.replace(hour=9, minute=0, second=0, microsecond=0)
    found = datetime.fromisoformat(written)
    return found if found.tzinfo else found.replace(tzinfo=LONDON)
