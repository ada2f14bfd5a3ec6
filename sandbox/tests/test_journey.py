"""A referral's way with a real server: accepted, booked, letter; exactly once, in order, same ids on every try."""

import base64
import json
from collections.abc import Callable

from sandbox.bars.contents import resources
from sandbox.bars.names import DOS_SERVICE, Json
from sandbox.tests.conftest import Site


def test_a_referral_is_accepted_booked_and_written_about(start: Callable[..., Site]) -> None:
    site = start(seconds=0.05)
    referral = site.referral()
    headers = site.headers()
    answer = site.post(json.dumps(referral).encode(), headers)
    assert answer.status_code == 200
    given = resources(answer.json(), "ServiceRequest")[0]
    first, second, third = site.practice.await_messages(3)
    statuses = [resources(one.message, "Task")[0]["status"] for one in (first, second)]
    assert statuses == ["accepted", "in-progress"]
    for one in (first, second):
        header = one.message["entry"][0]["resource"]
        assert header["eventCoding"]["code"] == "servicerequest-response"
        assert header["response"] == {"identifier": referral["id"], "code": "ok"}
        assert resources(one.message, "ServiceRequest")[0]["id"] == given["id"]
    for one in (first, second, third):
        assert one.headers["X-Correlation-Id"] == headers["X-Correlation-Id"]
        assert json.loads(base64.b64decode(one.headers["NHSD-Target-Identifier"])) == {
            "system": DOS_SERVICE,
            "value": "9000000101",
        }
    ids = {one.headers["X-Request-Id"] for one in (first, second, third)}
    assert len(ids) == 3
    assert headers["X-Request-Id"] not in ids
    document: Json = json.loads(base64.b64decode(resources(third.message, "Binary")[0]["data"]))
    assert document["type"] == "document"
