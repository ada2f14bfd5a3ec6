"""What the partner can do, for whoever asks (FHIR CapabilityStatement)."""

from sandbox.bars.names import MEDIA_TYPE, Json
from sandbox.partner import SOFTWARE, SOFTWARE_VERSION, Partner


def capability(partner: Partner) -> Json:
    """FHIR CapabilityStatement: one operation, $process-message."""
    operation = {
        "name": "process-message",
        "definition": "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message",
    }
    security = {"description": "SMART Backend Services: client_credentials with private_key_jwt at /oauth2/token."}
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-23",
        "kind": "instance",
        "software": {"name": SOFTWARE, "version": SOFTWARE_VERSION},
        "implementation": {"description": f"{partner.name} (sandbox)"},
        "fhirVersion": "4.0.1",
        "format": [MEDIA_TYPE],
        "rest": [{"mode": "server", "security": security, "operation": [operation]}],
    }
