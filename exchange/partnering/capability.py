"""What a partner's system says it can do (FHIR CapabilityStatement at `metadata`), read, kept and compared."""

from typing import Any, Final

from django.utils import timezone

from exchange import http, oauth, tls
from exchange.errors import DeliveryError, PartnerFailed, PartnerRefused
from exchange.fhir import numbers
from exchange.fhir.messages import MEDIA_TYPE, Json
from exchange.models import Capability, Partner

_PROCESS_MESSAGE: Final = "process-message"


def ask(partner: Partner) -> Json:
    """The partner's statement. Raises a DeliveryError; it is asked for with our token, which BaRS wants."""
    bearer = {"Authorization": f"Bearer {oauth.token_for(partner)}", "Accept": MEDIA_TYPE}
    heard = http.get(f"{partner.endpoint.rstrip('/')}/metadata", headers=bearer, identity=tls.of(partner))
    if not 200 <= heard.status < 300:
        error = PartnerRefused if 400 <= heard.status < 500 else PartnerFailed
        raise error(str(heard.status), status=heard.status)
    try:
        found = numbers.loads(heard.text)
    except numbers.JsonError:
        found = None
    if not isinstance(found, dict) or found.get("resourceType") != "CapabilityStatement":
        raise PartnerFailed("no CapabilityStatement", status=heard.status)
    return found


def refresh(partner: Partner) -> Capability:
    """Ask and keep. What was read before stays when the partner cannot be asked, with why. Raises nothing of theirs."""
    try:
        said = read(ask(partner)) | {"read_at": timezone.now(), "trouble": ""}
    except DeliveryError as error:
        said = {"trouble": error.code}
    return keep(partner, said)


def keep(partner: Partner, said: dict[str, Any]) -> Capability:
    """Write down what was read (as `read` gives it) or why it could not be."""
    defaults = said | {"tried_at": timezone.now()}
    return Capability.objects.update_or_create(partner=partner, defaults=defaults)[0]


def kept(partner: Partner) -> Capability | None:
    """What was last read of it, if anything was."""
    return Capability.objects.filter(partner=partner).first()


def refresh_one(partner_id: int) -> None:
    """Ask one partner now, unless it is switched off or reached by MESH."""
    asked = Partner.objects.filter(pk=partner_id, enabled=True).exclude(transport=Partner.Transport.MESH)
    for one in asked.select_related("organisation"):
        refresh(one)


def refresh_all() -> int:
    """Every day for every partner that is on and reached by FHIR. Returns how many answered."""
    asked = Partner.objects.filter(enabled=True).exclude(transport=Partner.Transport.MESH)
    return sum(not refresh(one).trouble for one in asked.select_related("organisation"))


def read(statement: Json) -> dict[str, Any]:
    """A CapabilityStatement as the columns of Capability; null where it does not say. Whatever JSON holds is taken."""
    servers = [one for one in _objects(statement.get("rest")) if one.get("mode") == "server"]
    software = statement.get("software")
    named = software if isinstance(software, dict) else {}
    interactions = {"": _codes(servers)}
    operations = [
        str(one.get("name", "")).lstrip("$") for server in servers for one in _objects(server.get("operation"))
    ]
    for one in (resource for server in servers for resource in _objects(server.get("resource"))):
        interactions[str(one.get("type", ""))[:60]] = _codes([one])
        operations += [str(o.get("name", "")).lstrip("$") for o in _objects(one.get("operation"))]
    about = f"{named.get('name') or ''} {named.get('version') or ''}".strip()
    return {
        "fhir_version": str(statement.get("fhirVersion") or "")[:20],
        "software": about[:120],
        "messages": _messages(statement),
        "versions": _versions(statement),
        "interactions": interactions,
        "operations": sorted({one[:60] for one in operations if one}),
    }


def _messages(statement: Json) -> list[str] | None:
    """Definitions of the messages it receives; null when it names none."""
    offered = [m for one in _objects(statement.get("messaging")) for m in _objects(one.get("supportedMessage"))]
    found = [str(m.get("definition", ""))[:200] for m in offered if m.get("mode") == "receiver"]
    return found or None


def _versions(statement: Json) -> list[str] | None:
    """Versions that its media types name, as BaRS writes them: `application/fhir+json; version=1.4.0`."""
    formats = statement.get("format")
    listed = [str(one) for one in formats] if isinstance(formats, list) else []
    found = [one.partition("version=")[2].strip()[:20] for one in listed if "version=" in one]
    return found or None


def _codes(several: list[Json]) -> list[str]:
    return sorted({str(one.get("code", ""))[:40] for held in several for one in _objects(held.get("interaction"))})


def _objects(several: Any) -> list[Json]:
    return [one for one in (several if isinstance(several, list) else []) if isinstance(one, dict)]


# What it means for us -------------------------------------------------------------------------------------------------
def warnings(partner: Partner, known: Capability | None) -> list[str]:
    """What its system says that does not fit what we send, in sentences. It never stops anything by itself."""
    if known is None or known.read_at is None or partner.transport == Partner.Transport.MESH:
        return []
    name, found = partner.organisation.name, []
    if known.fhir_version and not known.fhir_version.startswith("4.0"):
        found.append(f"{name}'s system speaks another version of FHIR (ours is R4). Ask them before you send.")
    if partner.transport == Partner.Transport.BARS and _PROCESS_MESSAGE not in known.operations:
        found.append(f"{name}'s system does not say that it takes messages. Ask them before you send.")
    if known.messages and not any("servicerequest-request" in one for one in known.messages):
        found.append(f"{name}'s system does not list referrals among what it takes. Ask them before you send.")
    if partner.transport == Partner.Transport.FHIR and "transaction" not in known.interactions.get("", []):
        found.append(f"{name}'s system does not say that it takes transactions. Ask them before you send.")
    return found
