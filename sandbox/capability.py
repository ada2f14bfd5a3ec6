"""What the partner can do, for whoever asks (FHIR CapabilityStatement)."""

from sandbox.bars.names import MEDIA_TYPE, Json
from sandbox.partner import SOFTWARE, SOFTWARE_VERSION, Partner
from sandbox.reading import Reading


def capability(partner: Partner, reading: Reading | None = None) -> Json:
    """FHIR CapabilityStatement: $process-message, the referrals sent here, and what else can be read."""
    operation = {
        "name": "process-message",
        "definition": "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message",
    }
    security = {"description": "SMART Backend Services: client_credentials with private_key_jwt at /oauth2/token."}
    rest: Json = {"mode": "server", "security": security, "operation": [operation]}
    others = _readable(reading) if reading is not None else []
    rest["resource"] = [_REFERRALS, *(one for one in others if one["type"] != "ServiceRequest")]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-23",
        "kind": "instance",
        "software": {"name": SOFTWARE, "version": SOFTWARE_VERSION},
        "implementation": {"description": f"{partner.name} (sandbox)"},
        "fhirVersion": "4.0.1",
        "format": [MEDIA_TYPE],
        "rest": [rest],
    }


def _readable(reading: Reading) -> list[Json]:
    """FHIR CapabilityStatement.rest.resource: Patient by identifier, everything else by patient."""
    read = [{"code": "read"}, {"code": "search-type"}]
    patient: Json = {"type": "Patient", "interaction": read, "searchParam": [_BY_NUMBER]}
    if reading.behaviour.mode != "no-everything":
        patient["operation"] = [{"name": "everything", "definition": _EVERYTHING}]
    others = [{"type": one, "interaction": read, "searchParam": _BY_PATIENT} for one in reading.records.types()]
    return [patient, *others]


#: The referrals that were sent here, whoever may send: by identifier or by patient.
_REFERRALS: Json = {
    "type": "ServiceRequest",
    "interaction": [{"code": "read"}, {"code": "search-type"}],
    "searchParam": [{"name": "identifier", "type": "token"}, {"name": "patient", "type": "reference"}],
}
_BY_NUMBER = {"name": "identifier", "type": "token"}
_BY_PATIENT = [{"name": "patient", "type": "reference"}, {"name": "_lastUpdated", "type": "date"}]
_EVERYTHING = "http://hl7.org/fhir/OperationDefinition/Patient-everything"
