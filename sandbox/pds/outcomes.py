"""What PDS answers when it does not answer with a patient: OperationOutcomes with Spine's codes."""

from typing import Final

from sandbox.bars.names import Json

CODE_SYSTEM: Final = "https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode"
#: Spine code -> HTTP status, FHIR issue code, display.
KNOWN: Final = {
    "INVALID_RESOURCE_ID": (400, "value", "Resource Id is invalid"),
    "MISSING_VALUE": (400, "structure", "Required value is missing"),
    "INVALID_VALUE": (400, "value", "Provided value is invalid"),
    "INVALID_SEARCH_DATA": (400, "value", "Search data is invalid"),
    "UNSUPPORTED_SERVICE": (400, "not-supported", "Unsupported Service"),
    "ADDITIONAL_PROPERTIES": (400, "value", "Additional properties are not permitted"),
    "ACCESS_DENIED": (401, "forbidden", "Access Denied - Unauthorised"),
    "RESOURCE_NOT_FOUND": (404, "not-found", "Resource not found"),
    "INVALIDATED_RESOURCE": (
        *(404, "processing"),
        "Resource that has been marked as invalid was requested - invalid resources cannot be retrieved",
    ),
    "UNSUPPORTED_METHOD": (405, "not-supported", "Unsupported Method"),
    "TOO_MANY_REQUESTS": (429, "throttled", "Rate limit exceeded"),
    "UNABLE_TO_CALL_SERVICE": (503, "transient", "Unable to call service"),
    "TOO_MANY_MATCHES": (200, "multiple-matches", "Too Many Matches"),
}


class Refused(Exception):
    """An answer without a patient: Spine's code; `diagnostics` names fields, never values."""

    def __init__(self, code: str, diagnostics: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.status = KNOWN[code][0]
        self.diagnostics = diagnostics

    def outcome(self) -> Json:
        """FHIR R4 OperationOutcome."""
        _, kind, display = KNOWN[self.code]
        coding = {"system": CODE_SYSTEM, "version": "1", "code": self.code, "display": display}
        severity = "information" if self.code in ("RESOURCE_NOT_FOUND", "TOO_MANY_MATCHES") else "error"
        issue: Json = {"severity": severity, "code": kind, "details": {"coding": [coding]}}
        if self.diagnostics:
            issue["diagnostics"] = self.diagnostics
        return {"resourceType": "OperationOutcome", "issue": [issue]}
