"""Refusals: the exception a check raises and the FHIR OperationOutcome it becomes."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.bars.names import ERROR_CODES, UKCORE, Json

CODE_FOR_STATUS = {
    400: "REC_BAD_REQUEST",
    401: "REC_UNAUTHORIZED",
    403: "REC_FORBIDDEN",
    404: "REC_NOT_FOUND",
    405: "REC_METHOD_NOT_ALLOWED",
    408: "REC_TIMEOUT",
    409: "REC_CONFLICT",
    411: "REC_BAD_REQUEST",
    413: "REC_BAD_REQUEST",
    422: "REC_UNPROCESSABLE_ENTITY",
    429: "REC_TOO_MANY_REQUESTS",
    500: "REC_SERVER_ERROR",
    503: "REC_UNAVAILABLE",
}


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing wrong (FHIR OperationOutcome.issue). `diagnostics` never quotes a value out of the message."""

    code: str
    diagnostics: str
    expression: str = ""


class Refused(Exception):
    """A request is not accepted: HTTP status and the issues to be told. Holds no patient data."""

    def __init__(self, status: int, *issues: Issue) -> None:
        super().__init__(f"{status} {issues[0].code if issues else ''}")
        self.status = status
        self.issues = issues
        #: Seconds after which to come again (Retry-After); 0 where nothing is said.
        self.wait = 0


def refuse(status: int, code: str, diagnostics: str, expression: str = "") -> Refused:
    """A refusal with a single issue."""
    return Refused(status, Issue(code, diagnostics, expression))


def operation_outcome(status: int, issues: Sequence[Issue]) -> Json:
    """FHIR R4 OperationOutcome as BaRS writes it: details.coding carries the REC_ code."""
    coding = [{"system": ERROR_CODES, "code": CODE_FOR_STATUS.get(status, "REC_SERVER_ERROR")}]
    listed = []
    for issue in issues:
        row: Json = {"severity": "error", "code": issue.code, "details": {"coding": coding}}
        row["diagnostics"] = issue.diagnostics
        if issue.expression:
            row["expression"] = [issue.expression]
        listed.append(row)
    return {
        "resourceType": "OperationOutcome",
        "id": str(uuid.uuid4()),
        "meta": {"profile": [UKCORE + "OperationOutcome"]},
        "issue": listed,
    }
