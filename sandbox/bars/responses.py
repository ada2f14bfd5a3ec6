"""What the practice answers to a request of the partner's own: checked, and read for how the request stands."""

from collections.abc import Iterator
from typing import Final

from sandbox.bars.check import Accepts, broken_rules, check_destination, check_frame, refuse_all
from sandbox.bars.contents import as_list, dangling, resources
from sandbox.bars.names import Json
from sandbox.bars.outcomes import Issue
from sandbox.bars.rules import RESPONSE

EVENTS: Final = frozenset({"servicerequest-response", "booking-response"})


def is_response(bundle: object) -> bool:
    """Whether a message answers one of ours, by its event. Holds for any JSON."""
    headers = resources(bundle, "MessageHeader") if isinstance(bundle, dict) else []
    events = [header.get("eventCoding") for header in headers[:1]]
    return any(isinstance(one, dict) and one.get("code") in EVENTS for one in events)


def check_response(bundle: Json, accepts: Accepts, target: str) -> str:
    """Raise Refused unless `bundle` is an answer to this partner; gives the Bundle.id of ours that it answers."""
    check_frame(bundle, accepts, EVENTS)
    refuse_all([*broken_rules(bundle, pharmacy=False, rules=RESPONSE), *_answered(bundle), *dangling(bundle)])
    check_destination(bundle, accepts, target)
    return str(resources(bundle, "MessageHeader")[0]["response"]["identifier"])


def _answered(bundle: Json) -> Iterator[Issue]:
    response = resources(bundle, "MessageHeader")[0].get("response")
    if not isinstance(response, dict) or not isinstance(response.get("identifier"), str):
        yield Issue("invariant", "The answer names no message that it answers.", "MessageHeader.response")


def standing(bundle: Json) -> str:
    """How the request stands by an answer, in FHIR's words: Task or Appointment status, else the ServiceRequest's."""
    for kind in ("Task", "Appointment", "Encounter", "ServiceRequest"):
        for one in resources(bundle, kind)[-1:]:
            if isinstance(one.get("status"), str):
                return f"{kind} {one['status']}"
    return "nothing"


def ends(bundle: Json) -> bool:
    """Whether the request is over with this answer.

    A validation keeps its ServiceRequest active: it is over with the full response, or when the interim one
    says that our Encounter is cancelled, which is how BaRS rejects one (examples VALRESP02, VALRESP04).
    """
    definition = str(resources(bundle, "MessageHeader")[0].get("definition", ""))
    if "-validation" in definition:
        return definition.endswith("-full") or any(
            one.get("status") == "cancelled" for one in resources(bundle, "Encounter")
        )
    over = {"rejected", "completed", "cancelled", "failed", "fulfilled", "revoked", "entered-in-error"}
    found = [one.get("status") for kind in ("Task", "ServiceRequest", "Appointment") for one in resources(bundle, kind)]
    return any(one in over for one in as_list(found) if isinstance(one, str))
