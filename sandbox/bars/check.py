"""The checks a BaRS receiver makes on a referral message, in BaRS's order, as pure functions on parsed JSON."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.bars.contents import as_list, contacts, dangling, resources, whole_entries
from sandbox.bars.names import CATEGORIES, EVENTS, Json, same_system
from sandbox.bars.outcomes import Issue, Refused, refuse
from sandbox.bars.rules import CANCELLED, CANCELLED_RESOURCES, RESOURCES, RULES, Rule
from sandbox.bars.shapes import misshapen

MOST_ISSUES = 20
REQUESTS = frozenset({"servicerequest-request"})
#: What a referral becomes when its sender takes it back.
ENDED = frozenset({"revoked", "entered-in-error"})


@dataclass(frozen=True, slots=True)
class Accepts:
    """What one receiver can take: its service ids, application versions and use cases ((system, code))."""

    services: Collection[str]
    versions: Collection[str]
    use_cases: Collection[tuple[str, str]]
    pharmacy: bool = False


def check_referral(bundle: Json, accepts: Accepts, target: str) -> None:
    """Raise Refused unless `bundle` is a new referral that this receiver can take.

    `target` is the service id of the NHSD-Target-Identifier header. Order: message at all, version, event,
    destination, use case, content. Source: BaRS guide, Bundle processing failure scenarios.
    """
    check_frame(bundle, accepts)
    rules = broken_rules(bundle, pharmacy=accepts.pharmacy)
    refuse_all([*counted(bundle), *rules, *dangling(bundle), *contacts(bundle)])
    check_destination(bundle, accepts, target)
    _check_use_case(bundle, accepts)
    _check_new(bundle)


def check_cancellation(bundle: Json, accepts: Accepts, target: str) -> str:
    """Raise Refused unless `bundle` takes a referral back; gives the status that it asks for.

    Of what a referral holds it needs only what the published message definition for a cancelled request names. An
    update that leaves a referral active is no workflow of BaRS's: one refers again instead.
    Source: BaRS guide, Bundle processing failure scenarios; examples SERVREQ01 (revoked), SERVREQ02 (entered-in-error).
    """
    check_frame(bundle, accepts)
    rules = broken_rules(bundle, pharmacy=accepts.pharmacy, rules=CANCELLED)
    refuse_all([*counted(bundle, CANCELLED_RESOURCES), *rules, *dangling(bundle)])
    check_destination(bundle, accepts, target)
    _check_use_case(bundle, accepts)
    status = str(resources(bundle, "ServiceRequest")[0]["status"])
    if status not in ENDED:
        said = "An update can only take a referral back (revoked or entered-in-error)."
        raise refuse(400, "invariant", said, "ServiceRequest.status")
    return status


def is_change(bundle: object) -> bool:
    """Whether a message speaks of one sent before: its reason is update or delete. Holds for any JSON."""
    headers = resources(bundle, "MessageHeader") if isinstance(bundle, dict) else []
    reasons = [header.get("reason") for header in headers]
    codings = [c for reason in reasons if isinstance(reason, dict) for c in as_list(reason.get("coding"))]
    return any(isinstance(c, dict) and c.get("code") in ("update", "delete") for c in codings)


def check_frame(bundle: Json, accepts: Accepts, events: Collection[str] = REQUESTS) -> None:
    """Raise Refused unless it is a message of a version and event that is taken, in the shape of FHIR."""
    _check_is_message(bundle)
    _check_version(bundle, accepts)
    _check_event(bundle, events)
    refuse_all(list(misshapen(bundle)))


def refuse_all(issues: list[Issue]) -> None:
    """Raise Refused (400) if there is any."""
    if issues:
        raise Refused(400, *issues[:MOST_ISSUES])


def _check_is_message(bundle: object) -> None:
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise refuse(400, "structure", "The body is not a FHIR Bundle.", "Bundle")
    if not resources(bundle):
        raise refuse(400, "required", "The message has no entries.", "Bundle.entry")


def _check_version(bundle: Json, accepts: Accepts) -> None:
    meta = bundle.get("meta")
    version = meta.get("versionId") if isinstance(meta, dict) else None
    if not version:
        expression = "Bundle.meta.versionId" if isinstance(meta, dict) else "Bundle.meta"
        raise refuse(400, "invariant", "The application version is missing.", expression)
    if not isinstance(version, str) or version not in accepts.versions:
        supported = ", ".join(sorted(accepts.versions))
        raise refuse(422, "not-supported", f"Supported versions: {supported}.", "Bundle.meta.versionId")


def _check_event(bundle: Json, events: Collection[str]) -> None:
    entry = as_list(bundle["entry"])[0]
    first = entry.get("resource") if isinstance(entry, dict) else None
    if not isinstance(first, dict):
        raise refuse(400, "required", "The first entry has no content.", "Bundle.entry.resource")
    if not first.get("resourceType"):
        raise refuse(400, "required", "Missing: what the entry is.", "Bundle.entry.resource.resourceType")
    if first.get("resourceType") != "MessageHeader":
        raise refuse(400, "structure", "The first entry is not a MessageHeader.", "MessageHeader")
    event = first.get("eventCoding")
    if not isinstance(event, dict):
        raise refuse(400, "required", "Missing: what is asked of us.", "MessageHeader.eventCoding")
    if not same_system(event.get("system"), EVENTS):
        raise refuse(400, "invariant", "The event system is unknown.", "MessageHeader.eventCoding.system")
    if not isinstance(event.get("code"), str) or event["code"] not in events:
        raise refuse(400, "invariant", "The event is not one this service takes.", "MessageHeader.eventCoding.code")


def check_destination(bundle: Json, accepts: Accepts, target: str) -> None:
    """Raise Refused unless it is for the service that the target identifier names."""
    for destination in resources(bundle, "MessageHeader")[0]["destination"]:
        service = str(destination["endpoint"]).rpartition("|")[2]
        if service not in accepts.services or service != target:
            said = "The destination is not the service that the target identifier names."
            raise refuse(422, "not-supported", said, "MessageHeader.destination.endpoint")


def _check_use_case(bundle: Json, accepts: Accepts) -> None:
    coding = resources(bundle, "ServiceRequest")[0]["category"][0]["coding"]
    if not any(same_system(c["system"], CATEGORIES) and c["code"] == "referral" for c in coding):
        raise refuse(400, "invariant", "Only referrals are taken.", "ServiceRequest.category.coding")
    cases = [c for c in coding if not same_system(c["system"], CATEGORIES)]
    if not cases:
        raise refuse(400, "required", "The use case is missing.", "ServiceRequest.category.coding")
    known = any(same_system(c["system"], s) and c["code"] == code for c in cases for s, code in accepts.use_cases)
    if not known:
        raise refuse(422, "not-supported", "The use case is not offered here.", "ServiceRequest.category.coding")


def _check_new(bundle: Json) -> None:
    reasons = {c["code"] for c in resources(bundle, "MessageHeader")[0]["reason"]["coding"]}
    if reasons != {"new"}:
        raise refuse(400, "invariant", "The reason must be new.", "MessageHeader.reason.coding.code")
    if resources(bundle, "ServiceRequest")[0]["status"] != "active":
        raise refuse(400, "invariant", "A new referral must be active.", "ServiceRequest.status")


def counted(bundle: Json, wanted: Mapping[str, tuple[int, int | None]] = RESOURCES) -> Iterator[Issue]:
    """Resources of which there are too few or too many."""
    for kind, (least, most) in wanted.items():
        have = len(resources(bundle, kind))
        if have < least:
            yield Issue("required", f"{kind}: {have} sent, at least {least} needed.", kind)
        elif most is not None and have > most:
            yield Issue("invariant", f"{kind}: {have} sent, at most {most} allowed.", kind)


def broken_rules(bundle: Json, *, pharmacy: bool, rules: Iterable[Rule] = RULES) -> Iterator[Issue]:
    """Each MUST row that some part of the message does not meet, with its FHIR path."""
    types = {entry["fullUrl"]: entry["resource"].get("resourceType") for entry in whole_entries(bundle)}
    roots: dict[str, list[Any]] = {"Bundle": [bundle]}
    for resource in resources(bundle):  # once, not once per rule: this is most of what a message costs
        roots.setdefault(str(resource.get("resourceType")), []).append(resource)
    for rule in rules:
        if rule.pharmacy and not pharmacy:
            continue
        kind, *steps = rule.path.split(".")
        for parent in _descend(roots.get(kind, []), steps[:-1]):
            issue = _judge(rule, parent, steps[-1], types)
            if issue:
                yield issue


def _descend(nodes: list[Any], steps: list[str]) -> list[Any]:
    for step in steps:
        nodes = [child for node in nodes if isinstance(node, dict) for child in as_list(node.get(step))]
    return nodes


def _judge(rule: Rule, parent: Any, last: str, types: Mapping[str, str]) -> Issue | None:
    if not isinstance(parent, dict):
        return Issue("structure", "An object is expected here.", rule.path.rpartition(".")[0])
    if rule.where and parent.get(rule.where[0]) != rule.where[1]:
        return None
    values = [value for value in as_list(parent.get(last)) if value not in ("", {}, [], None)]
    if not values:
        return Issue("required", f"Missing: {rule.why}.", rule.path)
    if rule.cardinality.endswith("..1") and len(values) > 1:
        return Issue("invariant", f"At most one allowed: {rule.why}.", rule.path)
    if rule.fixed and not any(_among(value, rule.fixed) for value in values):
        return Issue("value", f"Not an allowed value: {rule.why}.", rule.path)
    if rule.refers and any(types.get(str(value)) != rule.refers for value in values):
        return Issue("invariant", f"Must lead to a {rule.refers} in the message: {rule.why}.", rule.path)
    return None


def _among(value: object, allowed: tuple[str, ...]) -> bool:
    return any(str(value).casefold() == one.casefold() for one in allowed)
